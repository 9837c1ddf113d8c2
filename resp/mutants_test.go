package resp_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// hostileInputs is how many broken inputs are compared with Redis: 6,000, or with -short a tenth, or CONFMAN_HOSTILE_INPUTS.
func hostileInputs() int { return fromEnv("CONFMAN_HOSTILE_INPUTS", fewer(6_000)) }

// breeder makes inputs that were whole once. Their commands answer what was read of them, and leave
// nothing behind.
type breeder struct{ *rand.Rand }

func (b breeder) of(all ...string) string { return all[b.IntN(len(all))] }

// word is one of a command, in all its bytes.
func (b breeder) word() string {
	switch b.IntN(6) {
	case 0:
		return ""
	case 1:
		return b.of("\r\n", "$3\r\n", "*1\r\n$4\r\nPING\r\n", "a b", `"`, "'", "\xff\x00\x16", "Host:")
	case 2:
		return strings.Repeat("x", b.IntN(300))
	}
	return b.of("a", "key", "value", "10", "-1", "привет")
}

// command is one as a client encodes it, or as somebody types it.
func (b breeder) command() string {
	words := []string{b.of("ECHO", "ECHO", "echo", "PING", "FROB")}
	for range b.IntN(4) {
		words = append(words, b.word())
	}
	switch b.IntN(8) {
	case 0:
		return b.of("*0\r\n", "*-1\r\n", "\r\n", "*-5\r\n", "\n")
	case 1:
		return b.of("PING", "ECHO 'a b'", `ECHO "a\x41\n"`, `ECHO ""`, "ECHO  a", "FROB 'it\\'s'", `FROB "a"b`, "ECHO 'a") + b.of("\r\n", "\n")
	}
	return encoded(words)
}

func encoded(words []string) string {
	var all strings.Builder
	fmt.Fprintf(&all, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&all, "$%d\r\n%s\r\n", len(w), w)
	}
	return all.String()
}

// numbers are what lengths and counts may be said to be.
var numbers = []string{
	"-1", "0", "1", "2", "3", "4", "5", "10", "11", "16384", "16385", "65536", "1048576", "1048577", "2147483647", "2147483648",
	"536870912", "536870913", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999", "+1", "01", "-0", "", " 1", "1 ", "1e3", "0x1", "one",
}

var lengths = regexp.MustCompile(`[*$][^\r]*\r`)

// mutate breaks an input in one place.
func (b breeder) mutate(s string) string {
	if s == "" {
		return b.command()
	}
	from := b.IntN(len(s))
	to := min(len(s), from+1+b.IntN(6))
	switch b.IntN(8) {
	case 0: // a byte is another
		return s[:from] + string([]byte{byte(b.IntN(256))}) + s[from+1:]
	case 1: // or a bit of it is
		return s[:from] + string([]byte{s[from] ^ 1<<b.IntN(8)}) + s[from+1:]
	case 2: // the rest does not come
		return s[:from]
	case 3: // something is missing
		return s[:from] + s[to:]
	case 4: // comes twice
		return s[:to] + s[from:]
	case 5: // or is inserted
		return s[:from] + b.of("\r", "\n", "\r\n", "\x00", "*1\r\n", "$1\r\n", "*2\r\n*1\r\n", "'", `"`, " ", "$-1\r\n", "*", "$", ":1\r\n", "+OK\r\n") + s[from:]
	case 6: // a line ends otherwise
		all := strings.Split(s, "\r\n")
		at := b.IntN(len(all))
		return strings.Join(all[:at], "\r\n") + b.of("\r", "\n", "\n\r", "\r\r", "\rx") + strings.Join(all[at:], "\r\n")
	}
	// a length is another
	if all := lengths.FindAllStringIndex(s, -1); len(all) > 0 {
		at := all[b.IntN(len(all))]
		return s[:at[0]+1] + b.of(numbers...) + s[at[1]-1:]
	}
	return s
}

// input is some commands, broken in up to three places.
func (b breeder) input() (s string) {
	for range 1 + b.IntN(4) {
		s += b.command()
	}
	for range b.IntN(4) {
		s = b.mutate(s)
	}
	return s
}

// said sends bytes to a server, and that there will not be more, and returns all that it says.
func said(t *testing.T, addr, bytes string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, bytes); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("%q: %v", bytes, err)
	}
	return string(answer)
}

const broken = "-ERR Protocol error: "

// A difference is one that is meant: where Redis answers, and confman ends the connection, or the other
// way round. What both answer before that is the same.
type difference struct {
	why string
	is  func(sent, confman, redis string) bool // of what only one of them says
}

