package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of what one file may bring.
const (
	maxFileSize = 64 << 20 // bytes; lists of a national CA reach tens of megabytes
	maxBlocks   = 10_000   // certificates or lists in a file
)

// ErrNoCertificate and ErrNoCRL say that a file or folder holds none.
var (
	ErrNoCertificate = errors.New("no certificate")
	ErrNoCRL         = errors.New("no revocation list")
)

// LoadCertificates reads certificates from a PEM or DER file, or from the .pem,
// .crt, .cer and .der files of a folder, by name, without going into folders
// below. Private keys and other blocks in PEM are passed over. A file that is
// named must hold a certificate; in a folder, PEM files without are passed over.
func LoadCertificates(path string) ([]*x509.Certificate, error) {
	return load(path, ParseCertificates, ErrNoCertificate, ".pem", ".crt", ".cer", ".der")
}

// LoadCRLs reads revocation lists from a PEM or DER file, or from the .crl and
// .pem files of a folder.
func LoadCRLs(path string) ([]*x509.RevocationList, error) {
	return load(path, ParseCRLs, ErrNoCRL, ".crl", ".pem")
}

// ParseCertificates reads certificates from PEM, or one from DER.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	return parse(data, "CERTIFICATE", x509.ParseCertificate, ErrNoCertificate)
}

// ParseCRLs reads revocation lists from PEM, or one from DER.
func ParseCRLs(data []byte) ([]*x509.RevocationList, error) {
	return parse(data, "X509 CRL", x509.ParseRevocationList, ErrNoCRL)
}

func parse[T any](data []byte, block string, one func([]byte) (T, error), none error) ([]T, error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		if len(data) == 0 || data[0] != 0x30 {
			return nil, fmt.Errorf("%w: neither PEM nor DER", none)
		}
		return parseDER(data, one)
	}
	var found []T
	for rest := data; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != block {
			continue
		}
		if len(found) == maxBlocks {
			return nil, fmt.Errorf("more than %d PEM blocks", maxBlocks)
		}
		item, err := one(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(found)+1, err)
		}
		found = append(found, item)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: no PEM block %q", none, block)
	}
	return found, nil
}

func parseDER[T any](data []byte, one func([]byte) (T, error)) ([]T, error) {
	item, err := one(data)
	if err != nil {
		return nil, err
	}
	return []T{item}, nil
}

func load[T any](path string, parse func([]byte) ([]T, error), none error, extensions ...string) ([]T, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	if !info.IsDir() {
		return loadFile(path, parse)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	var all []T
	for _, entry := range entries {
		extension := strings.ToLower(filepath.Ext(entry.Name()))
		if entry.IsDir() || !slices.Contains(extensions, extension) {
			continue
		}
		found, err := loadFile(filepath.Join(path, entry.Name()), parse)
		if errors.Is(err, none) && extension == ".pem" {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("certs: folder %q: %w in its %s files", path, none, strings.Join(extensions, ", "))
	}
	return all, nil
}

func loadFile[T any](path string, parse func([]byte) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("certs: %q: more than %d MiB", path, maxFileSize>>20)
	}
	found, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("certs: %q: %w", path, err)
	}
	return found, nil
}
