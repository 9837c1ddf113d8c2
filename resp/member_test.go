package resp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/store"
)

// administration notes what it is asked for.
type administration struct{ asked []string }

func (a *administration) note(format string, args ...any) (string, error) {
	a.asked = append(a.asked, fmt.Sprintf(format, args...))
	return "done", nil
}

func (a *administration) List() [][]resp.Fact {
	return [][]resp.Fact{{{Name: "id", Value: "1"}, {Name: "role", Value: "leader"}}, {{Name: "id", Value: "2"}, {Name: "role", Value: "voter"}}}
}

func (a *administration) Invite(_ context.Context, nonVoter bool, replaces uint64, ttl time.Duration) (string, error) {
	return a.note("invite %v %d %v", nonVoter, replaces, ttl)
}

func (a *administration) Promote(_ context.Context, node uint64) (string, error) {
	return a.note("promote %d", node)
}

func (a *administration) Demote(_ context.Context, node uint64) (string, error) {
	return a.note("demote %d", node)
}

func (a *administration) Lead(_ context.Context, node uint64) error {
	if node == 8 {
		return fmt.Errorf("%w: nobody leads", store.ErrUnavailable)
	}
	_, err := a.note("lead %d", node)
	return err
}

func (a *administration) Remove(_ context.Context, node uint64, force bool) (string, error) {
	switch node {
	case 8:
		return "", fmt.Errorf("%w: nobody leads", store.ErrUnavailable)
	case 9:
		return "", fmt.Errorf("remove: %w", resp.Error("ERR nothing was changed: node 9 is the last voter"))
	}
	return a.note("remove %d %v", node, force)
}

func (a *administration) Profile() string { return "edge" }

func (a *administration) SetProfile(_ context.Context, name string) (string, error) {
	return a.note("profile %s", name)
}

// MEMBER commands reach whoever administers the cluster, and mistakes in them do not.
func TestMemberCommands(t *testing.T) {
	a, node := &administration{}, newSpy()
	node.loading, node.refuse = true, store.ErrLoading // a node that copies the state can be administered too
	c := dial(t, serve(t, &resp.Server{Members: a, Node: node}))
	for _, each := range []struct{ line, answer, asked string }{
		{"MEMBER ADD", `"done"`, "invite false 0 0s"},
		{"member add nonvoter ttl 60", `"done"`, "invite true 0 1m0s"},
		{"MEMBER ADD TTL 0", "(error) ERR a token is good for 1 to 604800 seconds", ""},
		{"MEMBER ADD TTL 604801", "(error) ERR a token is good for 1 to 604800 seconds", ""},
		{"MEMBER ADD VOTER", "(error) ERR syntax error", ""},
		{"MEMBER REPLACE 3 TTL 604800", `"done"`, "invite false 3 168h0m0s"},
		{"MEMBER REPLACE", "(error) ERR wrong number of arguments for 'member|replace' command", ""},
		{"MEMBER PROMOTE 4", `"done"`, "promote 4"},
		{"MEMBER PROMOTE four", "(error) ERR value is not an integer or out of range", ""},
		{"MEMBER DEMOTE 0", "(error) ERR a node's number is 1 or more: MEMBER LIST has them", ""},
		{"MEMBER DEMOTE 4", `"done"`, "demote 4"},
		{"MEMBER LEAD 4", "OK", "lead 4"},
		{"MEMBER LEAD 0", "(error) ERR a node's number is 1 or more: MEMBER LIST has them", ""},
		{"MEMBER LEAD 8", "(error) CLUSTERDOWN the cluster has no leader: nobody leads", ""},
		{"MEMBER LEAD", "(error) ERR wrong number of arguments for 'member|lead' command", ""},
		{"MEMBER REMOVE 4", `"done"`, "remove 4 false"},
		{"MEMBER REMOVE 4 FORCE", `"done"`, "remove 4 true"},
		{"MEMBER REMOVE 8", "(error) CLUSTERDOWN the cluster has no leader: nobody leads", ""},
		{"MEMBER REMOVE 9", "(error) ERR nothing was changed: node 9 is the last voter", ""},
		{"MEMBER PROFILE", `"edge"`, ""},
		{"MEMBER PROFILE WAN", `"done"`, "profile wan"},
		{"MEMBER PROFILE lan wan", "(error) ERR wrong number of arguments for 'member|profile' command", ""},
		{"MEMBER LIST", "1) 1) \"id\"\n   2) \"1\"\n   3) \"role\"\n   4) \"leader\"\n2) 1) \"id\"\n   2) \"2\"\n   3) \"role\"\n   4) \"voter\"", ""},
		{"MEMBER NONE", "(error) ERR unknown subcommand 'NONE'. Try MEMBER HELP.", ""},
	} {
		a.asked = nil
		reply, err := c.Do(t.Context(), strings.Fields(each.line)...)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Format(reply); got != each.answer || strings.Join(a.asked, ";") != each.asked {
			t.Errorf("%s: %s, asked %v", each.line, got, a.asked)
		}
	}
}
