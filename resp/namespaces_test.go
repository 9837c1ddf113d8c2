package resp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"confman/resp"
	"confman/store"
)

// A command of a pipeline that is refused does not take the others with it, and what one of them forces
// is not forced for the others.
func TestRefusedInAPipeline(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node, AllowFlush: true}))
	full := "(error) OOM namespace q is at its quota of 1 keys: it holds 1, and this would make it 2; delete some, or raise the quota with NS SET q QUOTA keys bytes"
	protected := "(error) PROTECTED namespace prod is protected: this would leave it without any config; " +
		"to delete it and what is below it, NS DEL prod FORCE, or take the protection off first with NS SET prod UNPROTECT"
	for _, step := range []struct{ lines, took, answers string }{
		{"NS SET q QUOTA 1 0; NS SET prod PROTECT; NS SET old PROTECT; SET prod/a 1; SET old/a 1", "U", "OK; OK; OK; OK; OK"},
		{"SET q/a 1; SET b 1; SET q/c 1; GET b", "UUUUV", "OK; OK; " + full + `; "1"`},
		{"GET b; SET b 2; GET b; SET q/c 1; GET b; SET b 3", "VUUVUVU", `"1"; OK; "2"; ` + full + `; "2"; OK`},
		{"DEL prod; SET b 4; NS DEL old FORCE; SET b 5", "UUUUU", protected + "; OK; (integer) 1; OK"},
		{"NS DEL nosuch FORCE; DEL prod; SET FORCE 1; SET b 6", "UUUUU", "(integer) 0; " + protected + "; OK; OK"},
		{"SET FORCE 1; SET b force; GET b", "UV", `OK; OK; "force"`},
		{"MULTI; NS DEL nosuch FORCE; DEL prod; EXEC", "U", "OK; QUEUED; QUEUED; 1) (integer) 0\n2) (integer) 1"},
	} {
		got := strings.Join(pipeline(t, c, strings.Split(step.lines, "; ")...), "; ")
		if took := node.took(); got != step.answers || took != step.took {
			t.Errorf("%s\ntook %s, want %s; answers\n%s\nwant\n%s", step.lines, took, step.took, got, step.answers)
		}
	}
}

// Many namespaces are listed, and their configs counted, a page at a time.
func TestManyNamespaces(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	const many = 20_100
	for i := 0; i < many; {
		words := []string{"MSET"}
		for range 2010 {
			words = append(words, fmt.Sprintf("prod/n%d/key", i), "value")
			i++
		}
		do(t, c, strings.Join(words, " "))
	}
	do(t, c, "MSET a 1 prodx/a 1 prod-x/a 1")
	for _, step := range []struct {
		words string
		took  string
		n     int
	}{
		{"NS LIST", "VVV", many + 3}, // the root, prodx and prod-x
		{"NS LIST prod/n1*", "VVV", 11_111},
		{"NS TREE prod", "VVV", many + 1},
		{"NS TREE prod/n7", "V", 1},
	} {
		node.took()
		reply, err := c.Do(t.Context(), strings.Fields(step.words)...)
		all, _ := reply.([]resp.Reply)
		if took := node.took(); err != nil || len(all) != step.n || took != step.took {
			t.Errorf("%s: %d, took %s, want %d and %s (%v)", step.words, len(all), took, step.n, step.took, err)
		}
	}
	reply, err := c.Do(t.Context(), "NS", "GET", "prod")
	if took := node.took(); err != nil || field(reply, "keys") != int64(many) || took != "VVV" {
		t.Errorf("NS GET: %s, took %s (%v)", resp.Format(reply), took, err)
	}
	do(t, c, "NS SET prod QUOTA 0 10000000")
	node.took()
	if reply, err = c.Do(t.Context(), "NS", "GET", "prod"); err != nil || field(reply, "keys") != int64(many) || node.took() != "V" {
		t.Errorf("NS GET with a quota: %s (%v)", resp.Format(reply), err)
	}
}

// noting is a node that keeps what its transactions note for the audit.
type noting struct {
	*spy
	acts []string
}

func (n *noting) Update(ctx context.Context, by string, fn func(*store.Tx) error) (revision uint64, err error) {
	_ = n.Store.Evaluate(1, []store.Update{{By: by, Do: fn}}, func(_ int, txn store.Txn, _ error) bool {
		for _, note := range txn.Notes {
			n.acts = append(n.acts, note.Act+" "+strings.Join(note.Names, " "))
		}
		return false
	})
	return n.spy.Update(ctx, by, fn)
}

// What is done to namespaces is noted for the audit, and what comes to nothing is not.
func TestNamespacesAreNoted(t *testing.T) {
	node := &noting{spy: newSpy()}
	c := dial(t, serve(t, &resp.Server{Node: node}))
	for _, line := range []string{
		"NS SET prod OWNER ops", "NS SET prod SIZE 1", "NS SET / KEEP 3", "SET prod/a 1", "NS DEL prod", "NS DEL prod FORCE", "NS DEL prod",
		"NS GET prod", "NS LIST", "NS TREE",
	} {
		do(t, c, line)
	}
	if want := []string{"NS SET prod", "NS SET /", "NS DEL prod"}; !slices.Equal(node.acts, want) {
		t.Errorf("noted %q, want %q", node.acts, want)
	}
}
