package validate

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// plain are the tags without a parameter that validator checks, and what passes them. Those of
// validator's that are missing here look at more than one text, or at the machine: a value must not
// pass on one node and fail on another.
var plain = map[string]string{
	"alpha": "letters from a to z only", "alphaspace": "letters from a to z and spaces only",
	"alphanum": "letters from a to z and digits only", "alphanumspace": "letters from a to z, digits and spaces only",
	"alphaunicode": "letters only", "alphanumunicode": "letters and digits only",
	"ascii": "ASCII characters only", "printascii": "ASCII characters that can be printed only", "multibyte": "text with a character beyond ASCII",
	"lowercase": "text in lower case", "uppercase": "text in upper case",
	"boolean": "true or false", "numeric": "a number", "number": "a whole number without a sign", "hexadecimal": "a hexadecimal number",
	"latitude": "a latitude", "longitude": "a longitude",
	"hexcolor": "a color such as #ff8800", "rgb": "a color such as rgb(255,136,0)", "rgba": "a color such as rgba(255,136,0,0.5)",
	"hsl": "a color such as hsl(32,100%,50%)", "hsla": "a color such as hsla(32,100%,50%,0.5)", "cmyk": "a color such as cmyk(0%,47%,100%,0%)",
	"email": "an e-mail address", "e164": "a telephone number such as +4930123456",
	"url": "a URL", "http_url": "a URL of http or https", "https_url": "a URL of https", "uri": "a URI",
	"origin": "an origin such as https://example.org", "urn_rfc8141": "a URN", "urn_rfc2141": "a URN of RFC 2141",
	"datauri": "a data URI", "url_encoded": "text with URL encoding", "html": "text with HTML tags", "html_encoded": "text with HTML entities",
	"base32": "base32", "base64": "base64", "base64url": "base64 for URLs", "base64rawurl": "base64 for URLs without padding",
	"json": "JSON", "jwt": "a JSON web token", "semver": "a semantic version such as 1.2.3",
	"ip": "an IP address", "ipv4": "an IPv4 address", "ipv6": "an IPv6 address",
	"cidr": "an IP network such as 10.0.0.0/8", "cidrv4": "an IPv4 network such as 10.0.0.0/8", "cidrv6": "an IPv6 network such as fd00::/8", "mac": "a MAC address",
	"hostname": "a host name", "hostname_rfc1123": "a host name of RFC 1123", "hostname_label": "one label of a host name", "fqdn": "a full domain name",
	"hostname_port": "HOST:PORT", "dns_rfc1035_label": "a DNS label",
	"uuid": "a UUID", "uuid3": "a UUID of version 3", "uuid4": "a UUID of version 4", "uuid5": "a UUID of version 5", "uuid7": "a UUID of version 7",
	"uuid_rfc4122": "a UUID", "uuid3_rfc4122": "a UUID of version 3", "uuid4_rfc4122": "a UUID of version 4", "uuid5_rfc4122": "a UUID of version 5",
	"ulid": "a ULID", "md4": "an MD4 digest", "md5": "an MD5 digest", "sha256": "a SHA-256 digest", "sha384": "a SHA-384 digest", "sha512": "a SHA-512 digest",
	"ripemd128": "a RIPEMD-128 digest", "ripemd160": "a RIPEMD-160 digest", "tiger128": "a Tiger-128 digest", "tiger160": "a Tiger-160 digest", "tiger192": "a Tiger-192 digest",
	"isbn": "an ISBN", "isbn10": "an ISBN of 10 digits", "isbn13": "an ISBN of 13 digits", "issn": "an ISSN",
	"iso3166_1_alpha2": "a country code of two letters", "iso3166_1_alpha3": "a country code of three letters", "iso3166_1_alpha_numeric": "a country code of digits",
	"iso3166_2": "a code of a country's subdivision", "iso4217": "a currency code", "bcp47_language_tag": "a language tag",
	"bic": "a BIC", "credit_card": "a credit card number", "luhn_checksum": "a number with a Luhn check digit", "ssn": "a US social security number", "ein": "a US employer number",
	"cron": "a cron expression", "cve": "a CVE identifier", "mongodb": "a MongoDB object id", "mongodb_connection_string": "a MongoDB connection string",
	"eth_addr": "an Ethereum address", "btc_addr": "a Bitcoin address", "btc_addr_bech32": "a Bitcoin address in bech32",
	"iscolor": "a color", "country_code": "a country code",
}

