package resp_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/rdb"
)

// encodings makes keys in all encodings that Redis has for strings and hashes.
func encodings(t *testing.T, c *resp.Client) (keys []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var commands [][]string
	for _, pair := range [][2]string{
		{"empty", ""},
		{"int8", "-128"},
		{"int16", "32767"},
		{"int32", "-2147483648"},
		{"int", "9223372036854775807"},
		{"almost", "-0"},
		{"embstr", "30s"},
		{"bytes", "\x00\r\n\xff"},
		{"raw", randomText(r, 1000, 26)},
		{"long", randomText(r, 100_000, 26)},
		{"compressed", strings.Repeat("all the same ", 5000)},
	} {
		commands = append(commands, []string{"SET", pair[0], pair[1]})
	}
	small := []string{"HSET", "small"}
	for i := range 40 {
		small = append(small, fmt.Sprint(1<<i), strconv.Itoa(-i*i*i*1_000_003), fmt.Sprintf("field%d", i), randomText(r, i, 2))
	}
	repeating := []string{"HSET", "repeating", strings.Repeat("n", 60), strings.Repeat("v", 60), strings.Repeat("m", 60), strings.Repeat("v", 60)}
	wide := []string{"HSET", "wide", "field", strings.Repeat("wide ", 1000), "7", randomText(r, 20_000, 26)}
	many := []string{"HSET", "many"}
	for i := range 3000 {
		many = append(many, fmt.Sprintf("field%d", i), fmt.Sprint(i))
	}
	commands = append(commands, small, repeating, wide, many, []string{"EXPIRE", "int8", "1000"}, []string{"EXPIRE", "small", "1000"})
	replies, err := c.Pipeline(context.Background(), commands...)
	if err != nil {
		t.Fatal(err)
	}
	for i, reply := range replies {
		if failed, is := reply.(resp.Error); is {
			t.Fatalf("%.40q: %v", commands[i], failed)
		}
		if commands[i][0] != "EXPIRE" {
			keys = append(keys, commands[i][1])
		}
	}
	return keys
}

// each sends a command for each of some keys, in one go.
func each(t *testing.T, c *resp.Client, keys []string, words func(key string) []string) []resp.Reply {
	t.Helper()
	var commands [][]string
	for _, key := range keys {
		commands = append(commands, words(key))
	}
	replies, err := c.Pipeline(context.Background(), commands...)
	if err != nil {
		t.Fatal(err)
	}
	return replies
}

// content returns what keys hold, and for how many seconds.
func content(t *testing.T, c *resp.Client, keys []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	kinds := each(t, c, keys, func(key string) []string { return []string{"TYPE", key} })
	ttls := each(t, c, keys, func(key string) []string { return []string{"TTL", key} })
	for i, key := range keys {
		held := ""
		if kinds[i] == resp.Status("hash") {
			reply, err := c.Do(context.Background(), "HGETALL", key)
			if err != nil {
				t.Fatal(err)
			}
			pairs := words(reply)
			fields := map[string]string{}
			for n := 0; n < len(pairs); n += 2 {
				fields[pairs[n]] = pairs[n+1]
			}
			held = fmt.Sprintf("%q", fields)
		} else {
			held = do(t, c, "GET "+key)
		}
		ttl := ttls[i].(int64)
		if ttl > 900 {
			ttl = 1000 // give or take the test's own time
		}
		all[key] = fmt.Sprintf("%v for %d: %s", kinds[i], ttl, held)
	}
	return all
}

// migrate moves keys as tools do: PTTL and DUMP here, RESTORE ... REPLACE there.
func migrate(t *testing.T, from, to *resp.Client, keys []string) {
	t.Helper()
	ttls := each(t, from, keys, func(key string) []string { return []string{"PTTL", key} })
	dumps := each(t, from, keys, func(key string) []string { return []string{"DUMP", key} })
	n := -1
	for i, reply := range each(t, to, keys, func(key string) []string {
		n++
		return []string{"RESTORE", key, fmt.Sprint(max(0, ttls[n].(int64))), dumps[n].(string), "REPLACE"}
	}) {
		if reply != resp.Status("OK") {
			t.Errorf("RESTORE %s: %v", keys[i], reply)
		}
	}
}

