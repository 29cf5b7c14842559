package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// Certificates are read once in a process: the letters of an agency share all
// but the signer's, and reading them costs as much as checking a signature. What
// is kept is bounded, in number and in bytes, since strangers choose what is read.
const (
	maxKept     = 512
	maxKeptSize = 8 << 10 // of one; larger ones are read anew each time
)

var kept struct {
	sync.Mutex
	certificates map[[sha256.Size]byte]*x509.Certificate
}

// parseCertificate is [x509.ParseCertificate]. Its result is shared, and not to be
// changed.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	if len(der) > maxKeptSize {
		return x509.ParseCertificate(der)
	}
	digest := sha256.Sum256(der)
	kept.Lock()
	known := kept.certificates[digest]
	kept.Unlock()
	if known != nil {
		return known, nil
	}
	// A copy: the certificate refers to its bytes, which are part of a whole file.
	cert, err := x509.ParseCertificate(bytes.Clone(der))
	if err != nil {
		return nil, err
	}
	kept.Lock()
	defer kept.Unlock()
	if kept.certificates == nil || len(kept.certificates) >= maxKept {
		kept.certificates = make(map[[sha256.Size]byte]*x509.Certificate)
	}
	kept.certificates[digest] = cert
	return cert, nil
}