// long are those of them that large values may have to pass.
var long = []string{"alpha", "alphaunicode", "ascii", "printascii", "multibyte", "lowercase", "uppercase", "json", "base64", "base64url", "base64rawurl", "base32", "datauri", "html"}

// maxPlain bounds, in bytes, what passes the other ones: their expressions cost most on what is long.
const maxPlain = 8 << 10

// validators is validator with its own tags.
var validators = sync.OnceValue(func() *validator.Validate { return validator.New() })

// own are the tags that confman checks itself: those with a parameter, and some that validator has for
// other types than text.
var own = map[string]func(param string) (expected string, passes func(string) bool, err error){
	"int": func(string) (string, func(string) bool, error) {
		return "a whole number", func(v string) bool { _, err := strconv.ParseInt(v, 10, 64); return err == nil }, nil
	},
	"port": func(string) (string, func(string) bool, error) {
		return "a port from 1 to 65535", func(v string) bool { n, err := strconv.ParseUint(v, 10, 16); return err == nil && n > 0 }, nil
	},
	"duration": func(string) (string, func(string) bool, error) {
		return "a time such as 1m30s", func(v string) bool { _, err := time.ParseDuration(v); return err == nil }, nil
	},
	"timezone": func(string) (string, func(string) bool, error) {
		return "a time zone such as Europe/Berlin", func(v string) bool { return v != "" && !strings.EqualFold(v, "local") && isZone(v) }, nil
	},
	"datetime":       datetimeTag,
	"regexp":         regexpTag,
	"len":            lenTag,
	"eq":             textTag("exactly %s", func(v, p string) bool { return v == p }),
	"ne":             textTag("anything but %s", func(v, p string) bool { return v != p }),
	"eq_ignore_case": textTag("%s in any case", strings.EqualFold),
	"ne_ignore_case": textTag("anything but %s in any case", func(v, p string) bool { return !strings.EqualFold(v, p) }),
	"contains":       textTag("text that contains %s", strings.Contains),
	"containsany":    textTag("text that contains one of the characters %s", strings.ContainsAny),
	"containsrune":   textTag("text that contains %s", strings.Contains),
	"excludes":       textTag("text that does not contain %s", func(v, p string) bool { return !strings.Contains(v, p) }),
	"excludesall":    textTag("text that contains none of the characters %s", func(v, p string) bool { return !strings.ContainsAny(v, p) }),
	"excludesrune":   textTag("text that does not contain %s", func(v, p string) bool { return !strings.Contains(v, p) }),
	"startswith":     textTag("text that begins with %s", strings.HasPrefix),
	"startsnotwith":  textTag("text that does not begin with %s", func(v, p string) bool { return !strings.HasPrefix(v, p) }),
	"endswith":       textTag("text that ends with %s", strings.HasSuffix),
	"endsnotwith":    textTag("text that does not end with %s", func(v, p string) bool { return !strings.HasSuffix(v, p) }),
	"oneof":          listTag("one of %s", func(v string, all []string) bool { return slices.Contains(all, v) }),
	"oneofci":        listTag("one of %s, in any case", foldedIn),
	"noneof":         listTag("none of %s", func(v string, all []string) bool { return !slices.Contains(all, v) }),
	"noneofci":       listTag("none of %s, in any case", func(v string, all []string) bool { return !foldedIn(v, all) }),
}

