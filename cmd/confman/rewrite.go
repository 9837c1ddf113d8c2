package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"confman/store"

	"github.com/goccy/go-yaml/parser"
)

// rewritten returns the content of a settings file with what was changed in it. All else stays as
// it was written: comments, order, and settings that were not changed.
func (r *running) rewritten(path string, content []byte) ([]byte, error) {
	before, after := defaults(), defaults()
	if err := r.from.decode(path, content, &before, origins{}); err != nil {
		return nil, err
	}
	at, err := linesOf(path, content)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(content), "\n")
	want := before
	for _, d := range settings() {
		if !r.changed[d.name] {
			continue
		}
		value := d.plain(r.now)
		if err := d.parse(&want, value); err != nil {
			return nil, err // cannot be: it was checked
		}
		if d.secret {
			value = strconv.Quote(value) // YAML has Go's escapes
		}
		if line, there := at[d.name]; there {
			if lines[line-1], err = withValue(lines[line-1], d.name, value); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, line, err)
			}
		} else {
			lines = appendLine(lines, d.name+": "+value)
		}
	}
	content = []byte(strings.Join(lines, "\n"))
	if err := r.from.decode(path, content, &after, origins{}); err != nil || after != want {
		return nil, errByHand
	}
	return content, nil
}

var errByHand = errors.New("the file is written in a way that only its author can change: write each setting on a line of its own")

// linesOf tells at which line of a settings file each setting stands, those without a value too.
func linesOf(path string, content []byte) (map[string]int, error) {
	f := settingsFile{path: path, lines: strings.Split(string(content), "\n")}
	parsed, err := parser.ParseBytes([]byte(strings.TrimPrefix(string(content), "\ufeff")), 0)
	if err != nil {
		return nil, f.mistakeOf(err)
	}
	body, err := f.body(parsed)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, v := range pairs(body) {
		key := v.Key.GetToken()
		at[key.Value] = key.Position.Line
	}
	return at, nil
}

// settingLine is a setting on a line of its own: its name, its value, and a comment.
var settingLine = regexp.MustCompile(`^(\s*["']?(\w+)["']?[ \t]*:)[ \t]*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#"'][^\s#]*)?([ \t]*)(#[^\r]*)?(\r?)$`)

// withValue puts a value, in the quotes that it needs, in the place of the one on a line.
func withValue(line, name, value string) (string, error) {
	part := settingLine.FindStringSubmatch(strings.TrimPrefix(line, "\ufeff"))
	if part == nil || part[2] != name {
		return "", errByHand
	}
	head, gap, comment, end := part[1], part[4], part[5], part[6]
	if comment != "" && gap == "" {
		gap = " "
	}
	if strings.HasPrefix(line, "\ufeff") {
		head = "\ufeff" + head
	}
	return head + " " + value + gap + comment + end, nil
}

// appendLine adds a line at the end, which ends as the others do.
func appendLine(lines []string, line string) []string {
	end := ""
	if strings.HasSuffix(lines[0], "\r") {
		end = "\r"
	}
	last := len(lines) - 1
	if lines[last] != "" { // the file does not end with a line's end
		if end != "" && !strings.HasSuffix(lines[last], end) {
			lines[last] += end
		}
		return append(lines, line+end, "")
	}
	return append(lines[:last], line+end, "")
}

// replaceSettings puts a file's new content in its place, at once or not at all. A link stays
// one, and who may read the file still may, and nobody else.
func replaceSettings(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, keepOwner(f, info), f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that came first counts
		return err
	}
	return store.Dir(filepath.Dir(path)).SyncDir()
}
