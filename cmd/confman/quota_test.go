package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"confman/resp"
)

// However many clients of all nodes race for what is left of a quota, it is used up and never exceeded,
// and each of them is told the truth.
func TestRaceForAQuota(t *testing.T) {
	const quota, clients, tries = 40, 6, 20
	nodes := threeMembers(t)
	dial := func(node int) *resp.Client {
		c, err := resp.Dial(t.Context(), nodes[node].addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	if r, err := dial(0).Do(t.Context(), "NS", "SET", "q", "QUOTA", fmt.Sprint(quota), "0"); err != nil || r != resp.Status("OK") {
		t.Fatal(r, err)
	}
	settled(t, nodes)
	var set, refused atomic.Int64
	var racing sync.WaitGroup
	for i := range clients {
		c := dial(i % len(nodes))
		racing.Go(func() {
			for j := range tries {
				r, err := c.Do(t.Context(), "SET", fmt.Sprintf("q/%d/%d", i, j), "x")
				switch full, _ := r.(resp.Error); {
				case err == nil && r == resp.Status("OK"):
					set.Add(1)
				case strings.HasPrefix(string(full), "OOM namespace q is at its quota of 40 keys: it holds 40, and this would make it 41;"):
					refused.Add(1)
				default:
					t.Errorf("%v, %v", r, err)
				}
			}
		})
	}
	racing.Wait()
	settled(t, nodes)
	for i := range nodes {
		if r, err := dial(i).Do(t.Context(), "DBSIZE"); err != nil || r != int64(quota) {
			t.Errorf("node %d holds %v configs (%v)", i, r, err)
		}
	}
	if set.Load() != quota || refused.Load() != clients*tries-quota {
		t.Errorf("%d were set, and %d refused", set.Load(), refused.Load())
	}
}
