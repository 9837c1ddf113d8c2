package main

import (
	"strings"
	"testing"
)

// A mistake in the file is shown with its line and column, and a caret below it.
func TestMistakesInTheFile(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"profile: lan\nwrite_hold: soon\n", `[2:13] write_hold: "soon" is not a time above zero: write 1500ms or 2s
> 2 | write_hold: soon
                  ^`},
		{"# ours\n\nprofil: lan\n", `[3:1] there is no setting "profil": did you mean profile?
> 3 | profil: ...
      ^`},
		{"max_clients: many\n", `[1:14] max_clients is not a whole number
> 1 | max_clients: many
                   ^`},
		{"max_value: 1.5\r\n", `[1:12] max_value is not a whole number
> 1 | max_value: 1.5
                 ^`},
		{"max_value: 5000000\n", `[1:12] max_value: "5000000" is not at most 4000000
> 1 | max_value: 5000000
                 ^`},
		{"allow_flush: yes\n", `[1:14] allow_flush is not true or false
> 1 | allow_flush: yes
                   ^`},
		{"allow_flush: 1\n", `[1:14] allow_flush is not true or false
> 1 | allow_flush: 1
                   ^`},
		{"log_level: !node1\n", `[1:12] log_level is not text: put it in quotes
> 1 | log_level: !node1
                 ^`},
		{"profile: lan\nprofile: wan\n", `[2:1] mapping key "profile" already defined at [1:1]
> 2 | profile: wan
      ^`},
		{"profile: lan\n---\nprofile: wan\n", `[3:8] a second document begins: put all settings into one
> 3 | profile: wan
             ^`},
		{"\n\n\n\n\n\n\n\n\nprofile: fast\n", `[10:10] profile: "fast" is not one of lan, edge, wan, metered
> 10 | profile: fast
                ^`},
		{"- profile: lan\n", "[1:1] these are no settings: write name: value, each on a line of its own"},
		{"no settings\n", "[1:1] these are no settings: write name: value, each on a line of its own"},
	} {
		path := writeFile(t, c.content)
		_, _, err := sources{file: path}.load()
		if want := path + ": " + c.want; text(err) != want {
			t.Errorf("%q:\n%v\nwant\n%s", c.content, err, want)
		}
	}
}

// A file that says nothing leaves the defaults alone, and so does a setting without a value.
func TestFilesThatSayLittle(t *testing.T) {
	for _, content := range []string{
		"", "\n", "# nothing\n", "---\n", "# nothing\n---\n# yet\n", "null\n", "profile:\nmax_value: # later\n", "\ufeffjoin:\r\n",
	} {
		s, where, err := sources{file: writeFile(t, content)}.load()
		if err != nil || s != defaults() {
			t.Errorf("%q: %+v, %v", content, s, err)
		}
		for name, origin := range where {
			if origin != "default" {
				t.Errorf("%q: %s is from %s", content, name, origin)
			}
		}
	}
}

// The password is what stands in the file, letter by letter, or refused.
func TestPasswordsInTheFile(t *testing.T) {
	for written, want := range map[string]string{
		"hunter2": "hunter2", `"0123"`: "0123", "'1.50'": "1.50", `"!x # y"`: "!x # y", "a b": "a b", "pa:ss": "pa:ss",
	} {
		s, _, err := sources{file: writeFile(t, "password: "+written+"\n")}.load()
		if err != nil || s.Password != want {
			t.Errorf("%s: %q, %v", written, s.Password, err)
		}
	}
	for _, written := range []string{"0123", "0x1F", "1.50", "true", ".inf", "!secret", "&secret x"} {
		_, _, err := sources{file: writeFile(t, "password: "+written+"\n")}.load()
		if !strings.Contains(text(err), "[1:1] password is not text: put it in quotes\n> 1 | password: ...\n") {
			t.Errorf("%s: %v", written, err)
		}
	}
}

// Whatever is wrong in a file, no error shows the password, even under a misspelt name.
func TestMistakesShowNoSecrets(t *testing.T) {
	for _, content := range []string{
		"password: hunter2\nwrite_hold: soon\n", "password: hunter2\nprofil: lan\n", "write_hold: soon\npassword: hunter2\n",
		"pasword: hunter2\n", "passphrase: hunter2\n", "pasword: *hunter2\n", "password: hunter2\npassword: hunter2\n",
		"password: *hunter2\n", "password: !hunter2\n", "password: &hunter2 x\n", "password: @hunter2\n", "password: %hunter2\n",
		"password: [hunter2]\n", "password: {hunter2\n", "password: \"hunter2\n", "password: 'hunter2\nprofile: fast\n", "password: |hunter2\n",
		"password: |\n  hunter2\n too\n", "password:\n  - hunter2\n", "password:\n  hunter2: x\n", "password: - hunter2\n", "password: a: hunter2\n",
		"{password: hunter2, profile: fast}\n", "{password: *hunter2}\n", "- password: hunter2\n", "hunter2\n", "password: `hunter2\n",
		"profile: lan\n password: hunter2\n", "  password: *hunter2\n", "? password\n: *hunter2\n", "---\npassword: hunter2\n---\npassword: hunter2\n",
	} {
		_, _, err := sources{file: writeFile(t, content)}.load()
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// Any bytes are settings, or an error that ends.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{"", "profile: lan\n", "a: *b\n", "- x\n---\n\t", "password: |\n x\n", "\ufeff{", "? a\n: b"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, content string) {
		s, where := defaults(), origins{}
		_ = sources{}.decode("confman.yaml", []byte(content), &s, where) // that it returns is the test
	})
}
