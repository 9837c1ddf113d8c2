package resp_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"confman/resp"
)

// INCRBYFLOAT answers what Redis does, whatever it is given.
func TestFloatsAreRedis(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("C's long double is another number on this machine than the one that confman calculates with")
	}
	redis, confman := dial(t, redis(t)), dial(t, serve(t, &resp.Server{}))
	rnd := rand.New(rand.NewPCG(1, 2))
	pairs := [][2]string{}
	for _, a := range oddFloats {
		for _, b := range oddFloats {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	for range 4000 {
		pairs = append(pairs, [2]string{randomFloat(rnd), randomFloat(rnd)})
	}
	for _, p := range pairs {
		got, want := sum(t, confman, p), sum(t, redis, p)
		if got != want {
			t.Errorf("%q and %q: confman %q, Redis %q", short(p[0]), short(p[1]), short(got), short(want))
		}
	}
}

// oddFloats are texts at the borders of what is a number.
var oddFloats = []string{
	"0", "-0", "0.0", "+5", "5.", ".5", "-.5e1", ".", "", "-", "+-5", "1e", "1e+", "1e5", "1E-5", "5.0e3", "1_0", " 1", "1 ", "1\x00", "1,5",
	"0x10", "0X1P-2", "0x.8", "0x1p", "0x", "0xg", "-0x1.8p3", "0x1p16383", "0x1p16384", "0x1p-16445", "0x1p-16446", "0x1.8p-16446", "0x1p99999999999",
	"inf", "-INF", "+infinity", "infinit", "nan", "NaN(1)", "1e4932", "-1.18e4932", "1.19e4932", "1e-4950", "1e-4951", "1e9999999999999999999", "0e9999999999999999999",
	"18446744073709551615", "18446744073709551616", "18446744073709551617", "9223372036854775807.5", "0.1", "10.5", "0.00000000000000001", "0.000000000000000005", "1.000000000000000005",
	"3.0000000000000000000000000000000000000001", strings.Repeat("9", 5119), "0." + strings.Repeat("0", 5000) + "1", strings.Repeat("1", 5120), "00012", "Infinity\n",
}

// randomFloat writes a number in one of the ways that clients do.
func randomFloat(rnd *rand.Rand) string {
	switch rnd.IntN(6) {
	case 0:
		return strconv.FormatInt(rnd.Int64N(1<<uint(rnd.IntN(63)))-rnd.Int64N(100), 10)
	case 1:
		return fmt.Sprintf("%.*f", rnd.IntN(20), (rnd.Float64()-0.5)*math.Pow10(rnd.IntN(25)))
	case 2:
		return fmt.Sprintf("%.*e", rnd.IntN(20), rnd.NormFloat64()*math.Pow10(rnd.IntN(600)-300))
	case 3:
		return strconv.FormatFloat(rnd.NormFloat64()*math.Pow10(rnd.IntN(30)-15), 'x', rnd.IntN(16)-1, 64)
	case 4:
		return fmt.Sprintf("%d.%d%d", rnd.IntN(100), rnd.Uint64(), rnd.Uint64())
	default:
		return fmt.Sprintf("%d.%02d", rnd.IntN(1000)-500, rnd.IntN(100))
	}
}

// sum sets a config to one number and adds another.
func sum(t *testing.T, c *resp.Client, pair [2]string) string {
	t.Helper()
	if _, err := c.Do(context.Background(), "SET", "x", pair[0]); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Do(context.Background(), "INCRBYFLOAT", "x", pair[1])
	if err != nil {
		t.Fatal(err)
	}
	return resp.Format(reply)
}

func short(s string) string { return s[:min(len(s), 80)] }
