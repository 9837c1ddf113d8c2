package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"confman/replication"
	"confman/replication/certs"
)

// foundAtMost is how many wrong files are named.
const foundAtMost = 5

// checkPermissions looks who may read the node's secrets, and whether the node may write its files: commands that root
// has typed may have left some that are root's.
func checkPermissions(d *patient) (state, found string) {
	dir := d.settings.DataDir
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return d.checkSettingsFile(nil, fmt.Sprintf("there is no %s yet", dir))
	}
	if err != nil {
		return failing, err.Error()
	}
	var wrong []string
	if open := info.Mode().Perm() & 0o077; open != 0 {
		wrong = append(wrong, fmt.Sprintf("%s has mode %04o, and should have 0700", dir, info.Mode().Perm()))
	}
	owner, _ := ownerOf(info)
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it has just gone
		}
		if err != nil {
			return err
		}
		if text := wrongFile(path, e, owner); text != "" {
			wrong = append(wrong, text)
		}
		return nil
	})
	if errors.Is(err, fs.ErrPermission) && len(wrong) == 0 {
		return warning, fmt.Sprintf("this user may not look into %s: use root", dir)
	}
	return d.checkSettingsFile(wrong, fmt.Sprintf("%s and its keys are its owner's alone", dir))
}

// wrongFile says what is wrong with a file of a data directory, or is "".
func wrongFile(path string, e fs.DirEntry, owner int) string {
	info, err := e.Info()
	if err != nil {
		return "" // it has just gone
	}
	switch uid, known := ownerOf(info); {
	case known && uid != owner:
		return fmt.Sprintf("%s belongs to user %d, and the directory to user %d", path, uid, owner)
	case strings.HasSuffix(path, ".key") && info.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("%s has mode %04o, and should have 0600", path, info.Mode().Perm())
	}
	return ""
}

// checkSettingsFile adds whether others may read a password in the settings file.
func (d *patient) checkSettingsFile(wrong []string, right string) (state, found string) {
	if d.file != "" && d.settings.Password != "" {
		if info, err := os.Stat(d.file); err == nil && info.Mode().Perm()&0o007 != 0 {
			wrong = append(wrong, fmt.Sprintf("%s has mode %04o, and a password may stand in it: 0640 or less", d.file, info.Mode().Perm()))
		}
	}
	switch {
	case len(wrong) == 0:
		return fine, right
	case len(wrong) > foundAtMost:
		wrong = append(wrong[:foundAtMost], fmt.Sprintf("and %d more", len(wrong)-foundAtMost))
	}
	return failing, strings.Join(wrong, "; ")
}

// certWarning is how long before its end a certificate is warned of, here as in the journal.
const certWarning = 30 * 24 * time.Hour

// checkCertificates looks how long the certificates hold: the node's, and those of the authorities that it believes.
func checkCertificates(d *patient) (state, found string) {
	f := replication.Certificates(d.settings.DataDir)
	state = fine
	var all []string
	for _, file := range []struct{ name, role string }{{certs.NodeFile, "node"}, {certs.AuthorityFile, "authority"}} {
		list, err := f.Certs(file.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrPermission):
			return warning, fmt.Sprintf("this user may not read %s: use root", f)
		case err != nil:
			return failing, err.Error()
		}
		for _, c := range list {
			text := fmt.Sprintf("%s until %s", file.role, c.NotAfter.UTC().Format(time.DateOnly))
			switch left := c.NotAfter.Sub(now()); {
			case left <= 0:
				state, text = failing, text+" (over)"
			case now().Before(c.NotBefore):
				state, text = failing, fmt.Sprintf("%s from %s on only", file.role, c.NotBefore.UTC().Format(time.DateOnly))
			case left < certWarning:
				state, text = worst(state, warning), fmt.Sprintf("%s (%d days)", text, int(left/(24*time.Hour)))
			}
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return fine, "there are none: the raft port speaks plain text, or the node has not run yet"
	}
	return state, strings.Join(all, ", ")
}
