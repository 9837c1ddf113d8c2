package validate_test

import (
	"testing"

	"confman/validate"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		written, completed string
		fine, loopback     bool
		port               uint16
	}{
		{"7000", "127.0.0.1:7000", true, true, 7000},
		{":7000", "127.0.0.1:7000", true, true, 7000},
		{"0", "127.0.0.1:0", true, true, 0},
		{"127.8.8.8:1", "127.8.8.8:1", true, true, 1},
		{"localhost:65535", "localhost:65535", true, true, 65535},
		{"[::1]:7000", "[::1]:7000", true, true, 7000},
		{"[::]:7000", "[::]:7000", true, false, 7000},
		{"0.0.0.0:7000", "0.0.0.0:7000", true, false, 7000},
		{"example.org:7000", "example.org:7000", true, false, 7000},
		{"::1:7000", "::1:7000", false, false, 0},
		{"65536", "65536", false, false, 0},
		{"127.0.0.1:65536", "127.0.0.1:65536", false, true, 0},
		{"127.0.0.1:", "127.0.0.1:", false, true, 0},
		{"127.0.0.1", "127.0.0.1", false, false, 0},
		{"-1", "-1", false, false, 0},
		{"", "", false, false, 0},
	} {
		var s struct {
			A string `yaml:"a" validate:"addr"`
		}
		s.A = validate.Addr(c.written)
		if s.A != c.completed {
			t.Errorf("%q is completed to %q, want %q", c.written, s.A, c.completed)
		}
		if err := validate.Settings().Struct(s); (err == nil) != c.fine {
			t.Errorf("%q as an address: %v", c.written, err)
		}
		if got := validate.IsLoopback(s.A); got != c.loopback {
			t.Errorf("%q is loopback: %v", c.written, got)
		}
		if got := validate.Port(s.A); got != c.port {
			t.Errorf("%q has port %d, want %d", c.written, got, c.port)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, fine := range map[string]bool{
		"1500ms": true, "1m30s": true, "1ns": true,
		"0s": false, "-1s": false, "1500": false, "soon": false, "": false,
	} {
		var s struct {
			D string `yaml:"d" validate:"duration"`
		}
		s.D = text
		if err := validate.Settings().Struct(s); (err == nil) != fine {
			t.Errorf("%q as a duration: %v", text, err)
		}
	}
}
