package resp

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// readings remember when names were read last, and how often. They are in parts, so that clients that
// read different names wait seldom for one another; each forgets what has not been read for longest
// when it becomes too large. A name is a config or a namespace, never both, so one table holds both.
type readings struct {
	since atomic.Int64 // in unix milliseconds: what is not here was not read since then
	parts [readingParts]readingPart
}

// A readingPart knows names by their hashes, so that a read finds one without a look at its letters: with a seed that
// nobody knows, two of them have the same of 64 bits as good as never, and would then share what is known of them.
type readingPart struct {
	mu   sync.Mutex
	all  map[uint64]*readName
	size int
}

// A readName is what is known of one name.
type readName struct {
	name string
	lastRead
}

type lastRead struct{ last, count int64 }

const (
	readingParts = 32
	// maxReadings bounds what is remembered, in bytes; that is 200,000 names of 60 letters.
	maxReadings = 32 << 20
	// readingSize is about what a name takes beside its letters.
	readingSize = 100
)

var readingSeed = maphash.MakeSeed()

func (u *readings) part(hash uint64) *readingPart { return &u.parts[hash%readingParts] }

// read counts a read of a name.
func (u *readings) read(name string, at int64) { u.add(name, lastRead{at, 1}) }

// readBytes is read without a copy of a name that is known.
func (u *readings) readBytes(name []byte, at int64) {
	hash := maphash.Bytes(readingSeed, name)
	p := u.part(hash)
	p.mu.Lock()
	r := p.all[hash]
	if r != nil {
		r.last = max(r.last, at)
		r.count++
	}
	p.mu.Unlock()
	if r == nil {
		u.read(string(name), at)
	}
}

func (u *readings) add(name string, more lastRead) {
	hash := maphash.String(readingSeed, name)
	p := u.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.all[hash]; r != nil {
		r.last = max(r.last, more.last)
		r.count += more.count
		return
	}
	if p.all == nil {
		p.all = map[uint64]*readName{}
	}
	if p.size += len(name) + readingSize; p.size > maxReadings/readingParts {
		u.forget(p)
	}
	p.all[hash] = &readName{name, more}
}

// forget makes room in a part: a quarter of its names go. Its lock is held.
func (u *readings) forget(p *readingPart) {
	hashes := slices.SortedFunc(maps.Keys(p.all), func(a, b uint64) int { return cmp.Compare(p.all[a].last, p.all[b].last) })
	var newest int64
	for _, hash := range hashes[:len(hashes)/4] {
		newest = p.all[hash].last
		p.size -= len(p.all[hash].name) + readingSize
		delete(p.all, hash)
	}
	for since := u.since.Load(); newest >= since && !u.since.CompareAndSwap(since, newest+1); {
		since = u.since.Load()
	}
}

// of returns when a name was read last, and how often; zeros if that is not known.
func (u *readings) of(name string) (last, count int64) {
	hash := maphash.String(readingSeed, name)
	p := u.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.all[hash]; r != nil {
		return r.last, r.count
	}
	return 0, 0
}

// The form in which readings are kept: a line with the format and since when they are known, one for
// each name (last, count, name: no name has a line's end in it), and one with the number of names and a
// CRC-32C over all lines before it.

const readingsHead, readingsEnd = "confman usage 1 since", "end"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SaveUsage writes what is known of reads, for LoadUsage.
func (s *Server) SaveUsage(w io.Writer) error {
	sum := crc32.New(castagnoli)
	out := bufio.NewWriter(io.MultiWriter(w, sum))
	fmt.Fprintln(out, readingsHead, s.readings.since.Load()) // out remembers an error
	n := 0
	for i := range s.readings.parts {
		n += s.readings.parts[i].write(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s %d %08x\n", readingsEnd, n, sum.Sum32())
	return err
}

// write writes the names of a part in their order, and returns how many there are. Readers do not wait for the disk.
func (p *readingPart) write(out *bufio.Writer) int {
	p.mu.Lock()
	var lines strings.Builder
	for _, r := range slices.SortedFunc(maps.Values(p.all), func(a, b *readName) int { return cmp.Compare(a.name, b.name) }) {
		fmt.Fprintln(&lines, r.last, r.count, r.name)
	}
	n := len(p.all)
	p.mu.Unlock()
	_, _ = out.WriteString(lines.String()) // out remembers an error
	return n
}

var errUsage = errors.New("it is damaged, or of a newer version")

// LoadUsage takes up what an earlier process knew of reads. It is called before Serve. After an error
// nothing was taken up.
func (s *Server) LoadUsage(r io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(r, 2*maxReadings))
	if err != nil {
		return err
	}
	end := strings.LastIndex(strings.TrimSuffix(string(content), "\n"), "\n") + 1
	lines := strings.Split(string(content[:end]), "\n")
	lines = lines[:len(lines)-1] // behind the last line's end
	last := fmt.Sprintf("%s %d %08x\n", readingsEnd, len(lines)-1, crc32.Checksum(content[:end], castagnoli))
	head, isHead := strings.CutPrefix(string(content), readingsHead+" ")
	if !isHead || string(content[end:]) != last {
		return errUsage
	}
	var since int64
	if _, err := fmt.Sscan(head, &since); err != nil {
		return errUsage
	}
	known := map[string]lastRead{}
	for _, line := range lines[1:] {
		var each lastRead
		words := strings.SplitN(line, " ", 3)
		if len(words) < 3 {
			return errUsage
		}
		if _, err := fmt.Sscan(words[0]+" "+words[1], &each.last, &each.count); err != nil {
			return errUsage
		}
		known[words[2]] = each
	}
	s.readings.since.Store(since)
	for name, each := range known {
		s.readings.add(name, each)
	}
	return nil
}
