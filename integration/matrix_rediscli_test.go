package integration

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
)

// redis-cli as a person uses it, and a shell script.
var redisCLI = contestant{
	name:  "redis-cli",
	lacks: noCache,
	version: func() (string, error) {
		out, err := exec.Command("redis-cli", "--version").Output()
		return strings.TrimPrefix(strings.TrimSpace(string(out)), "redis-cli "), err
	},
	run: func(ctx context.Context, tr trial) {
		g := &cliTrial{addresses: tr.addresses, below: tr.below}
		s, err := typeInto(ctx, "redis-cli", g.at("--no-raw")...)
		if err != nil {
			tr.say(verdict{"connect", err.Error()})
			return
		}
		g.s = s
		defer g.s.end()
		perform(ctx, tr, []show{
			{"connect", g.connect},
			{"strings", g.strings},
			{"hashes", g.hashes},
			{"pipelines", g.pipelines},
			{"transactions", g.transactions},
			{"scan", g.scan},
			{"pubsub", g.pubsub},
			{"expiry", g.expiry},
			{"reconnect", g.reconnect},
		})
	},
}

type cliTrial struct {
	addresses []string
	below     string
	s         *typing
}

func (g *cliTrial) name(last string) string { return g.below + "/" + last }

// at returns redis-cli's arguments for the first address, and others behind them.
func (g *cliTrial) at(args ...string) []string { return cliAt(g.addresses[0], args...) }

func cliAt(address string, args ...string) []string {
	host, port, _ := net.SplitHostPort(address)
	return append([]string{"-h", host, "-p", port}, args...)
}

