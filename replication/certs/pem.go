package certs

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
)

// newSerial draws a serial number: nobody counts them.
func newSerial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// decodePEM returns the first block of a kind.
func decodePEM(text []byte, kind string) ([]byte, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == kind {
			return block.Bytes, nil
		}
	}
	return nil, fmt.Errorf("there is no PEM block %s in it", kind)
}

// EncodeCerts writes certificates in PEM, one behind the other.
func EncodeCerts(all ...*x509.Certificate) (text []byte) {
	for _, c := range all {
		text = append(text, encodePEM("CERTIFICATE", c.Raw)...)
	}
	return text
}

// ParseCerts reads all certificates of a PEM file, of which there must be one at least.
func ParseCerts(text []byte) (all []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no PEM block CERTIFICATE in it")
	}
	return all, nil
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encodePEM("PRIVATE KEY", der), err
}

// parseKey reads a private key as PKCS #8, or in the older forms that other tools write.
func parseKey(text []byte) (crypto.Signer, error) {
	var parsed any
	der, err := decodePEM(text, "PRIVATE KEY")
	if err == nil {
		parsed, err = x509.ParsePKCS8PrivateKey(der)
	} else if der, err = decodePEM(text, "EC PRIVATE KEY"); err == nil {
		parsed, err = x509.ParseECPrivateKey(der)
	} else if der, err = decodePEM(text, "RSA PRIVATE KEY"); err == nil {
		parsed, err = x509.ParsePKCS1PrivateKey(der)
	}
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	key, signs := parsed.(crypto.Signer)
	if !signs {
		return nil, fmt.Errorf("private key: a %T cannot sign", parsed)
	}
	return key, nil
}
