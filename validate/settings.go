package validate

import (
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// Settings returns a validator that knows the tags of confman's settings:
//
//	addr      HOST:PORT; [Addr] makes one of a port alone
//	token     what looks like one of confman token's
//	duration  a time above zero, such as 1500ms
//
// It names a field by its yaml tag.
func Settings() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		return name
	})
	for tag, check := range map[string]func(string) bool{"addr": isAddr, "token": isToken, "duration": isDuration} {
		err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return check(f.Field().String()) })
		if err != nil {
			panic("validate: " + err.Error()) // only for a tag that is none
		}
	}
	return v
}

// Addr completes an address: a port alone is one of loopback.
func Addr(s string) string {
	if _, err := strconv.ParseUint(strings.TrimPrefix(s, ":"), 10, 16); err == nil {
		return net.JoinHostPort("127.0.0.1", strings.TrimPrefix(s, ":"))
	}
	return s
}

func isAddr(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isToken(s string) bool {
	return strings.HasPrefix(s, "confman1.") && !strings.ContainsAny(s, " \t\n")
}

// Port returns the port of an address HOST:PORT, and 0 if that is none.
func Port(s string) uint16 {
	_, port, _ := net.SplitHostPort(s)
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func isDuration(s string) bool {
	d, err := time.ParseDuration(s)
	return err == nil && d > 0
}

// IsLoopback reports whether an address HOST:PORT is one of this machine's loopback.
func IsLoopback(s string) bool {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