// bare are the tags of our own that take no parameter, or can do without.
var bare = []string{"int", "port", "duration", "timezone", "datetime"}

// newTest makes the test of one tag.
func newTest(name, param string, given bool) (test, error) {
	if name == "jsonschema" {
		return newSchemaTest(param)
	}
	if expected := plain[name]; expected != "" {
		if given {
			return test{}, fmt.Errorf("%s takes nothing behind a =", name)
		}
		limit := maxPlain
		if slices.Contains(long, name) {
			limit = 1 << 30
		}
		return test{tag: name, expected: expected, passes: func(v string) bool { return len(v) <= limit && validators().Var(v, name) == nil }}, nil
	}
	make := own[name]
	switch {
	case make == nil:
		return test{}, unknownTag(name)
	case given && name != "datetime" && slices.Contains(bare, name):
		return test{}, fmt.Errorf("%s takes nothing behind a =", name)
	case param == "" && !slices.Contains(bare, name):
		return test{}, fmt.Errorf("%s needs something behind a =, as in %s=10", name, name)
	}
	expected, passes, err := make(param)
	return test{tag: name, expected: expected, passes: passes}, err
}

func textTag(form string, passes func(value, param string) bool) func(string) (string, func(string) bool, error) {
	return func(param string) (string, func(string) bool, error) {
		return fmt.Sprintf(form, strconv.Quote(param)), func(v string) bool { return passes(v, param) }, nil
	}
}

var listed = regexp.MustCompile(`'[^']*'|\S+`)

// listTag is a tag whose parameter is a list: words with spaces between them, those with spaces in them quoted.
func listTag(form string, passes func(string, []string) bool) func(string) (string, func(string) bool, error) {
	return func(param string) (string, func(string) bool, error) {
		all := listed.FindAllString(param, -1)
		for i, word := range all {
			all[i] = strings.ReplaceAll(word, "'", "")
		}
		if len(all) == 0 {
			return "", nil, errors.New("a list needs words with spaces between them, as in oneof=debug info warn")
		}
		return fmt.Sprintf(form, strings.Join(all, ", ")), func(v string) bool { return passes(v, all) }, nil
	}
}

func foldedIn(v string, all []string) bool {
	return slices.ContainsFunc(all, func(one string) bool { return strings.EqualFold(v, one) })
}

func lenTag(param string) (string, func(string) bool, error) {
	n, err := strconv.ParseUint(param, 10, 31)
	if err != nil {
		return "", nil, fmt.Errorf("len is a number of characters, which %s is not", quote(param))
	}
	return fmt.Sprintf("text of %d characters", n), func(v string) bool { return utf8.RuneCountInString(v) == int(n) }, nil
}

func datetimeTag(layout string) (string, func(string) bool, error) {
	expected := "a time of the form " + layout
	if layout == "" {
		layout, expected = time.RFC3339, "a time such as 2006-01-02T15:04:05Z"
	}
	return expected, func(v string) bool { _, err := time.Parse(layout, v); return err == nil }, nil
}

func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil
}

// maxMatching bounds what matching may cost: the instructions of an expression times the bytes of
// a value. RE2 needs no more than a few nanoseconds for each.
const maxMatching = 1 << 22

func regexpTag(expression string) (string, func(string) bool, error) {
	re, most, err := compileExpression(`^(?:` + expression + `)$`)
	if err != nil {
		return "", nil, fmt.Errorf("%w; in a rule a comma is written 0x2C", err)
	}
	return "text that matches " + expression, func(v string) bool { return len(v) <= most && re.MatchString(v) }, nil
}

// compileExpression also tells how long a value may be for the expression to be tried on it.
func compileExpression(expression string) (re *regexp.Regexp, most int, err error) {
	if re, err = regexp.Compile(expression); err != nil {
		return nil, 0, err
	}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, 0, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, 0, err
	}
	return re, maxMatching / len(program.Inst), nil
}
