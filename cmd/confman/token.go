package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
)

func (p *program) tokenCommand() *cli.Command {
	return &cli.Command{
		Name: "token", Usage: "print a token, with which one new machine can join the cluster: confman serve --join TOKEN",
		Flags: p.clientFlags(
			&cli.BoolFlag{Name: "non-voter", Aliases: []string{"nonvoter"}, Usage: "the new node gets no vote: for edge sites", DisableDefaultText: true},
			&cli.DurationFlag{Name: "ttl", Usage: "how long the token holds", Value: time.Hour},
		),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.token(n, c.Bool("non-voter"), c.Duration("ttl")) })
		},
	}
}

func (p *program) token(n *node, nonVoter bool, ttl time.Duration) error {
	words := []string{"MEMBER", "ADD"}
	if nonVoter {
		words = append(words, "NONVOTER")
	}
	reply, err := n.do(append(words, "TTL", strconv.FormatInt(int64(ttl/time.Second), 10))...)
	if err != nil {
		return err
	}
	return p.show(map[string]any{"token": reply}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, reply)
		return err
	})
}
