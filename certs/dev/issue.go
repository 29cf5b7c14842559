package dev

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"lienthong/certs"
	"lienthong/certs/keys"
)

// An Issued names a certificate and its files.
type Issued struct {
	Kind         Kind
	ID           string
	Certificate  *x509.Certificate
	CertFile     string // PEM: the certificate, then the issuing CA's
	KeyFile      string // PEM: the same, then the private key (PKCS #8): opens as pem:
	P12File      string // of agencies and people; empty for others
	PasswordFile string // of P12File: the password and nothing else
}

// Key opens the private key.
func (i *Issued) Key() (keys.Key, error) { return keys.Open("pem:"+i.KeyFile, nil) }

// Issue issues a certificate, or returns the one of that kind and ID that is
// there and has not expired.
func (p *PKI) Issue(r Request) (*Issued, error) {
	r, err := r.withDefaults()
	if err != nil {
		return nil, err
	}
	found, err := p.Find(r.Kind, r.ID)
	if err == nil && !p.now().After(found.Certificate.NotAfter) {
		return found, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template, err := Template(r, serial, p.now(), p.config.BaseURL+"/crl/issuing.crl")
	if err != nil {
		return nil, err
	}
	SetAccess(template, r.Kind, p.config.BaseURL+"/ocsp/issuing", p.config.BaseURL+"/ca/issuing.cer")
	signer, err := Generate(r.Key)
	if err != nil {
		return nil, err
	}
	issued := p.files(r.Kind, r.ID)
	if issued.Certificate, err = sign(template, &p.issuing, signer); err != nil {
		return nil, err
	}
	if err := p.write(issued, signer); err != nil {
		return nil, fmt.Errorf("certs/dev: issue %s %q: %w", r.Kind, r.ID, err)
	}
	return issued, nil
}

// files names the files of a certificate.
func (p *PKI) files(kind Kind, id string) *Issued {
	base := filepath.Join(p.dir, string(kind), id)
	i := &Issued{Kind: kind, ID: id, CertFile: base + ".pem", KeyFile: base + ".key"}
	if kind == Agency || kind == Person {
		i.P12File, i.PasswordFile = base+".p12", base+".password"
	}
	return i
}

// write puts the certificate last: where it stands, its other files are complete.
func (p *PKI) write(i *Issued, signer crypto.Signer) error {
	if err := os.MkdirAll(filepath.Dir(i.CertFile), 0o700); err != nil {
		return err
	}
	key, err := encodeKey(signer)
	if err != nil {
		return err
	}
	chain := encodeCertificates(i.Certificate, p.issuing.certificate)
	if err := writeFile(i.KeyFile, append(chain[:len(chain):len(chain)], key...), 0o600); err != nil {
		return err
	}
	if i.P12File != "" {
		password := newPassword()
		data, err := pkcs12.Modern.Encode(signer, i.Certificate, []*x509.Certificate{p.issuing.certificate}, password)
		if err != nil {
			return err
		}
		if err := writeFile(i.PasswordFile, []byte(password), 0o600); err != nil {
			return err
		}
		if err := writeFile(i.P12File, data, 0o600); err != nil {
			return err
		}
	}
	return writeFile(i.CertFile, chain, 0o644)
}

// Find returns a certificate that was issued. Its error is [fs.ErrNotExist] where
// there is none.
func (p *PKI) Find(kind Kind, id string) (*Issued, error) {
	if !goodID.MatchString(id) {
		return nil, badID(id)
	}
	i := p.files(kind, id)
	found, err := certs.LoadCertificates(i.CertFile)
	if err != nil {
		return nil, err
	}
	i.Certificate = found[0]
	return i, nil
}

// List returns all that were issued, by kind and ID.
func (p *PKI) List() ([]*Issued, error) {
	var all []*Issued
	for _, kind := range kinds {
		entries, err := os.ReadDir(filepath.Join(p.dir, string(kind)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("certs/dev: list: %w", err)
		}
		for _, entry := range entries {
			id, ok := strings.CutSuffix(entry.Name(), ".pem")
			if !ok {
				continue
			}
			i, err := p.Find(kind, id)
			if err != nil {
				return nil, err
			}
			all = append(all, i)
		}
	}
	return all, nil
}

func sign(template *x509.Certificate, issuer *authority, subject crypto.Signer) (*x509.Certificate, error) {
	parent, signer := template, subject
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.signer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, subject.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("certs/dev: sign the certificate of %q: %w", template.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

func readAuthority(dir, name string) (authority, error) {
	key, err := keys.Open("pem:"+filepath.Join(dir, name+".key"), nil)
	if err != nil {
		return authority{}, fmt.Errorf("certs/dev: open %q: %w", dir, err)
	}
	return authority{key.Certificate(), key}, nil
}

func newSerial() (*big.Int, error) {
	// 126 bits: two processes that issue in one folder never meet.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("certs/dev: serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func newPassword() string {
	var secret [15]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the process rather
	return strings.ToLower(base32.StdEncoding.EncodeToString(secret[:]))
}

func encodeCertificates(certificates ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func encodeKey(signer crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// writeFile replaces a file as a whole, so that another process never reads half.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
