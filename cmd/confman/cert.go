package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"confman/replication"
	"confman/replication/certs"

	"github.com/urfave/cli/v2"
)

// certCommand groups what makes and shows certificates. A cluster that confman founds has some already.
func (p *program) certCommand() *cli.Command {
	return &cli.Command{
		Name: "cert", Usage: "make and show the certificates by which nodes know each other",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return failure{exitUsage, noSuch("command", "cert "+word, []string{"cert ca", "cert node", "cert request", "cert show"})}
			}
			return failure{exitUsage, errors.New("usage: confman cert ca|node|request|show")}
		},
		Subcommands: []*cli.Command{
			{
				Name: "ca", Usage: "make a cluster's authority, in the data directory or in --out",
				Flags: append(settingFlags(), p.outputFlag(), &cli.StringFlag{Name: "out", Usage: "folder to put ca.crt and ca.key into"}),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.makeAuthority(folder(c.String("out"), s)) })
				},
			},
			{
				Name: "node", Usage: "make the node's certificate; the node takes it while it runs",
				Flags: append(settingFlags(), p.outputFlag(), &cli.StringFlag{Name: "ca", Usage: "folder of ca.crt and ca.key; the data directory's own unless it is given"}),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.certify(folder(c.String("ca"), s), s.DataDir) })
				},
			},
			{
				Name: "request", Usage: "print a request that another authority can make the node's certificate of",
				Flags: settingFlags(),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.requestCert(s) })
				},
			},
			{
				Name: "show", Usage: "show the certificates of the node, and how long they hold",
				Flags: append(settingFlags(), p.outputFlag()),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.showCerts(s.DataDir) })
				},
			},
		},
	}
}

// folder is where an authority's files are: in the folder that was named, or in the node's own.
func folder(named string, s Settings) certs.Folder {
	if named != "" {
		return certs.Folder(named)
	}
	return replication.Certificates(s.DataDir)
}

func (p *program) makeAuthority(f certs.Folder) error {
	if f.Has(certs.AuthorityFile) || f.Has(certs.AuthorityKeyFile) {
		return failure{exitConflict, fmt.Errorf("there is an authority in %s already: name another folder with --out", f)}
	}
	a, err := certs.NewAuthority(now())
	if err == nil {
		err = f.WriteAuthority(a)
	}
	if err != nil {
		return err
	}
	return p.show(shownCert{Role: "authority", Fingerprint: certs.Fingerprint(a.Cert), Expires: a.Cert.NotAfter.UTC()}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "an authority is in %s; whoever has its ca.key can make nodes of the cluster\n", f)
		return err
	})
}

// certify makes the certificate of the node of a data directory.
func (p *program) certify(from certs.Folder, dir string) error {
	id, err := replication.IdentityOf(dir)
	if err != nil {
		return err
	}
	a, err := from.Authority()
	if errors.Is(err, fs.ErrNotExist) {
		return failure{exitNotFound, fmt.Errorf("there is no authority with its key in %s: make one with confman cert ca, or name its folder with --ca", from)}
	}
	if err == nil {
		err = replication.Certificates(dir).Certify(a, id, now())
	}
	if err != nil {
		return err
	}
	return p.showCerts(dir)
}

// requestCert prints a request for the node of the settings: who it is, or, if it is to join, will be.
func (p *program) requestCert(s Settings) error {
	id, err := replication.IdentityOf(s.DataDir)
	if err != nil && s.Join != "" {
		id, err = replication.IdentityToBe(s.DataDir, s.Join)
	}
	if err != nil {
		return err
	}
	key, err := replication.Certificates(s.DataDir).NodeKey()
	if err != nil {
		return err
	}
	request, err := certs.Request(id, key)
	if err == nil {
		_, err = p.stdout.Write(request)
	}
	return err
}

// shownCert is how show shows a certificate.
type shownCert struct {
	Role        string    `json:"role" yaml:"role"`                     // node or authority
	Name        string    `json:"name,omitempty" yaml:"name,omitempty"` // of a node
	Fingerprint string    `json:"fingerprint" yaml:"fingerprint"`       // SHA-256, in hexadecimal
	Expires     time.Time `json:"expires" yaml:"expires"`
}

func (p *program) showCerts(dir string) error {
	f := replication.Certificates(dir)
	var all []shownCert
	for _, file := range []struct{ name, role string }{{certs.NodeFile, "node"}, {certs.AuthorityFile, "authority"}} {
		found, err := f.Certs(file.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range found {
			all = append(all, certShown(file.role, c))
		}
	}
	if len(all) == 0 {
		return failure{exitNotFound, fmt.Errorf("there are no certificates in %s: the node's raft port speaks plain text, or it has not run yet", f)}
	}
	return p.show(all, func(w io.Writer) error {
		rows := [][]string{{"ROLE", "EXPIRES", "SHA-256", "NAME"}}
		for _, c := range all {
			rows = append(rows, []string{c.Role, c.Expires.Format(time.DateOnly), c.Fingerprint, orDash(c.Name)})
		}
		return columns(w, rows)
	})
}

func certShown(role string, c *x509.Certificate) shownCert {
	out := shownCert{Role: role, Fingerprint: certs.Fingerprint(c), Expires: c.NotAfter.UTC()}
	if id, err := certs.IdentityOf(c); err == nil {
		out.Name = id.Name()
	}
	return out
}
