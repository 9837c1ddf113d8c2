package validate

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, name := range []string{"a", "prod/api/timeout", "session:1", "ünï/コード", "a b", ".", "x/..", strings.Repeat("n", MaxName)} {
		if err := Name(name); err != nil {
			t.Errorf("Name(%q) = %v", name, err)
		}
		if ascii := !strings.ContainsFunc(name, func(r rune) bool { return r > '~' }); PlainName([]byte(name)) != ascii {
			t.Errorf("PlainName(%q) is not %v", name, ascii)
		}
	}
	for name, want := range map[string]string{
		"":                             `name "" is empty: give it at least one character`,
		"/a":                           `name "/a" begins with a slash: leave it out`,
		"a/":                           `name "a/" ends with a slash: leave it out`,
		"/":                            `name "/" begins with a slash: leave it out`,
		"a//b":                         `name "a//b" has an empty segment: write one slash, not two`,
		"a\x00b":                       `name "a\x00b" contains a control character`,
		"a\u0085b":                     `name "a\u0085b" contains a control character`,
		"\xff":                         `name "\xff" is not valid UTF-8`,
		"confman":                      `name "confman" is reserved: names below confman/ belong to the system`,
		"confman/x":                    `name "confman/x" is reserved: names below confman/ belong to the system`,
		strings.Repeat("n", MaxName+1): `name "` + strings.Repeat("n", 64) + `"... is over 1024 bytes: shorten it`,
	} {
		if err := Name(name); err == nil || err.Error() != want {
			t.Errorf("Name(%q) = %v, want %s", name, err, want)
		}
		if PlainName([]byte(name)) {
			t.Errorf("PlainName(%q)", name)
		}
	}
}

func TestNamespaceAndKey(t *testing.T) {
	if err := Namespace("/"); err != nil {
		t.Errorf("the root namespace: %v", err)
	}
	if err := Namespace("prod/"); err == nil {
		t.Error("a namespace that ends with a slash passed")
	}
	if err := Key("timeout"); err != nil {
		t.Error(err)
	}
	const want = `field "api/timeout" contains a slash: put what stands before its last slash into the key, as in HSET "prod/api" "timeout" VALUE`
	if err := Key("api/timeout"); err == nil || err.Error() != want {
		t.Errorf("Key = %v, want %s", err, want)
	}
}

func TestValue(t *testing.T) {
	if err := Value("12345", 5); err != nil {
		t.Error(err)
	}
	const want = "value of 6 bytes is over the limit of 5 bytes (setting max_value)"
	if err := Value("123456", 5); err == nil || err.Error() != want {
		t.Errorf("Value = %v, want %s", err, want)
	}
}
