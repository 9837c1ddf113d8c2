package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// manCommands are the commands that people see, those below a command with its name before theirs.
func manCommands(all []*cli.Command) string { return manCommandsOf("", all) }

func manCommandsOf(path string, all []*cli.Command) string {
	var b strings.Builder
	for _, c := range all {
		if c.Hidden {
			continue
		}
		name := strings.TrimSpace(path + " " + c.Name)
		below := manCommandsOf(name, c.Subcommands)
		if below != "" && c.ArgsUsage == "" {
			b.WriteString(below)
			continue
		}
		own, takes := ownFlags(c)
		b.WriteString(".It Xo\n.Nm\n.Cm " + name + "\n")
		if len(c.Flags) > 1 {
			b.WriteString(".Op Ar options\n")
		}
		b.WriteString(manArguments(c.ArgsUsage) + ".Xc\n" + manText(c.Usage) + takes)
		if len(own) > 0 {
			b.WriteString(".Bl -tag -width Ds\n" + manFlags(own) + ".El\n")
		}
		b.WriteString(below)
	}
	return b.String()
}

// ownFlags are the flags that a command has beside those that are described once for all, and a sentence about
// these.
func ownFlags(c *cli.Command) (own []cli.Flag, takes string) {
	shared := map[string]bool{"help": true, "addr": true, "output": true}
	has := map[string]bool{}
	for _, f := range c.Flags {
		has[f.Names()[0]] = true
	}
	if has["config"] {
		takes = "It takes the options of\n.Xr confman-serve 8 .\n"
		for _, f := range settingFlags() {
			shared[f.Names()[0]] = true
		}
	}
	for _, f := range c.Flags {
		if !shared[f.Names()[0]] {
			own = append(own, f)
		}
	}
	return own, takes
}

// manArguments are what stands behind a command, as its usage describes it.
func manArguments(usage string) string {
	var b strings.Builder
	for _, w := range strings.Fields(usage) {
		word, optional := strings.CutPrefix(w, "[")
		word, repeated := strings.CutSuffix(strings.TrimSuffix(word, "]"), "...")
		line := manWords(word)
		switch {
		case w == "|":
			b.WriteString("|\n")
			continue
		case strings.HasPrefix(w, "--"):
			line = "Fl " + strings.TrimPrefix(w, "-")
		case repeated:
			line += " ..."
		}
		if optional {
			line = "Op " + line
		}
		b.WriteString("." + line + "\n")
	}
	return b.String()
}

// manWords are what may stand in one place: kinds of things in capitals, or words.
func manWords(words string) string {
	var all []string
	for _, w := range strings.Split(words, "|") {
		switch {
		case w == "-":
			all = append(all, "Fl")
		case strings.IndexFunc(w, unicode.IsLower) == 0:
			all = append(all, "Cm "+w)
		default:
			all = append(all, "Ar "+w)
		}
	}
	return strings.Join(all, " | ")
}

// manFlags are flags, what stands behind them, what they are for, and what holds without them.
func manFlags(all []cli.Flag) string {
	var b strings.Builder
	for _, f := range all {
		var names []string
		for i := len(f.Names()) - 1; i >= 0; i-- {
			name := f.Names()[i]
			if len(name) > 1 {
				name = "-" + name
			}
			names = append(names, "Fl "+name)
		}
		head := strings.Join(names, " , ")
		if words := flagWords(f); words != "" {
			head += " " + manWords(words)
		}
		usage := f.(cli.DocGenerationFlag).GetUsage()
		if otherwise := flagDefault(f); otherwise != "" {
			usage += ". Default: " + otherwise
		}
		b.WriteString(".It " + head + "\n" + manText(usage))
	}
	return b.String()
}

// flagDefault is what holds without a flag, wherever that is the same.
func flagDefault(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.StringFlag:
		if f.Name == "data-dir" {
			return ""
		}
		return f.DefaultText + f.Value
	case *cli.DurationFlag:
		if f.Value == 0 {
			return f.DefaultText
		}
		return shortDuration(f.Value)
	case *cli.IntFlag:
		return fmt.Sprint(f.Value)
	case *cli.Uint64Flag:
		return f.DefaultText
	}
	return ""
}

// shortDuration is 1h rather than 1h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// manSettings are the settings, with all that one should know of each.
func manSettings() string {
	var b strings.Builder
	s := defaults()
	s.DataDir = "/var/lib/confman for root and in packages, else ~/.local/state/confman"
	for _, d := range settings() {
		fmt.Fprintf(&b, ".It Cm %s : %s\n%s", d.name, manWords(d.words()), manText(d.usage))
		var more []string
		if value := d.plain(s); value != "" {
			more = append(more, "Default: "+value)
		}
		if d.live {
			more = append(more, "It is live")
		}
		for _, sentence := range more {
			b.WriteString(manText(sentence))
		}
	}
	return b.String()
}

var dashes = regexp.MustCompile(`(^|[\s("])(--?)(\w)`)

// manText is a sentence as roff reads it, on a line of its own.
func manText(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	text = dashes.ReplaceAllStringFunc(text, func(s string) string { return strings.ReplaceAll(s, "-", `\-`) })
	text = strings.ReplaceAll(text, ". ", ".\n")
	text = capital(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text + ".\n"
}

// capital begins a sentence with a capital letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
