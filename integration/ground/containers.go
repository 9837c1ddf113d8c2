package ground

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"
)

// containers are nodes in containers of a network of their own. Each start of a node is a new container with the
// address, the name and the data of the one before; its image has nothing in it but the binary.
type containers struct {
	docker  *testcontainers.DockerClient
	network *testcontainers.DockerNetwork
	subnet  string // its first three numbers
	hosts   int
}

func newContainers(t testing.TB) (kind, error) {
	t.Helper()
	// Its reaper is an image that would have to be pulled; what a test started it ends itself.
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return nil, err
	}
	tclog.SetDefault(quietLogger{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, fmt.Errorf("no Docker engine answers: %w", err)
	}
	c := &containers{docker: docker}
	t.Cleanup(func() { _ = docker.Close() })
	c.sweep()
	if err := c.open(t); err != nil {
		return nil, err
	}
	return c, nil
}

// owner is the label of a container that says which process has started it.
const owner = "confman.test"

// sweep removes what tests have left behind that were killed.
func (c *containers) sweep() {
	ctx := context.Background()
	found, err := c.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", owner)})
	if err != nil {
		return // whoever needs the engine says so
	}
	for _, ctr := range found.Items {
		pid, err := strconv.Atoi(ctr.Labels[owner])
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_, _ = c.docker.ContainerRemove(ctx, ctr.ID, client.ContainerRemoveOptions{Force: true}) // or the next sweep does
		}
	}
}

// open makes the network. Of two grounds that want one subnet the later has the next.
func (c *containers) open(t testing.TB) (err error) {
	for number := 1; number < 200; number++ {
		c.subnet = fmt.Sprintf("10.77.%d", number)
		c.network, err = tcnetwork.New(context.Background(), tcnetwork.WithIPAM(&network.IPAM{
			Driver: "default", Config: []network.IPAMConfig{{Subnet: netip.MustParsePrefix(c.subnet + ".0/24")}},
		}))
		if err == nil || !strings.Contains(err.Error(), "overlap") {
			break
		}
	}
	if err == nil {
		t.Cleanup(func() {
			if err := c.network.Remove(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return err
}

func (c *containers) String() string { return Containers }

func (c *containers) settle(h *Host) {
	c.hosts++
	addr := fmt.Sprintf("%s.%d", c.subnet, 10+c.hosts)
	h.Addr, h.Raft = addr+":6479", addr+":6481"
}

func (c *containers) within(h *Host) []string {
	if pid := h.Pid(); pid != 0 {
		return []string{"nsenter", "-n", "-t", strconv.Itoa(pid)}
	}
	return nil
}

// images are the images that were built for this run, by the binary that is in them.
var images struct {
	sync.Mutex
	of map[string]string
}

// buildContext is the archive from which an image is built.
func buildContext(binary string) (*bytes.Reader, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{
		{"Dockerfile", 0o644, []byte("FROM scratch\nCOPY confman /confman\nENTRYPOINT [\"/confman\"]\n")},
		{"confman", 0o755, program},
	} {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content))}))
		_, werr := w.Write(f.content)
		err = errors.Join(err, werr)
	}
	return bytes.NewReader(b.Bytes()), errors.Join(err, w.Close())
}

// imageOf returns the name of the image of a binary, which is built if there is none yet.
func (c *containers) imageOf(binary string) (string, error) {
	images.Lock()
	defer images.Unlock()
	if name := images.of[binary]; name != "" {
		return name, nil
	}
	archive, err := buildContext(binary)
	if err != nil {
		return "", err
	}
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quietLogger{}))
	if err != nil {
		return "", err
	}
	defer provider.Close()
	name, err := provider.BuildImage(context.Background(), &testcontainers.ContainerRequest{
		FromDockerfile: testcontainers.FromDockerfile{
			ContextArchive: archive, Repo: "confman-test", Tag: fmt.Sprintf("%d-%d", os.Getpid(), len(images.of)),
		},
	})
	if err == nil {
		if images.of == nil {
			images.of = map[string]string{}
		}
		images.of[binary] = name
	}
	return name, err
}

