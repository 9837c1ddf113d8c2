package main

import (
	"fmt"
	"strconv"
	"strings"
)

// packaged are the settings that a package sets in the file it installs, as the service's user has no home.
var packaged = map[string]string{"data_dir": "/var/lib/confman"}

// commentWidth is how long the lines of comments are.
const commentWidth = 90

// defaultConfig is the settings file that packages install. A setting is a line that begins with # and no
// space, so that it is set by removing the #; comments begin with # and a space.
func defaultConfig() string {
	var b strings.Builder
	b.WriteString(configHead)
	s := defaults()
	for _, d := range settings() {
		usage := capital(d.usage) + "."
		if d.live {
			usage += " Live."
		}
		b.WriteString("\n" + wrapped(usage, "# ", commentWidth))
		if value, set := packaged[d.name]; set {
			fmt.Fprintf(&b, "%s: %s\n", d.name, value)
			continue
		}
		value := d.plain(s)
		if value == "" || strings.HasPrefix(value, "[") {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, "#%s: %s\n", d.name, value)
	}
	return b.String()
}

const configHead = `# The settings of confman. confman.yaml(5) tells more.
#
# What follows # without a space is a setting, with its default: remove the # to set it. The
# environment overrules this file (CONFMAN_RESP_ADDR is resp_addr), and flags of confman serve
# overrule both. An address is HOST:PORT; a port alone is one of loopback. Text that looks like
# a number, and passwords, are put in quotes. Whoever can read this file can read the password.
#
#     confman config check              checks this file
#     confman config show --origin      shows all settings, and where each is from
#
# Those that are live can be changed while the node runs, with CONFIG SET.
`

// wrapped breaks a text into lines that begin with a prefix.
func wrapped(text, prefix string, width int) string {
	var b strings.Builder
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(prefix)+len(line)+1+len(word) > width {
			b.WriteString(prefix + line + "\n")
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return b.String() + prefix + line + "\n"
}
