package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// A file that has outgrown its content is written anew while the store goes on: a snapshot
// as one frame, behind it the frames that were appended to the old file meanwhile. When few
// of those are left, every later one goes to both files, and a sync syncs both. So the new
// file can be synced and get its name while entries are applied: whichever of the two files
// a power cut leaves holds everything that was said to be safe.

// rewrite is a file on its way to take another's place. The old one's lock guards it; the
// file and its size belong to whoever fills it until both is set.
type rewrite struct {
	snapshot *Snapshot
	file     File
	size     int64
	state    int64  // how much of the size is the snapshot
	flushed  bool   // of the snapshot hardly anything is left
	tail     []byte // frames that are in the old file only
	both     bool   // frames go to both files
	named    bool   // the new file may have the old one's name: there is no way back
	err      error  // why it is given up, or nil
}

// shortTail is how many bytes of frames may be written while applying waits.
const shortTail = 64 << 10

var errCancelled = errors.New("cancelled")

// noSpace reports whether all that failed was that the disk is full.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Compact begins to write the file anew, as it is when it has outgrown its content. It returns
// [ErrCompacting] if that is under way already, and another error if it could not begin. As long as
// that is for want of room, the store goes on with the file that it has.
func (s *Store) Compact() error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.startRewrite()
}

// startRewrite starts to write the file anew. Nothing is applied meanwhile, so that the
// snapshot and the frames behind it fit together.
func (s *Store) startRewrite() error {
	sn := s.Snapshot()
	err := s.file.start(sn, &s.rewriting)
	if err != nil {
		_ = sn.Close() // never fails; what changes need not be kept for it
	}
	return err
}

// start starts to write the file anew, from a snapshot.
func (f *file) start(sn *Snapshot, running *sync.WaitGroup) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next != nil {
		return ErrCompacting
	}
	r, err := f.create()
	if err != nil {
		return err
	}
	r.snapshot, f.next = sn, r
	f.show()
	running.Go(func() { f.rewrite(r) })
	return nil
}

// rewrite fills the new file and puts it in the old one's place.
func (f *file) rewrite(r *rewrite) {
	err := f.fill(r)
	if err != nil {
		err = r.discard(f.fs, err)
	}
	f.mu.Lock()
	old := f.open
	if err == nil {
		f.take(r)
	} else {
		f.giveUp(r, err)
	}
	f.mu.Unlock()
	if err == nil {
		_ = old.Close() // what was in it stands in the new one
	}
}

// fill writes the new file and gives it its name.
func (f *file) fill(r *rewrite) (err error) {
	if r.size, err = r.snapshot.WriteTo(r.file); err != nil {
		return err
	}
	r.state = r.size
	if err := r.file.Sync(); err != nil { // nearly all of it, so that both are written briefly
		return err
	}
	for more := true; more; {
		if more, err = f.catchUp(r); err != nil {
			return err
		}
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	if err := f.decide(r); err != nil {
		return err
	}
	return f.rename()
}

// catchUp writes the frames that only the old file has. When they are few, it does so while
// nothing is appended, and from then on no more will come.
func (f *file) catchUp(r *rewrite) (more bool, err error) {
	f.mu.Lock()
	tail := r.tail
	r.tail = nil
	if more = len(tail) > shortTail; more {
		f.mu.Unlock()
	} else {
		defer f.mu.Unlock()
		r.both = true
	}
	n, err := r.file.Write(tail)
	r.size += int64(n)
	return more, err
}

// decide settles that the new file gets the name, unless something has come between.
func (f *file) decide(r *rewrite) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := errors.Join(r.err, f.err); err != nil {
		return err
	}
	r.named = true
	return nil
}

// append adds a frame that is in the old file. An error must stop the store.
func (r *rewrite) append(frame []byte) error {
	switch {
	case r.err != nil:
		return nil
	case !r.both:
		r.tail = append(r.tail, frame...)
		return nil
	}
	n, err := r.file.Write(frame)
	r.size += int64(n)
	return r.note(err)
}

