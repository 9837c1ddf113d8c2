package loadgen

import (
	"strings"
	"testing"
)

// replies are one reply each.
var replies = []string{
	"+OK\r\n", "-ERR no\r\n", ":-1\r\n", "$-1\r\n", "$0\r\n\r\n", "$3\r\n\n\r\n\r\n", "*-1\r\n", "*0\r\n", "_\r\n", "#t\r\n", ",1.5\r\n",
	"(123\r\n", "=6\r\ntxt:ab\r\n", "!5\r\nERR a\r\n", "*2\r\n*1\r\n:1\r\n$1\r\na\r\n", "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n*0\r\n",
	"~1\r\n+a\r\n", ">2\r\n+a\r\n+b\r\n", "|1\r\n+ttl\r\n:1\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n", "*1\r\n-ERR within\r\n",
}

// ends reads all in pieces, as sockets do, and returns where replies end.
func ends(all string, piece int) (at []int, failed int, err error) {
	var r reader
	used := 0
	for got := 0; got < len(all); {
		got = min(got+piece, len(all))
		for done := true; done; {
			var n int
			if n, done, err = r.next([]byte(all[used:got])); err != nil {
				return at, failed, err
			}
			used += n
			if done {
				at = append(at, used)
				if r.bad {
					failed++
				}
			}
		}
	}
	return at, failed, nil
}

// However replies are cut, they end where they end.
func TestReader(t *testing.T) {
	all := strings.Join(replies, "")
	for piece := 1; piece <= len(all); piece++ {
		at, failed, err := ends(all, piece)
		if err != nil || len(at) != len(replies) || failed != 3 {
			t.Fatalf("in pieces of %d: %d of %d replies, %d errors, %v", piece, len(at), len(replies), failed, err)
		}
		end := 0
		for i, reply := range replies {
			if end += len(reply); at[i] != end {
				t.Fatalf("in pieces of %d, %q ends at %d, not at %d", piece, reply, at[i], end)
			}
		}
	}
	for _, bad := range []string{"\r\n", "x\r\n", "?1\r\n", "$\r\n", "$x\r\n", "*-2\r\n", "+a\n", "$99999999999\r\n", "*999999999999\r\n", "*2\r\n?\r\n"} {
		if _, _, err := ends(bad, len(bad)); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// Pieces make no difference, and an end is never before the one that it follows.
func FuzzReader(f *testing.F) {
	for _, reply := range replies {
		f.Add(reply, 1)
	}
	f.Fuzz(func(t *testing.T, all string, piece int) {
		whole, _, err := ends(all, max(1, len(all)))
		cut, _, errCut := ends(all, 1+int(uint(piece)%64))
		if (err == nil) != (errCut == nil) || len(whole) != len(cut) {
			t.Fatalf("%q: whole %v, %v, in pieces %v, %v", all, whole, err, cut, errCut)
		}
		last := 0
		for i := range whole {
			if whole[i] != cut[i] || whole[i] <= last {
				t.Fatalf("%q: whole %v, in pieces %v", all, whole, cut)
			}
			last = whole[i]
		}
	})
}
