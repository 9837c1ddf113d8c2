package integration

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

// largest is the size up to which a file becomes a config.
const largest = 64 << 10

// fewest is how many configs the tree must have.
const fewest = 5000

// configName makes a config's name of a file's path: its leading slash goes, and a
// character that no name may have becomes %XX for each of its bytes, and so does %.
func configName(path string) string {
	var b strings.Builder
	for rest := strings.TrimPrefix(path, "/"); rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError || r == '%' || unicode.IsControl(r) {
			for _, c := range []byte(rest[:size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(rest[:size])
		}
		rest = rest[size:]
	}
	return b.String()
}

// files reads all regular files below a folder that are not too large, by config name.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // not readable, or not a file
		}
		if info, err := d.Info(); err != nil || info.Size() > largest {
			return nil
		}
		if content, err := os.ReadFile(path); err == nil {
			all[configName(path)] = string(content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tree returns the machine's own configuration and documentation: two halves, with more of
// /usr/share where a small machine has too little of them.
func tree(t *testing.T) (etc, doc map[string]string) {
	t.Helper()
	etc, doc = files(t, "/etc"), files(t, "/usr/share/doc")
	for _, more := range []string{"/usr/share/zoneinfo", "/usr/share/perl", "/usr/share", "/usr/lib", "/usr/local"} {
		if len(etc)+len(doc) < fewest {
			maps.Copy(doc, files(t, more))
		}
	}
	if len(etc)+len(doc) < fewest {
		t.Skipf("this machine has only %d files to load", len(etc)+len(doc))
	}
	return etc, doc
}

// pipe loads configs with redis-cli --pipe.
func pipe(t *testing.T, n *node, configs map[string]string) {
	t.Helper()
	var in bytes.Buffer
	for name, value := range configs {
		fmt.Fprintf(&in, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(name), name, len(value), value)
	}
	_, port, _ := strings.Cut(n.resp, ":")
	cmd := exec.Command("redis-cli", "-p", port, "--pipe")
	cmd.Stdin = &in
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("errors: 0, replies: %d", len(configs)); err != nil || !strings.Contains(string(out), want) {
		t.Errorf("redis-cli --pipe: %v, want %q:\n%s", err, want, out)
	}
}

// load loads configs through go-redis, in pipelines.
func load(t *testing.T, n *node, configs map[string]string) {
	t.Helper()
	client := n.client()
	defer client.Close()
	names := slices.Sorted(maps.Keys(configs))
	for chunk := range slices.Chunk(names, 100) {
		_, err := client.Pipelined(context.Background(), func(p redis.Pipeliner) error {
			for _, name := range chunk {
				p.Set(context.Background(), name, configs[name], 0)
			}
			return nil
		})
		if err != nil {
			t.Errorf("load: %v", err)
			return
		}
	}
}

// compare reads every config from a node, one way and the other.
func compare(t *testing.T, n *node, configs map[string]string) {
	t.Helper()
	ctx, client := context.Background(), n.client()
	defer client.Close()
	spaces := map[string]map[string]string{}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(configs)), 200) {
		values, err := client.MGet(ctx, chunk...).Result()
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range chunk {
			if values[i] != configs[name] {
				t.Errorf("node %s: %s differs from its file", n.resp, name)
			}
			ns, key := filepath.Split(name)
			ns = strings.TrimSuffix(ns, "/")
			if spaces[ns] == nil {
				spaces[ns] = map[string]string{}
			}
			spaces[ns][key] = configs[name]
		}
	}
	for ns, want := range spaces {
		if got, err := client.HGetAll(ctx, ns).Result(); err != nil || !maps.Equal(got, want) {
			t.Errorf("node %s: HGETALL %s: %d of %d configs, %v", n.resp, ns, len(got), len(want), err)
		}
	}
	if size, err := client.DBSize(ctx).Result(); err != nil || int(size) != len(configs) {
		t.Errorf("node %s: DBSIZE %d, want %d, %v", n.resp, size, len(configs), err)
	}
	seen := 0
	for it := client.Scan(ctx, 0, "", 500).Iterator(); it.Next(ctx); seen++ {
		if _, found := configs[it.Val()]; !found {
			t.Errorf("node %s: SCAN shows %q", n.resp, it.Val())
		}
	}
	if seen != len(configs) {
		t.Errorf("node %s: SCAN shows %d configs, want %d", n.resp, seen, len(configs))
	}
}

// A machine's own files go in through one node, by two clients at once, while another node
// is killed and comes back. Then every node holds every byte of them, and still does after
// all of them have stopped.
func TestARealTree(t *testing.T) {
	need(t, "redis-cli", "CONFMAN_REQUIRE_REDIS")
	etc, doc := tree(t)
	nodes := three(t)
	through, victim := nodes[1], nodes[2]
	loaded := make(chan struct{}, 2)
	go func() { pipe(t, through, doc); loaded <- struct{}{} }()
	go func() { load(t, through, etc); loaded <- struct{}{} }()
	through.eventually("some of it is there", func() bool {
		client := through.client()
		defer client.Close()
		size, _ := client.DBSize(context.Background()).Result()
		return size > 500
	})
	victim.kill()
	<-loaded
	victim.start()
	<-loaded

	all := maps.Clone(etc)
	maps.Copy(all, doc)
	hash := settled(t, nodes)
	for _, n := range nodes {
		compare(t, n, all)
	}
	for _, n := range nodes {
		n.stop()
	}
	for _, n := range nodes {
		n.start()
	}
	for _, n := range nodes {
		compare(t, n, all)
	}
	settled(t, nodes)
	spaces, binary, bytes := map[string]bool{}, 0, 0
	for name, value := range all {
		spaces[filepath.Dir(name)] = true
		if bytes += len(value); !utf8.ValidString(value) {
			binary++
		}
	}
	t.Logf("%d configs in %d namespaces, %d of them binary, %d bytes in all, state %s", len(all), len(spaces), binary, bytes, hash)
	if binary == 0 {
		t.Error("there is no binary value among them")
	}
}