// sync makes the frames last that go to both files. An error must stop the store.
func (r *rewrite) sync() error {
	if r.err != nil || !r.both {
		return nil
	}
	return r.note(r.file.Sync())
}

// note gives the new file up after an error, and returns those that must stop the store.
func (r *rewrite) note(err error) error {
	if r.err = err; err == nil || r.harmless(err) {
		return nil
	}
	return fmt.Errorf("write %s: %w", newName, err)
}

// harmless reports whether the store can go on with the old file: it can if nobody wanted a
// new one any more, or what was to be in it was not fit, or there was only no room for it.
func (r *rewrite) harmless(err error) bool {
	return errors.Is(err, errCancelled) || errors.Is(err, errGone) || errors.Is(err, errUnfit) || !r.named && noSpace(err)
}

// discard removes a new file that failed, and returns why it did.
func (r *rewrite) discard(folder FS, err error) error {
	_ = r.file.Close() // nobody will read it
	if failed := folder.Remove(newName); failed != nil {
		return fmt.Errorf("remove %s: %w, after: %v", newName, failed, err)
	}
	return fmt.Errorf("write %s: %w", newName, err)
}

// giveUp goes on with the old file, if the error allows it. The lock is held.
func (f *file) giveUp(r *rewrite, err error) {
	f.next = nil
	f.show()
	if r.err != errCancelled { // otherwise it may have been for want of room
		f.enough = f.size + f.slack
	}
	if f.err == nil && !r.harmless(err) {
		_ = f.fail(err) // whoever applies next is told
	}
}

// create makes the new file. The lock is held.
func (f *file) create() (*rewrite, error) {
	if f.err != nil {
		return nil, f.err
	}
	r := &rewrite{}
	var err error
	if r.file, err = f.fs.Create(newName); err != nil {
		err = fmt.Errorf("create %s: %w", newName, err)
		f.giveUp(r, err)
	}
	return r, err
}

// rename puts the new file in the old one's place, durably.
func (f *file) rename() error {
	if err := f.fs.Rename(newName, FileName); err != nil {
		return err
	}
	return f.fs.SyncDir()
}

// take goes on with the new file. The lock is held.
func (f *file) take(r *rewrite) {
	f.open, f.size, f.compact, f.flushed = r.file, r.size, r.state, r.flushed
	f.next, f.enough, f.abandoned = nil, 0, false
	f.show()
}

// cancelRewrite ends a rewrite that is going on, and waits for that.
func (s *Store) cancelRewrite() {
	s.abandonRewrite()
	s.rewriting.Wait()
}

// abandonRewrite has a rewrite that is going on end.
func (s *Store) abandonRewrite() {
	s.file.mu.Lock()
	var sn *Snapshot
	if r := s.file.next; r != nil && !r.named {
		r.err, sn, s.file.abandoned = errCancelled, r.snapshot, true
	}
	s.file.mu.Unlock()
	if sn != nil {
		_ = sn.Close() // never fails; whoever reads it ends
	}
}

// abandonRewriteOnce does so unless one had to end before and none has come to its end since: whoever calls it more often than
// the file can be written anew would let it grow for ever.
func (s *Store) abandonRewriteOnce() {
	s.file.mu.Lock()
	again := s.file.abandoned
	s.file.mu.Unlock()
	if !again {
		s.abandonRewrite()
	}
}

// replace puts a new file in the old one's place while nothing is applied. write fills it.
func (f *file) replace(write func(io.Writer) (int64, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := f.create()
	if err != nil {
		return err
	}
	if r.size, err = write(r.file); err == nil {
		err = r.file.Sync()
	}
	if err == nil {
		r.state, r.named = r.size, true
		err = f.rename()
	}
	if err != nil {
		err = r.discard(f.fs, err)
		f.giveUp(r, err)
		return err
	}
	if f.open != nil {
		_ = f.open.Close() // what was in it stands in the new one
	}
	f.take(r)
	return nil
}