// removeImages removes the images that were built for this run.
func removeImages() {
	images.Lock()
	defer images.Unlock()
	if len(images.of) == 0 {
		return
	}
	docker, err := testcontainers.NewDockerClientWithOpts(context.Background())
	if err != nil {
		return // the engine has gone, and they with it
	}
	defer docker.Close()
	for _, name := range images.of {
		_, _ = docker.ImageRemove(context.Background(), name, client.ImageRemoveOptions{Force: true, PruneChildren: true}) // who runs it still keeps it
	}
}

func (c *containers) launch(h *Host, args, env []string) process {
	h.g.T.Helper()
	ctx := context.Background()
	name, err := c.imageOf(h.Binary)
	if err != nil {
		h.g.T.Fatal(err)
	}
	ip, _, _ := strings.Cut(h.Addr, ":")
	settings := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		settings[name] = value
	}
	ctr, err := testcontainers.Run(ctx, name,
		testcontainers.WithCmd(args...),
		testcontainers.WithEnv(settings),
		testcontainers.WithLabels(map[string]string{owner: strconv.Itoa(os.Getpid())}),
		testcontainers.WithLogger(quietLogger{}),
		tcnetwork.WithNetwork([]string{h.Name}, c.network),
		testcontainers.WithLogConsumers(&h.log),
		testcontainers.WithConfigModifier(func(config *container.Config) { config.Hostname = h.Name }),
		testcontainers.WithHostConfigModifier(func(config *container.HostConfig) { config.Binds = []string{h.root + ":" + h.root} }),
		testcontainers.WithEndpointSettingsModifier(func(settings map[string]*network.EndpointSettings) {
			settings[c.network.Name].IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: netip.MustParseAddr(ip)}
		}),
	)
	p := &contained{docker: c.docker, container: ctr, done: make(chan struct{})}
	if err != nil {
		h.g.T.Fatalf("run %s in a container: %v\n%s", h.Name, err, h.Log())
	}
	state, err := ctr.Inspect(ctx)
	if err != nil {
		h.g.T.Fatal(err)
	}
	p.number = state.State.Pid
	go p.await()
	return p
}

// Accept notes what a container prints.
func (j *journal) Accept(l testcontainers.Log) { _, _ = j.Write(l.Content) }

// contained is the program of a container.
type contained struct {
	docker    *testcontainers.DockerClient
	container *testcontainers.DockerContainer
	number    int
	done      chan struct{}
	ended     int // its exit code, once done is closed
}

// await waits for the container's end, and removes it.
func (p *contained) await() {
	ctx := context.Background()
	wait := p.docker.ContainerWait(ctx, p.container.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case end := <-wait.Result:
		p.ended = int(end.StatusCode)
	case <-wait.Error: // the engine lost it
		p.ended = -1
	}
	_ = p.container.Terminate(ctx) // what remains of it holds its address
	close(p.done)
}

func (p *contained) pid() int                { return p.number }
func (p *contained) exited() <-chan struct{} { return p.done }
func (p *contained) code() int               { return p.ended }

// All three may come when it has ended.
func (p *contained) pause() {
	_, _ = p.docker.ContainerPause(context.Background(), p.container.GetContainerID(), client.ContainerPauseOptions{})
}

func (p *contained) resume() {
	_, _ = p.docker.ContainerUnpause(context.Background(), p.container.GetContainerID(), client.ContainerUnpauseOptions{})
}

func (p *contained) signal(s os.Signal) {
	number, _ := s.(syscall.Signal)
	_, _ = p.docker.ContainerKill(context.Background(), p.container.GetContainerID(), client.ContainerKillOptions{Signal: strconv.Itoa(int(number))})
}

// quietLogger says nothing.
type quietLogger struct{}

var _ tclog.Logger = quietLogger{}

func (quietLogger) Printf(string, ...any) {}
