package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"confman/replication"
	"confman/store"
)

// A storeFile is a node's file or a backup, as far as it is whole: a store in memory, whose
// Close gives the memory back.
type storeFile struct {
	*store.Store
	summary
}

// openStore reads a store's file, and writes nothing: the file of that name, or the one in
// the data directory of that name. A node that runs may be about to write a batch, so what
// seems damaged is read again.
func openStore(path string) (*storeFile, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, store.FileName)
	}
	f, err := readStore(path)
	if err == nil && f.Damaged {
		_ = f.Close() // it is only in memory
		return readStore(path)
	}
	return f, err
}

func readStore(path string) (*storeFile, error) {
	content, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failure{exitNotFound, fmt.Errorf("there is no file %s", path)}
	}
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return loadStore(path, content)
}

// loadStore makes a store of a file's content.
func loadStore(path string, content io.ReadSeeker) (*storeFile, error) {
	s, extent, err := store.Load(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f := &storeFile{s, summary{File: path, Bytes: extent.Bytes, Whole: extent.Whole, Damaged: extent.Damaged(), Frames: extent.Frames}}
	if err := f.sumUp(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return f, nil
}

// A summary is what there is to say of a store's file without showing what it holds. The
// time by which configs have expired is that of the last write in it.
type summary struct {
	File       string         `json:"file" yaml:"file"`
	Bytes      int64          `json:"bytes" yaml:"bytes"`
	Whole      int64          `json:"whole_bytes" yaml:"whole_bytes"`
	Damaged    bool           `json:"damaged" yaml:"damaged"`
	Frames     int            `json:"frames" yaml:"frames"`
	Revision   uint64         `json:"revision" yaml:"revision"`
	Cluster    string         `json:"cluster" yaml:"cluster"`
	Generation uint64         `json:"generation" yaml:"generation"`
	Configs    int            `json:"configs" yaml:"configs"`
	Namespaces int            `json:"namespaces" yaml:"namespaces"`
	StateHash  string         `json:"state_hash" yaml:"state_hash"`
	Members    []storedMember `json:"members" yaml:"members"`
}

// storedMember is a node that was a member.
type storedMember struct {
	Node uint64 `json:"node" yaml:"node"`
	RESP string `json:"resp" yaml:"resp"`
	Raft string `json:"raft" yaml:"raft"`
}

// sumUp completes the summary by what is in the store. One that does not say of which
// cluster it is was never part of any.
func (f *storeFile) sumUp() error {
	revision, hash := f.Hash()
	f.Revision, f.StateHash = revision, fmt.Sprintf("%016x", hash)
	return f.View(0, func(tx *store.Tx) error {
		f.Configs = tx.Count()
		tx.Namespaces("", -1, func(string) { f.Namespaces++ })
		if origin, err := replication.OriginOf(tx); err == nil {
			f.Cluster, f.Generation = origin.Cluster, origin.Generation
		}
		members, err := replication.MembersOf(tx)
		f.Members = make([]storedMember, len(members))
		for i, m := range members {
			f.Members[i] = storedMember{Node: m.ID, RESP: m.RESP, Raft: m.Raft}
		}
		return err
	})
}

// nothing is the error for a file of which nothing can be used.
func (s summary) nothing() error {
	if s.Bytes == 0 {
		return fmt.Errorf("%s is empty", s.File)
	}
	return fmt.Errorf("%s is no store's file, or a backup that was cut or changed: none of its %d bytes can be used", s.File, s.Bytes)
}

// condition says how much of the file is whole.
func (s summary) condition() string {
	if s.Damaged {
		return fmt.Sprintf("damaged from byte %d on", s.Whole)
	}
	return "whole"
}

// table prints the summary for people.
func (s summary) table(w io.Writer) error {
	rows := [][]string{{"file", s.File}, {"bytes", strconv.FormatInt(s.Bytes, 10)}, {"condition", s.condition()}}
	if s.Frames > 0 {
		rows = append(rows, [][]string{
			{"frames", strconv.Itoa(s.Frames)},
			{"revision", number(s.Revision)},
			{"cluster", orDash(s.Cluster)},
			{"generation", number(s.Generation)},
			{"configs", strconv.Itoa(s.Configs)},
			{"namespaces", strconv.Itoa(s.Namespaces)},
			{"state_hash", s.StateHash},
		}...)
	}
	for _, m := range s.Members {
		rows = append(rows, []string{"member", fmt.Sprintf("%d at %s, raft %s", m.Node, m.RESP, m.Raft)})
	}
	return columns(w, rows)
}
