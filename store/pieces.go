package store

import "hash/crc32"

// pieces are a frame that is written piece by piece, because it is too large to be held in memory first: a slice that
// grows to hundreds of megabytes is copied again and again, and nothing can interrupt such a copy. The garbage
// collector would wait for it, and everybody for the garbage collector. As half a frame counts for nothing, the file
// may be synced, and another one may take its place, between two pieces.
type pieces struct {
	file   *file
	buffer []byte // what is not written yet
	length int64  // of what is
	crc    uint32
}

// pieceBytes is about how much of them is written at a time.
const pieceBytes = 1 << 20

// changes adds the changes that all visits.
func (p *pieces) changes(all func(visit func(key string, c change) bool)) (err error) {
	all(func(key string, c change) bool {
		p.buffer = appendChange(p.buffer, key, c)
		err = p.write(p.file.piece)
		return err == nil
	})
	return err
}

// delete adds that a record is deleted.
func (p *pieces) delete(key string) error {
	p.buffer = appendDelete(p.buffer, key)
	return p.write(p.file.piece)
}

// write writes what there is if that is at least so much.
func (p *pieces) write(least int) error {
	if len(p.buffer) < least {
		return nil
	}
	p.length += int64(len(p.buffer))
	p.crc = crc32.Update(p.crc, castagnoli, p.buffer)
	p.file.mu.Lock()
	defer p.file.mu.Unlock()
	err := p.file.write(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}

// appendPieces writes the frame of an entry that flushes, which fill makes. If that fails, the file stands with half a
// frame, so the error is final as if it were the file's.
func (f *file) appendPieces(index uint64, fill func(*pieces) error) error {
	p := &pieces{file: f}
	err := fill(p)
	if err == nil {
		err = p.write(0)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		err = f.write(appendMarker(nil, index, p.length, p.crc))
	}
	if err != nil {
		return f.fail(err)
	}
	f.flushed = true // hardly anything is left of what stands before it
	if f.next != nil {
		f.next.flushed = true
	}
	return nil
}
