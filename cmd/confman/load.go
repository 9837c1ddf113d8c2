package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"confman/validate"

	"github.com/go-playground/validator/v10"
)

// defaultFile is read if nobody names another one. It need not exist, and is not for users
// who may not read it.
const defaultFile = "/etc/confman/confman.yaml"

// sources are where settings come from, each overruling those before it: the defaults, a
// file, the environment, and flags.
type sources struct {
	file    string            // "" for the default file, if it is there
	environ []string          // NAME=value
	flags   map[string]string // by flag name
}

// origins tell for each setting, by name, where its value is from.
type origins map[string]string

// load gathers the settings. Its errors say where the mistake is and what is expected.
func (from sources) load() (Settings, origins, error) {
	s, where := defaults(), origins{}
	for _, d := range settings() {
		where[d.name] = "default"
	}
	for _, step := range []func(*Settings, origins) error{from.fromFile, from.fromEnvironment, from.fromFlags} {
		if err := step(&s, where); err != nil {
			return s, where, err
		}
	}
	s.complete()
	if wrong := s.faults(); len(wrong) > 0 {
		return s, where, wrong
	}
	return s, where, s.check()
}

func (from sources) fromFile(s *Settings, where origins) error {
	path, content, err := from.read()
	if path == "" || err != nil {
		return err
	}
	return from.decode(path, content, s, where)
}

// read returns the settings file; its path is "" if there is none.
func (from sources) read() (path string, content []byte, err error) {
	if path = from.file; path == "" {
		path = defaultFile
	}
	content, err = os.ReadFile(path)
	if from.file == "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		return "", nil, nil
	}
	if err != nil {
		return path, nil, fmt.Errorf("read the settings: %w", err)
	}
	return path, content, nil
}

// checker checks settings for the YAML decoder, which adds the line and column.
type checker struct{}

func (checker) Struct(v any) error {
	s, found := v.(Settings)
	if !found {
		return nil
	}
	if faults := s.faults(); len(faults) > 0 {
		return faults
	}
	return nil
}

// faults are what is wrong with single settings. The YAML decoder asks each for its field.
type faults []fault

func (f faults) Error() string { return f[0].Error() }

type fault struct{ validator.FieldError }

func (f fault) Error() string {
	return fmt.Sprintf("%s: %q is not %s", f.Field(), fmt.Sprint(f.Value()), expected(f))
}

// faults checks each setting by its validate tag.
func (s Settings) faults() (all faults) {
	s.complete()
	var errs validator.ValidationErrors
	if err := validate.Settings().Struct(s); errors.As(err, &errs) {
		for _, e := range errs {
			all = append(all, fault{e})
		}
	}
	return all
}

func (from sources) fromEnvironment(s *Settings, where origins) error {
	all := settings()
	for _, pair := range from.environ {
		name, value, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(all, func(d setting) bool { return d.env == name })
		if i < 0 {
			continue // strangers finds those that look like settings
		}
		if err := s.overrule(all[i], value); err != nil {
			return fmt.Errorf("%s in the environment: %w", name, err)
		}
		where[all[i].name] = "environment " + name
	}
	return nil
}

// strangers says of each variable of the environment that looks like a setting and is none
// which one it may have been meant for.
func (from sources) strangers() (all []string) {
	for _, pair := range from.environ {
		name, _, _ := strings.Cut(pair, "=")
		word, ours := strings.CutPrefix(name, "CONFMAN_")
		word = strings.ToLower(word)
		if !ours || word == "config" || settingNamed(word) != nil {
			continue
		}
		text := name + " in the environment is no setting"
		if near := nearest(word, settingNames()); near != "" {
			text += ": did you mean " + settingNamed(near).env + "?"
		}
		all = append(all, text)
	}
	return all
}

func (from sources) fromFlags(s *Settings, where origins) error {
	for _, d := range settings() {
		value, given := from.flags[d.flag]
		if !given || d.flag == "" {
			continue
		}
		if err := s.overrule(d, value); err != nil {
			return fmt.Errorf("flag --%s: %w", d.flag, err)
		}
		where[d.name] = "flag --" + d.flag
	}
	return nil
}

// overrule sets one setting, and checks it.
func (s *Settings) overrule(d setting, text string) error {
	if err := d.parse(s, text); err != nil {
		return err
	}
	for _, f := range s.faults() {
		if f.Field() == d.name {
			return fmt.Errorf("%q is not %s", text, expected(f))
		}
	}
	return nil
}

// expected says what a validation tag asks for.
func expected(f validator.FieldError) string {
	switch f.Tag() {
	case "addr":
		return "an address: write HOST:PORT, or a port alone for loopback"
	case "token|addr":
		return "what confman token prints, from confman1. to its end, nor an address HOST:PORT"
	case "hostname|ip":
		return "the name or the address of a machine, without a port"
	case "duration":
		return "a time above zero: write 1500ms or 2s"
	case "oneof":
		return "one of " + strings.Join(strings.Fields(f.Param()), ", ")
	case "min":
		return "at least " + f.Param()
	case "max":
		return "at most " + f.Param()
	}
	return "the name of a directory"
}
