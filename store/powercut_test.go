package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// powered is a folder on a disk whose power can be cut. It keeps apart what a process sees
// and what is on the disk: of what was not synced, a cut keeps any subset of the sectors
// and any beginning of the creations and renames.
type powered struct {
	mu         sync.Mutex
	names      map[string]*disk // what the process sees
	durable    map[string]*disk // what a cut leaves of the directory
	unsynced   []func(map[string]*disk)
	operations int
	cutAt      int // the operation that fails, and all behind it; 0 for none
}

// disk is a file's content, and what of it is safe.
type disk struct {
	content []byte
	safe    []byte
}

const sector = 512

var errPower = errors.New("power is off")

func newPowered() *powered {
	return &powered{names: map[string]*disk{}, durable: map[string]*disk{}}
}

func (p *powered) next() error {
	if p.operations++; p.cutAt > 0 && p.operations >= p.cutAt {
		return errPower
	}
	return nil
}

// change changes the directory, durably at the next SyncDir.
func (p *powered) change(do func(map[string]*disk)) {
	do(p.names)
	p.unsynced = append(p.unsynced, do)
}

func (p *powered) Open(name string) (io.ReadSeekCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.names[name]; d != nil {
		return readable(d.content), nil
	}
	return nil, fs.ErrNotExist
}

func (p *powered) Create(name string) (File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.next(); err != nil {
		return nil, err
	}
	d := &disk{}
	p.change(func(names map[string]*disk) { names[name] = d })
	return &poweredFile{p, d}, nil
}

func (p *powered) Append(name string) (File, error) { return &poweredFile{p, p.names[name]}, nil }

func (p *powered) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.next(); err != nil {
		return err
	}
	d := p.names[from]
	p.change(func(names map[string]*disk) {
		delete(names, from)
		names[to] = d
	})
	return nil
}

func (p *powered) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.next(); err != nil {
		return err
	}
	if p.names[name] != nil {
		p.change(func(names map[string]*disk) { delete(names, name) })
	}
	return nil
}

func (p *powered) SyncDir() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.next(); err != nil {
		return err
	}
	for _, do := range p.unsynced {
		do(p.durable)
	}
	p.unsynced = nil
	return nil
}

type poweredFile struct {
	power *powered
	*disk
}

func (f *poweredFile) Write(b []byte) (int, error) {
	f.power.mu.Lock()
	defer f.power.mu.Unlock()
	err := f.power.next()
	if err != nil {
		b = b[:len(b)/2]
	}
	f.content = append(f.content, b...)
	return len(b), err
}

func (f *poweredFile) Sync() error {
	runtime.Gosched() // others go on meanwhile
	f.power.mu.Lock()
	defer f.power.mu.Unlock()
	if err := f.power.next(); err != nil {
		return err
	}
	f.safe = bytes.Clone(f.content)
	return nil
}

func (f *poweredFile) Close() error { return nil }

// cut returns the folder as a cut may leave it.
func (p *powered) cut(r *rand.Rand) *powered {
	names := map[string]*disk{}
	for name, d := range p.durable {
		names[name] = d
	}
	for _, do := range p.unsynced[:r.Intn(len(p.unsynced)+1)] {
		do(names)
	}
	left := newPowered()
	for name, d := range names {
		image := d.image(r)
		left.names[name] = &disk{content: image, safe: image}
		left.durable[name] = left.names[name]
	}
	return left
}

// image returns what a cut leaves of a file: what is safe, and of the rest up to some length
// any sectors, the others being zeros.
func (d *disk) image(r *rand.Rand) []byte {
	image := bytes.Clone(d.safe)
	end := len(d.safe)
	if rest := len(d.content) - end; rest > 0 {
		end += r.Intn(rest + 1)
	}
	keep := []int{100, 80, 50, 0}[r.Intn(4)] // percent
	for at := len(image); at < end; {
		to := min((at/sector+1)*sector, end)
		if r.Intn(100) < keep {
			image = append(image, d.content[at:to]...)
		} else {
			image = append(image, make([]byte, to-at)...)
		}
		at = to
	}
	return image
}

// powerCuts cuts the power at every operation of a history, several times, and calls check
// with what is left and how far the history was synced.
func powerCuts(t *testing.T, h *history, images int, check func(left *powered, synced uint64)) {
	t.Helper()
	quiet := newPowered()
	if _, err := h.write(quiet); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(1))
	for i := range images {
		p := newPowered()
		p.cutAt = 1 + i%(quiet.operations+1)
		synced, err := h.write(p)
		if err != nil && !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		check(p.cut(r), synced)
	}
}

// Whenever the power is cut, and whatever the disk then holds, the folder opens to the state
// of some index, no earlier than the last that was synced, and goes on from there.
func TestPowerCuts(t *testing.T) {
	t.Parallel() // it takes long
	h := newHistory(t, 40)
	h.slack = 2 << 10 // so that files are written anew meanwhile
	images := rounds(2500)
	later := 0
	powerCuts(t, h, images, func(left *powered, synced uint64) {
		if index := h.check(t, left, synced); index > synced {
			later++
		}
		if _, err := h.write(left); err != nil {
			t.Fatal(err)
		}
		h.check(t, left, uint64(len(h.log)))
	})
	t.Logf("%d images; in %d of them more had survived than was synced", images, later)
	if later == 0 {
		t.Error("no image had an unsynced frame in it: the simulation tests nothing")
	}
	t.Logf("%d entries went to an old and a new file", h.both)
	if h.both == 0 {
		t.Error("no entry was applied while both files were written")
	}
}

// The same images, read as BuntDB reads a file, hold states that never were. If they did not,
// the test above would prove nothing.
func TestPowerCutsAreNoticedWithoutFrames(t *testing.T) {
	h := newHistory(t, 60)
	never := 0
	images := rounds(500)
	powerCuts(t, h, images, func(left *powered, _ uint64) {
		content, err := ReadFile(left, FileName)
		if err != nil {
			return
		}
		if hash, _ := plain(t, content); !slices.Contains(h.hashes, hash) {
			never++
		}
	})
	if never == 0 {
		t.Error("every image read without frames holds a state that was: the images are too kind")
	}
	t.Logf("%d of %d images held a state that never was", never, images)
}

// A disk that only says that it has synced loses what was synced, and the check says so.
func TestALyingDiskIsNoticed(t *testing.T) {
	h := newHistory(t, 30)
	r := rand.New(rand.NewSource(1))
	lost := 0
	for i := range rounds(200) {
		p := newPowered()
		p.cutAt = 20 + i%40
		synced, _ := h.write(lying{p})
		s, err := Open(p.cut(r))
		if err != nil {
			continue
		}
		if s.Applied() < synced {
			lost++
		}
		_ = s.Close()
	}
	if lost == 0 {
		t.Error("nothing was lost on a disk that never syncs: the simulation keeps too much")
	}
}

// lying is a folder whose files never sync.
type lying struct{ *powered }

func (l lying) Create(name string) (File, error) {
	f, err := l.powered.Create(name)
	if err != nil {
		return nil, err
	}
	return lyingFile{f}, nil
}

type lyingFile struct{ File }

func (lyingFile) Sync() error { return nil }