// stricter are the inputs of which confman thinks worse than Redis does.
var stricter = []difference{
	{why: "a length ends with CRLF; Redis skips whatever byte is behind CR", is: func(sent, confman, _ string) bool {
		return regexp.MustCompile("[*$][^\r]*\r[^\n]").MatchString(sent) && strings.HasPrefix(confman, broken+"invalid ")
	}},
	{why: "a word ends with CRLF; Redis skips whatever two bytes are behind it", is: func(_, confman, _ string) bool {
		return confman == broken+"bulk string does not end with CRLF\r\n"
	}},
	{why: "what cannot become right is refused at once; Redis waits for CR", is: func(_, confman, redis string) bool {
		return redis == "" && (strings.HasPrefix(confman, broken+"expected '$', got ") || strings.HasPrefix(confman, broken+"invalid "))
	}},
	{why: "a command has at most 1,048,576 words, and a word 16 MiB; in Redis more", is: func(sent, confman, _ string) bool {
		return strings.HasPrefix(confman, broken+"invalid ") && regexp.MustCompile(`\*(1048577|536870912|536870913|2147483647)\r|\$536870912\r`).MatchString(sent)
	}},
	{why: "the byte that stands for $ is quoted if it can be shown; by Redis as it is", is: func(_, confman, redis string) bool {
		return confman == broken+"expected '$', got '?'\r\n" && strings.HasPrefix(redis, broken+"expected '$', got '")
	}},
	{why: "a line may have a zero byte in it; Redis takes it for the end, and waits for the line's", is: func(sent, _, redis string) bool {
		return redis == "" && strings.Contains(sent, "\x00")
	}},
	{why: "Redis hangs up on Host: wherever a command may begin, and forgets what it has not sent yet", is: func(sent, _, redis string) bool {
		return redis == "" && strings.Contains(strings.ToLower(sent), "host:")
	}},
}

// strangers matches what Redis tells strangers of a command before it asks them for the password; confman
// does not say which commands it knows.
var strangers = regexp.MustCompile("-ERR (unknown command|wrong number)[^\r]*\r\n")

const noAuth = "-NOAUTH Authentication required.\r\n"

// apart returns what only one of two answers has, from the last reply on that is the same.
func apart(confman, redis string) (string, string) {
	n := 0
	for n < min(len(confman), len(redis)) && confman[n] == redis[n] {
		n++
	}
	same := strings.LastIndex(confman[:n], "\r\n") + 2
	if same < 2 {
		same = 0
	}
	return confman[same:], redis[same:]
}

// Broken inputs are read as Redis reads them: the same commands come out of them, and the same error ends
// the connection, before the password is shown and after, but for what is meant.
func TestBrokenInputIsReadAsByRedis(t *testing.T) {
	for _, password := range []string{"", "secret"} {
		t.Run("password "+password, func(t *testing.T) {
			redis := redis(t)
			if password != "" {
				if _, err := dial(t, redis).Do(context.Background(), "CONFIG", "SET", "requirepass", password); err != nil {
					t.Fatal(err)
				}
			}
			confman := serve(t, &resp.Server{Password: password})
			met, refused := make([]int, len(stricter)), 0
			for i := range hostileInputs() / 2 {
				sent := breeder{rand.New(rand.NewPCG(uint64(randomSeed()), uint64(i)))}.input()
				if password != "" && i%4 == 0 {
					sent = encoded([]string{"AUTH", password}) + sent
				}
				ours, theirs := said(t, confman, sent), said(t, redis, sent)
				if password != "" && i%4 > 0 {
					ours, theirs = strangers.ReplaceAllString(ours, noAuth), strangers.ReplaceAllString(theirs, noAuth)
				}
				if strings.Contains(ours, broken) {
					refused++
				}
				if ours == theirs {
					continue
				}
				met = meant(t, met, sent, ours, theirs)
			}
			if refused < hostileInputs()/2/10 {
				t.Errorf("only %d inputs were refused: they are not broken enough", refused)
			}
			t.Logf("%d inputs, %d of them refused; differences that are meant: %v", hostileInputs()/2, refused, met)
		})
	}
}

// meant counts a difference that is meant, and tells of one that is not.
func meant(t *testing.T, met []int, sent, ours, theirs string) []int {
	t.Helper()
	a, b := apart(ours, theirs)
	for k, d := range stricter {
		if d.is(sent, a, b) {
			met[k]++
			return met
		}
	}
	t.Errorf("of %q\nconfman says %q\nRedis says   %q", sent, ours, theirs)
	return met
}