// Configs move to Redis and back by DUMP and RESTORE, whatever Redis holds them in.
func TestMigration(t *testing.T) {
	addr := serve(t, &resp.Server{})
	redisAddr := redis(t)
	confman, source := dial(t, addr), dial(t, redisAddr)
	keys := encodings(t, source)
	want := content(t, source, keys)
	same := func(where string, c *resp.Client) {
		t.Helper()
		got := content(t, c, keys)
		for _, key := range keys {
			if got[key] != want[key] {
				t.Errorf("%s, %s: %.100s, want %.100s", where, key, got[key], want[key])
			}
		}
	}
	migrate(t, source, confman, keys)
	same("from Redis", confman)
	do(t, source, "FLUSHALL")
	migrate(t, confman, source, keys)
	same("and back", source)
	migrate(t, source, confman, keys)
	same("over what is there", confman)

	for _, key := range keys {
		do(t, confman, "DEL "+key)
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := source.Do(context.Background(), append([]string{"MIGRATE", "127.0.0.1", port, "", "0", "10000", "COPY", "KEYS"}, keys...)...)
	if err != nil || reply != resp.Status("OK") {
		t.Fatalf("MIGRATE: %v, %v", reply, err)
	}
	same("by MIGRATE", confman)
}

// seal gives a payload's bytes the footer of Redis 7.0.
func seal(body string) string {
	b := append([]byte(body), 10, 0)
	sum := ^crc64.Update(^uint64(0), crc64.MakeTable(0x95ac9329ac4bc9b5), b)
	return string(binary.LittleEndian.AppendUint64(b, sum))
}

// shown shows a value, a hash's fields in the order of their names.
func shown(v rdb.Value) string {
	if v.Hash == nil {
		return fmt.Sprintf("%q", v.Text)
	}
	fields := map[string]string{}
	for _, f := range v.Hash {
		fields[f.Name] = f.Value
	}
	return fmt.Sprintf("%q", fields)
}

// A damaged payload that Redis refuses is refused, and what both take is understood as Redis does.
// (Redis does not look where a value ends, and takes some nonsense for a length.)
func TestDamagedPayloadsAreRedis(t *testing.T) {
	source := dial(t, redis(t))
	do(t, source, "CONFIG SET sanitize-dump-payload yes")
	bodies := []string{
		"\x04\x03\x01a\x01b\x01c\xc0\x07\xc0\x01\x00",
		"\x09\x12\x02\x03one\x03\x00two\x01b\x01\x02x..\xff",
		"\x0d\x16\x16\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf3\x02\x01b\x03\xfe\x80\xff",
	}
	for _, reply := range each(t, source, encodings(t, source), func(key string) []string { return []string{"DUMP", key} }) {
		if body := reply.(string); len(body) < 3000 {
			bodies = append(bodies, body[:len(body)-10])
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	both := 0
	for n := range 8000 {
		body := []byte(bodies[n%len(bodies)])
		for range r.IntN(3) {
			at := r.IntN(min(len(body), 60))
			body[at] = [...]byte{byte(r.IntN(256)), body[at] + 1, body[at] - 1, body[r.IntN(len(body))]}[r.IntN(4)]
		}
		if body[0] != 0 && body[0] != 4 && body[0] != 9 && body[0] != 13 && body[0] != 16 {
			continue
		}
		payload := seal(string(body))
		replies, err := source.Pipeline(context.Background(), []string{"RESTORE", "k", "0", payload, "REPLACE"}, []string{"GET", "k"}, []string{"HGETALL", "k"})
		if err != nil {
			t.Fatal(err)
		}
		v, err := rdb.Decode(payload, 1<<20)
		if err != nil {
			continue
		}
		if replies[0] != resp.Status("OK") {
			t.Errorf("%q is read as %s, and Redis says %v", body, shown(v), replies[0])
			continue
		}
		both++
		want := rdb.Value{}
		if v.Hash == nil {
			want.Text = replies[1].(string)
		} else {
			pairs := words(replies[2])
			for i := 0; i < len(pairs); i += 2 {
				want.Hash = append(want.Hash, rdb.Field{Name: pairs[i], Value: pairs[i+1]})
			}
		}
		if shown(v) != shown(want) {
			t.Errorf("%q is read as %s, and by Redis as %s", body, shown(v), shown(want))
		}
	}
	if both < 4000 {
		t.Errorf("only %d of the payloads were good", both)
	}
}

// What RESTORE refuses changes nothing, not even with REPLACE.
func TestRestoreIsAllOrNothing(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{MaxValue: 100}))
	for _, line := range []string{"HSET prod/api retries 3 timeout 30s", "SET prod/eu/api/timeout 10s"} {
		do(t, c, line)
	}
	hash := func(pairs ...string) string {
		var v rdb.Value
		for ; len(pairs) > 0; pairs = pairs[2:] {
			v.Hash = append(v.Hash, rdb.Field{Name: pairs[0], Value: pairs[1]})
		}
		return v.Encode()
	}
	large := strings.Repeat("x", 101)
	for _, refused := range []struct{ name, payload, want string }{
		{"prod/api", rdb.Value{Text: large}.Encode(), "ERR value of 101 bytes is over the limit of 100 bytes (setting max_value)"},
		{"prod/api", rdb.Value{Text: strings.Repeat("x", 5<<20)}.Encode(), "ERR transaction takes more than 4194304 bytes: split it"},
		{"prod/api", hash("a", "1", "b", large), "ERR value of 101 bytes is over the limit of 100 bytes (setting max_value)"},
		{"prod/api", hash("a", "1", "", "2"), `ERR field "" is empty: give it at least one character`},
		{"prod/api", hash("a", "1", "b\n", "2"), `ERR field "b\n" contains a control character`},
		{"prod/api", hash("a", "1", "\xff", "2"), `ERR field "\xff" is not valid UTF-8`},
		{"prod/api", hash("a", "1", strings.Repeat("f", 1020), "2"), `ERR name "prod/api/` + strings.Repeat("f", 55) + `"... is over 1024 bytes: shorten it`},
		{"/", hash("a", "1", "confman", "2"), `ERR name "confman" is reserved: names below confman/ belong to the system`},
		{"confman/x", hash("a", "1"), `ERR name "confman/x" is reserved: names below confman/ belong to the system`},
		{"prod/eu", hash("a", "1", "api", "2"), `WRONGTYPE "prod/eu/api" cannot be set: it is a namespace, which holds "prod/eu/api/timeout"`},
		{"prod", rdb.Value{Text: "1"}.Encode(), `WRONGTYPE "prod" cannot be set: it is a namespace, which holds "prod/api/retries"`},
		{"prod/api/retries/x", hash("a", "1"), `WRONGTYPE "prod/api/retries/x/a" cannot be set: "prod/api/retries" is a config, so it cannot be a namespace too`},
	} {
		reply, err := c.Do(context.Background(), "RESTORE", refused.name, "0", refused.payload, "REPLACE")
		if err != nil || fmt.Sprint(reply) != refused.want {
			t.Errorf("%s: %v, want %s", refused.name, reply, refused.want)
		}
	}
	if got := do(t, c, "KEYS *"); got != "1) \"prod/api/retries\"\n2) \"prod/api/timeout\"\n3) \"prod/eu/api/timeout\"" {
		t.Errorf("there are\n%s", got)
	}
}