// call runs a redis-cli of its own, which reads in, and returns what it prints.
func (g *cliTrial) call(ctx context.Context, in string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "redis-cli", g.at(args...)...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// A typing is a program that reads lines and prints something about each.
type typing struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func typeInto(ctx context.Context, program string, args ...string) (*typing, error) {
	s := &typing{cmd: exec.CommandContext(ctx, program, args...)}
	r, w := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = w, w
	s.lines = bufio.NewScanner(r)
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.in = in
	context.AfterFunc(ctx, func() { _ = w.Close() })
	return s, s.cmd.Start()
}

func (s *typing) end() {
	_ = s.in.Close()
	_ = s.cmd.Process.Kill()
	go func() {
		for s.lines.Scan() { // what is left, so that it ends
		}
	}()
	_ = s.cmd.Wait()
}

// tell types lines.
func (s *typing) tell(lines string) { _, _ = io.WriteString(s.in, lines+"\n") }

// line returns what is printed next.
func (s *typing) line() (string, error) {
	if !s.lines.Scan() {
		return "", cmp.Or(s.lines.Err(), io.ErrUnexpectedEOF)
	}
	return s.lines.Text(), nil
}

// ask types lines, and returns what is printed about them.
func (s *typing) ask(lines string) (string, error) {
	s.tell(lines + "\nECHO that-was-all")
	for all := []string(nil); ; {
		line, err := s.line()
		if err != nil || line == `"that-was-all"` {
			return strings.Join(all, "\n"), err
		}
		all = append(all, line)
	}
}

func (g *cliTrial) connect(_ context.Context, c *check) {
	c.is("PONG")(g.s.ask("PING"))
	c.is("OK\n\"matrix\"")(g.s.ask("CLIENT SETNAME matrix\nCLIENT GETNAME"))
}

func (g *cliTrial) strings(ctx context.Context, c *check) {
	c.is("OK")(g.call(ctx, "k\xe4se\r\n\x00", "-x", "SET", g.name("text")))
	c.is(`"k\xe4se\r\n\x00"`)(g.s.ask("GET " + g.name("text")))
	c.is("1) \"k\\xe4se\\r\\n\\x00\"\n2) (nil)")(g.s.ask("MGET " + g.name("text") + " " + g.name("nothing")))
	for n := 1; c.err == nil; n++ {
		if struck, _ := g.s.ask("EXISTS " + g.name("struck")); struck == "(integer) 1" {
			break
		}
		c.is(fmt.Sprintf("(integer) %d", n))(g.s.ask("INCR " + g.name("count")))
	}
}

func (g *cliTrial) hashes(ctx context.Context, c *check) {
	h := g.name("hash")
	c.is("(integer) 3")(g.s.ask("HSET " + h + " a 1 b 2 c 3"))
	c.is(`{"a":"1","b":"2","c":"3"}`)(g.call(ctx, "", "--json", "HGETALL", h))
	c.is(`"2"`)(g.s.ask("GET " + h + "/b"))
	c.is("(integer) 1\n(integer) 2")(g.s.ask("HDEL " + h + " b\nHLEN " + h))
}

func (g *cliTrial) pipelines(ctx context.Context, c *check) {
	piped := strings.Repeat("INCR "+g.name("piped")+"\r\n", 99) + "HGET " + g.name("text") + " field\r\n"
	out, _ := g.call(ctx, piped, "--pipe") // the error makes it one of the program's
	c.that(out, strings.Contains(out, "errors: 1, replies: 100") && strings.Contains(out, "WRONGTYPE"))
	c.is(`"99"`)(g.s.ask("GET " + g.name("piped")))
}

func (g *cliTrial) transactions(ctx context.Context, c *check) {
	name := g.name("watched")
	c.is("OK\nOK\nQUEUED\n1) (integer) 1")(g.s.ask("WATCH " + name + "\nMULTI\nINCR " + name + "\nEXEC"))
	c.is("OK")(g.s.ask("WATCH " + name))
	c.is("OK")(g.call(ctx, "", "SET", name, "7"))
	c.is("OK\nQUEUED\n(nil)\n\"7\"")(g.s.ask("MULTI\nINCR " + name + "\nEXEC\nGET " + name))
}

func (g *cliTrial) scan(ctx context.Context, c *check) {
	var names, fields []string
	set := "HSET " + g.name("many")
	for i := range 250 {
		field := fmt.Sprintf("%03d", i)
		names, fields = append(names, g.name("many/")+field), append(fields, field, "x")
		set += " " + field + " x"
	}
	c.is("(integer) 250")(g.s.ask(set))
	out, err := g.call(ctx, "", "--scan", "--pattern", g.name("many/*"))
	c.is(fmt.Sprint(names))(slices.Sorted(strings.FieldsSeq(out)), err)
	out, err = g.call(ctx, "", "HSCAN", g.name("many"), "0", "COUNT", "1000")
	c.is(fmt.Sprint(fields))(strings.Fields(out)[1:], err) // behind the cursor
}

func (g *cliTrial) pubsub(ctx context.Context, c *check) {
	for subscribe, to := range map[string]string{"SUBSCRIBE": g.name("channel"), "PSUBSCRIBE": g.name("chan*")} {
		s, err := typeInto(ctx, "redis-cli", g.at("--csv", subscribe, to)...)
		if err != nil {
			c.is(nil)(nil, err)
			return
		}
		c.is("Reading messages... (press Ctrl-C to quit)")(s.line())
		c.is(fmt.Sprintf("%q,%q,1", strings.ToLower(subscribe), to))(s.line())
		c.is("(integer) 1")(g.s.ask("PUBLISH " + g.name("channel") + " hello"))
		m, _ := s.line()
		c.that(m, strings.HasSuffix(m, fmt.Sprintf(`,%q,"hello"`, g.name("channel"))))
		s.end()
	}
}

func (g *cliTrial) expiry(ctx context.Context, c *check) {
	name := g.name("soon")
	c.is("OK")(g.s.ask("SET " + name + " x PX 100"))
	c.until(ctx, "it is gone", func() bool { got, err := g.s.ask("GET " + name); return err == nil && got == "(nil)" })
	c.is("OK\n(integer) 3600")(g.s.ask("SETEX " + name + " 3600 x\nTTL " + name))
	c.is("(integer) 1\n(integer) -1")(g.s.ask("PERSIST " + name + "\nTTL " + name))
}

// reconnect goes elsewhere with redis-cli's own connect. It may print two lines about a connection that has
// broken: then each reply stands in the place of the one behind it.
func (g *cliTrial) reconnect(_ context.Context, c *check) {
	host, port, _ := net.SplitHostPort(g.addresses[1])
	acknowledged, doubtful, since := 0, 0, 0
	for since < 20 && c.err == nil {
		g.s.tell("INCR " + g.name("again"))
		line, err := g.s.line()
		switch {
		case err != nil || strings.HasPrefix(line, "(error)"):
			c.is("(integer)")(line, err)
		case !strings.HasPrefix(line, "(integer)"):
			doubtful++
			g.s.tell("connect " + host + " " + port)
		default:
			acknowledged++
			if doubtful > 0 {
				since++
			}
		}
	}
	c.text = fmt.Sprintf("%d acknowledged, %d in doubt", acknowledged, doubtful)
}
