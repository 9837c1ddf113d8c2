package validate

import (
	"slices"
	"strings"
	"testing"
)

// noSchemas is a store without any config.
func noSchemas(string) (string, bool) { return "", false }

// tags is what passes each tag, what does not, and what is said then.
var tags = []struct{ rule, passes, fails, expected string }{
	{"required", "x", "", "a value that is not empty"},
	{"alpha", "abc", "a1", "letters from a to z only"},
	{"alphaspace", "a b", "a1", "letters from a to z and spaces only"},
	{"alphanum", "a1", "a-1", "letters from a to z and digits only"},
	{"alphanumspace", "a 1", "a-1", "letters from a to z, digits and spaces only"},
	{"alphaunicode", "é", "é1", "letters only"},
	{"alphanumunicode", "é1", "é-1", "letters and digits only"},
	{"ascii", "a\t", "é", "ASCII characters only"},
	{"printascii", "a b", "a\t", "ASCII characters that can be printed only"},
	{"multibyte", "aé", "ae", "text with a character beyond ASCII"},
	{"lowercase", "abc", "Abc", "text in lower case"},
	{"uppercase", "ABC", "Abc", "text in upper case"},
	{"boolean", "true", "yes", "true or false"},
	{"numeric", "-1.5", "1e5", "a number"},
	{"number", "15", "-15", "a whole number without a sign"},
	{"int", "-15", "1.5", "a whole number"},
	{"int", "9223372036854775807", "9223372036854775808", "a whole number"},
	{"hexadecimal", "0xff", "fg", "a hexadecimal number"},
	{"latitude", "52.5", "91", "a latitude"},
	{"longitude", "179", "181", "a longitude"},
	{"hexcolor", "#ff8800", "ff8800", "a color such as #ff8800"},
	{"rgb", "rgb(255,136,0)", "rgb(256,0,0)", "a color such as rgb(255,136,0)"},
	{"rgba", "rgba(255,136,0,0.5)", "rgba(255,136,0)", "a color such as rgba(255,136,0,0.5)"},
	{"hsl", "hsl(32,100%,50%)", "hsl(361,100%,50%)", "a color such as hsl(32,100%,50%)"},
	{"hsla", "hsla(32,100%,50%,0.5)", "hsla(32,100%,50%)", "a color such as hsla(32,100%,50%,0.5)"},
	{"cmyk", "cmyk(0%,47%,100%,0%)", "cmyk(0%,47%,101%,0%)", "a color such as cmyk(0%,47%,100%,0%)"},
	{"iscolor", "#ff8800", "red", "a color"},
	{"email", "a@example.org", "a@", "an e-mail address"},
	{"e164", "+4930123456", "030123456", "a telephone number such as +4930123456"},
	{"url", "redis://localhost:6379", "localhost", "a URL"},
	{"http_url", "http://example.org", "ftp://example.org", "a URL of http or https"},
	{"https_url", "https://example.org", "http://example.org", "a URL of https"},
	{"uri", "/a/b", "a b", "a URI"},
	{"origin", "https://example.org", "https://example.org/a", "an origin such as https://example.org"},
	{"urn_rfc8141", "urn:isbn:0451450523", "isbn:0451450523", "a URN"},
	{"urn_rfc2141", "urn:isbn:0451450523", "isbn:0451450523", "a URN of RFC 2141"},
	{"datauri", "data:text/plain;base64,aGk=", "text/plain,hi", "a data URI"},
	{"url_encoded", "a%20b", "a%2", "text with URL encoding"},
	{"html", "<b>", "b", "text with HTML tags"},
	{"html_encoded", "&#33;", "!", "text with HTML entities"},
	{"base32", "NBUQ====", "hi", "base32"},
	{"base64", "aGk=", "aGk", "base64"},
	{"base64url", "_-8=", "/+8=", "base64 for URLs"},
	{"base64rawurl", "_-8", "_-8=", "base64 for URLs without padding"},
	{"json", `{"a":1}`, `{a:1}`, "JSON"},
	{"jwt", "aa.bb.cc", "aa.bb", "a JSON web token"},
	{"semver", "1.2.3", "1.2", "a semantic version such as 1.2.3"},
	{"ip", "10.0.0.1", "10.0.0", "an IP address"},
	{"ipv4", "10.0.0.1", "::1", "an IPv4 address"},
	{"ipv6", "::1", "10.0.0.1", "an IPv6 address"},
	{"cidr", "10.0.0.0/8", "10.0.0.0", "an IP network such as 10.0.0.0/8"},
	{"cidrv4", "10.0.0.0/8", "fd00::/8", "an IPv4 network such as 10.0.0.0/8"},
	{"cidrv6", "fd00::/8", "10.0.0.0/8", "an IPv6 network such as fd00::/8"},
	{"mac", "00:00:5e:00:53:01", "00:00:5e", "a MAC address"},
	{"hostname", "db-1.example.org", "db_1", "a host name"},
	{"hostname_rfc1123", "1db.example.org", "db_1", "a host name of RFC 1123"},
	{"hostname_label", "db-1", "db.1", "one label of a host name"},
	{"fqdn", "db.example.org", "db", "a full domain name"},
	{"hostname_port", "db:5432", "db", "HOST:PORT"},
	{"dns_rfc1035_label", "db-1", "1db", "a DNS label"},
	{"port", "5432", "0", "a port from 1 to 65535"},
	{"port", "65535", "65536", "a port from 1 to 65535"},
	{"uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810", "a UUID"},
	{"uuid3", "a3bb189e-8bf9-3888-9912-ace4e6543002", "6ba7b810", "a UUID of version 3"},
	{"uuid4", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "6ba7b810", "a UUID of version 4"},
	{"uuid5", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "6ba7b810", "a UUID of version 5"},
	{"uuid7", "018f3c1e-8b5a-7c3d-9e2f-1a2b3c4d5e6f", "6ba7b810", "a UUID of version 7"},
	{"uuid_rfc4122", "6BA7B810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810", "a UUID"},
	{"uuid3_rfc4122", "a3bb189e-8bf9-3888-9912-ace4e6543002", "6ba7b810", "a UUID of version 3"},
	{"uuid4_rfc4122", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "6ba7b810", "a UUID of version 4"},
	{"uuid5_rfc4122", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "6ba7b810", "a UUID of version 5"},
	{"ulid", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3", "a ULID"},
	{"md4", strings.Repeat("a", 32), "a", "an MD4 digest"},
	{"md5", strings.Repeat("a", 32), "a", "an MD5 digest"},
	{"sha256", strings.Repeat("a", 64), "a", "a SHA-256 digest"},
	{"sha384", strings.Repeat("a", 96), "a", "a SHA-384 digest"},
	{"sha512", strings.Repeat("a", 128), "a", "a SHA-512 digest"},
	{"ripemd128", strings.Repeat("a", 32), "a", "a RIPEMD-128 digest"},
	{"ripemd160", strings.Repeat("a", 40), "a", "a RIPEMD-160 digest"},
	{"tiger128", strings.Repeat("a", 32), "a", "a Tiger-128 digest"},
	{"tiger160", strings.Repeat("a", 40), "a", "a Tiger-160 digest"},
	{"tiger192", strings.Repeat("a", 48), "a", "a Tiger-192 digest"},
	{"isbn", "9783161484100", "9783161484101", "an ISBN"},
	{"isbn10", "3836221195", "3836221196", "an ISBN of 10 digits"},
	{"isbn13", "9783161484100", "3836221195", "an ISBN of 13 digits"},
	{"issn", "0317-8471", "0317-8472", "an ISSN"},
	{"iso3166_1_alpha2", "DE", "XX", "a country code of two letters"},
	{"iso3166_1_alpha3", "DEU", "XXX", "a country code of three letters"},
	{"iso3166_1_alpha_numeric", "276", "999", "a country code of digits"},
	{"country_code", "DE", "XX", "a country code"},
	{"iso3166_2", "DE-BE", "DE-XX", "a code of a country's subdivision"},
	{"iso4217", "EUR", "XXZ", "a currency code"},
	{"bcp47_language_tag", "de-DE", "german language", "a language tag"},
	{"bic", "DEUTDEFF", "DEUT", "a BIC"},
	{"credit_card", "4242424242424242", "4242424242424241", "a credit card number"},
	{"luhn_checksum", "7992739871 3"[:10] + "3", "79927398714", "a number with a Luhn check digit"},
	{"ssn", "212-45-6789", "21-245-6789", "a US social security number"},
	{"ein", "12-3456789", "123456789", "a US employer number"},
	{"cron", "*/5 * * * *", "often", "a cron expression"},
	{"cve", "CVE-2021-44228", "CVE-21", "a CVE identifier"},
	{"mongodb", "507f191e810c19729de860ea", "507f", "a MongoDB object id"},
	{"mongodb_connection_string", "mongodb://localhost:27017/db", "localhost", "a MongoDB connection string"},
	{"eth_addr", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5a", "an Ethereum address"},
	{"btc_addr", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1z", "a Bitcoin address"},
	{"btc_addr_bech32", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1q", "a Bitcoin address in bech32"},
	{"duration", "1m30s", "90", "a time such as 1m30s"},
	{"timezone", "UTC", "Local", "a time zone such as Europe/Berlin"},
	{"datetime", "2006-01-02T15:04:05Z", "2006-01-02", "a time such as 2006-01-02T15:04:05Z"},
	{"datetime=2006-01-02", "2024-02-29", "2023-02-29", "a time of the form 2006-01-02"},
	{"regexp=[a-z]+|[0-9]{2}", "12", "123", "text that matches [a-z]+|[0-9]{2}"},
	{"regexp=a{1 0x2C2}|b0x2Cc", "b,c", "b", "text that matches a{1 ,2}|b,c"},
	{"len=3", "äöü", "ab", "text of 3 characters"},
	{"eq=on", "on", "ON", `exactly "on"`},
	{"ne=on", "off", "on", `anything but "on"`},
	{"eq_ignore_case=on", "ON", "off", `"on" in any case`},
	{"ne_ignore_case=on", "off", "ON", `anything but "on" in any case`},
	{"contains=b", "abc", "ac", `text that contains "b"`},
	{"containsany=xyb", "abc", "ac", `text that contains one of the characters "xyb"`},
	{"containsrune=ü", "aü", "au", `text that contains "ü"`},
	{"excludes=b", "ac", "abc", `text that does not contain "b"`},
	{"excludesall=xyb", "ac", "abc", `text that contains none of the characters "xyb"`},
	{"excludesrune=ü", "au", "aü", `text that does not contain "ü"`},
	{"startswith=db", "db1", "1db", `text that begins with "db"`},
	{"startsnotwith=db", "1db", "db1", `text that does not begin with "db"`},
	{"endswith=db", "1db", "db1", `text that ends with "db"`},
	{"endsnotwith=db", "db1", "1db", `text that does not end with "db"`},
	{"oneof=debug info warn", "info", "Info", "one of debug, info, warn"},
	{"oneof='a b' c", "a b", "a", "one of a b, c"},
	{"oneofci=debug info", "Info", "warn", "one of debug, info, in any case"},
	{"noneof=debug info", "warn", "info", "none of debug, info"},
	{"noneofci=debug info", "warn", "Info", "none of debug, info, in any case"},

	{"numeric,min=1,max=65535", "65535", "99999", "a number from 1 to 65535"},
	{"numeric,min=1,max=65535", "1", "x", "a number from 1 to 65535"},
	{"min=-1.5,numeric", "-1.5", "-1.6", "a number of at least -1.5"},
	{"int,max=9007199254740993", "9007199254740993", "9007199254740994", "a whole number of at most 9007199254740993"},
	{"number,gt=0,lt=10", "9", "10", "a whole number without a sign above 0 and below 10"},
	{"port,gte=1024", "1024", "1023", "a port of at least 1024"},
	{"numeric,lte=1", "1.0", "1.01", "a number of at most 1"},
	{"duration,min=1s,max=5m", "300s", "301s", "a time from 1s to 5m"},
	{"min=3,max=5", "äöü", "äö", "text of 3 to 5 characters"},
	{"alpha,gt=3", "abcd", "abc", "text of more than 3 characters"},
	{"lt=3", "ab", "abc", "text of fewer than 3 characters"},
	{"lte=2", "ab", "abc", "text of at most 2 characters"},
	{"gte=2", "ab", "a", "text of at least 2 characters"},
	{"ipv4|ipv6", "::1", "x", "an IPv4 address or an IPv6 address"},
	{"eq=auto|int", "auto", "x", `exactly "auto" or a whole number`},
	{"omitempty,int", "", "x", "a whole number"},
	{" int , min=1 ", "1", "0", "a whole number of at least 1"},
	{"eq=a0x2Cb0x7Cc", "a,b|c", "a", `exactly "a,b|c"`},
	{"immutable,secret,deprecated=use b,int", "1", "x", "a whole number"},
}

func TestTags(t *testing.T) {
	for _, c := range tags {
		r, err := ParseRule(c.rule)
		if err != nil {
			t.Error(err)
			continue
		}
		if v := r.Check(c.passes, noSchemas, false); v != nil {
			t.Errorf("%q does not pass %s: %+v", c.passes, c.rule, v)
		}
		switch v := r.Check(c.fails, noSchemas, false); {
		case v == nil:
			t.Errorf("%q passes %s", c.fails, c.rule)
		case v.Expected != c.expected || v.Fault != "":
			t.Errorf("%q for %s: %+v, want %q", c.fails, c.rule, v, c.expected)
		}
	}
	t.Run("are all tested", func(t *testing.T) {
		var rules []string
		for _, c := range tags {
			rules = append(rules, strings.FieldsFunc(strings.ReplaceAll(c.rule, " ", ""), func(r rune) bool { return r == ',' || r == '=' || r == '|' })...)
		}
		for _, tag := range Tags() {
			if !slices.Contains(rules, tag) && tag != "jsonschema" { // which has a test of its own
				t.Errorf("%s is not tested", tag)
			}
		}
	})
}

func TestFlags(t *testing.T) {
	r, err := ParseRule("required,immutable,secret,deprecated=use other0x2C please,omitempty")
	if err != nil || !r.Required || !r.Immutable || !r.Secret || !r.Deprecated || r.Advice != "use other, please" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := ParseRule("deprecated"); err != nil || !r.Deprecated || r.Advice != "" || r.Required {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRulesThatAreNone(t *testing.T) {
	for rule, want := range map[string]string{
		"":                          "rule is empty: give it at least one tag, such as numeric",
		strings.Repeat("a", 1025):   "rule is over 1024 bytes: shorten it, or put a JSON schema into a config and write jsonschema=NAME",
		"eq=\x00":                   "rule contains a control character, or is not valid UTF-8",
		"eq=\xff":                   "rule contains a control character, or is not valid UTF-8",
		"int,":                      `rule "int,": a tag is missing: it stands between commas, as in numeric,min=1`,
		"numric":                    `rule "numric": there is no tag "numric": did you mean numeric?`,
		"ipv5":                      `rule "ipv5": there is no tag "ipv5": did you mean ipv4 or ipv6?`,
		"xyzzyxyzzy":                `rule "xyzzyxyzzy": there is no tag "xyzzyxyzzy" (in what stands`,
		"eqfield=A":                 `rule "eqfield=A": eqfield compares fields of a struct, and a rule looks at one value`,
		"dive":                      `rule "dive": dive is for structs, lists and maps, and a value is one text`,
		"file":                      `rule "file": file asks the machine that it runs on, and a value must mean the same on all nodes`,
		"int=3":                     `rule "int=3": int takes nothing behind a =`,
		"ip=4":                      `rule "ip=4": ip takes nothing behind a =`,
		"required=1":                `rule "required=1": required stands in no alternative, and takes nothing behind a =: write it between commas`,
		"int|secret":                `rule "int|secret": secret stands in no alternative, and takes nothing behind a =: write it between commas`,
		"oneof":                     `rule "oneof": oneof needs something behind a =, as in oneof=10`,
		"oneof= ":                   `rule "oneof= ": oneof needs something behind a =, as in oneof=10`,
		"min":                       `rule "min": min needs a bound, as in min=1`,
		"min=1,min=2":               `rule "min=1,min=2": min stands twice`,
		"min=x":                     `rule "min=x": min bounds the number of characters, which "x" is not: for the number itself write numeric,min=x`,
		"int,min=1s":                `rule "int,min=1s": min must be a whole number, which "1s" is not`,
		"duration,max=5":            `rule "duration,max=5": max must be a time, which "5" is not`,
		"int,min=5,max=1":           `rule "int,min=5,max=1": nothing passes: the lower bound is above the upper one`,
		"len=x":                     `rule "len=x": len is a number of characters, which "x" is not`,
		"regexp=(":                  `rule "regexp=(": error parsing regexp: missing closing ): ` + "`^(?:()$`" + `; in a rule a comma is written 0x2C`,
		"regexp=a{1,2}":             `rule "regexp=a{1,2}": there is no tag "2}" (in what stands behind a = a comma is written 0x2C; the tags are alpha `,
		"jsonschema":                `rule "jsonschema": jsonschema=NAME names the config that holds the schema: name "" is empty: give it at least one character`,
		"jsonschema=confman/x":      `rule "jsonschema=confman/x": jsonschema=NAME names the config that holds the schema: name "confman/x" is reserved: names below confman/ belong to the system`,
		"eq=a|jsonschema=schemas/x": `rule "eq=a|jsonschema=schemas/x": jsonschema stands in no alternative: write the alternatives into the schema`,
	} {
		if _, err := ParseRule(rule); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", rule, err, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, matches, not string }{
		{"port", "port", "api/port"},
		{"*_port", "http_port", "api/http_port"},
		{"*", "port", "api/port"},
		{"**", "a/b/c", "\x00"},
		{"**/timeout", "timeout", "timeouts"},
		{"**/timeout", "a/b/timeout", "a/timeout/b"},
		{"api/*", "api/port", "api/v1/port"},
		{"api/**", "api/v1/port", "apis/port"},
		{"?ort", "port", "ort"},
		{"[a-c]x", "bx", "dx"},
		{`\*`, "*", "a"},
		{`\{a\}`, "{a}", "a"},
	} {
		if err := Pattern(c.pattern); err != nil {
			t.Error(err)
		}
		if !Matches(c.pattern, c.matches) {
			t.Errorf("%s does not match %s", c.pattern, c.matches)
		}
		if c.pattern != "**" && Matches(c.pattern, c.not) {
			t.Errorf("%s matches %s", c.pattern, c.not)
		}
	}
	for pattern, want := range map[string]string{
		"":                       `pattern "" is empty: * is for all keys of the namespace, ** for those in the namespaces below it too`,
		strings.Repeat("a", 257): `is over 256 bytes: shorten it`,
		"\x00":                   `contains a control character, or is not valid UTF-8`,
		"\xff":                   `contains a control character, or is not valid UTF-8`,
		"/a":                     `must be written as a path below the namespace: without a slash at its ends, and without two in a row`,
		"a/":                     `must be written as a path below the namespace`,
		"a//b":                   `must be written as a path below the namespace`,
		"{a,b}":                  `has braces: set a rule for each of the alternatives, or write \{ for the character`,
		strings.Repeat("*a", 17): `has over 16 stars: write fewer`,
		"[a":                     `is not whole: a [ needs its ], and a \ something behind it`,
		`a\`:                     `is not whole`,
	} {
		if err := Pattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %s", pattern, err, want)
		}
	}
	if _, err := NewRule("*", "required"); err == nil || err.Error() != `required is for one config: give its key, not the pattern "*"` {
		t.Errorf("required for a pattern: %v", err)
	}
	if r, err := NewRule("api/port", "required,port"); err != nil || !r.Required {
		t.Errorf("required for a config: %+v, %v", r, err)
	}
}

func FuzzRule(f *testing.F) {
	for _, c := range tags {
		f.Add(c.rule, c.fails)
	}
	f.Add("jsonschema=schemas/a", `{"a":1}`)
	f.Fuzz(func(t *testing.T, text, value string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		schemas := func(string) (string, bool) { return value, true }
		if v := r.Check(value, schemas, false); v != nil && v.Expected == "" {
			t.Errorf("%q for %q: nothing is expected", value, text)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("**/*_port", "api/http_port")
	f.Add(`[a-\]]`, "a")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if Pattern(pattern) == nil && Literal(pattern) && Matches(pattern, path) != (pattern == path) {
			t.Errorf("%q is literal, and means another thing for %q", pattern, path)
		}
	})
}
