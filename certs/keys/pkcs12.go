package keys

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

const (
	maxFile       = 4 << 20   // bytes of a key file
	maxIterations = 5_000_000 // of a key derivation: some seconds of work
)

func openPKCS12(path string, secret Secret) (Key, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParsePKCS12("pkcs12:"+path, data, secret)
}

// ParsePKCS12 opens the key in the bytes of a PKCS #12 file (RFC 7292): one RSA
// or ECDSA private key, its certificate, and any number of certificates of CAs in
// any order. URI is for Info and for errors. Secret returns the password in
// UTF-8; nil stands for the empty one.
//
// Errors: [ErrWrongPassword], the secret's own, and others that say what is wrong
// with the file.
func ParsePKCS12(uri string, data []byte, secret Secret) (Key, error) {
	if err := checkIterations(cryptobyte.String(data), 0); err != nil {
		return nil, fmt.Errorf("keys: %q: %w", uri, err)
	}
	var password []byte
	if secret != nil {
		var err error
		if password, err = secret(); err != nil {
			return nil, fmt.Errorf("keys: %q: password: %w", uri, err)
		}
	}
	private, first, others, err := pkcs12.DecodeChain(data, string(password))
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, fmt.Errorf("keys: %q: %w", uri, ErrWrongPassword)
	case err != nil:
		return nil, fmt.Errorf("keys: %q: not a usable PKCS #12 file: %w", uri, err)
	}
	return assemble(uri, private, append([]*x509.Certificate{first}, others...))
}

// assemble finds the certificate of a private key among several. Files made by
// hand do not always have it first.
func assemble(uri string, private any, certificates []*x509.Certificate) (Key, error) {
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("keys: %q: a key of type %T cannot sign, want RSA, ECDSA or Ed25519", uri, private)
	}
	for i, c := range certificates {
		if c == nil || !samePublicKey(signer.Public(), c.PublicKey) {
			continue
		}
		others := append(certificates[:i:i], certificates[i+1:]...)
		return New(uri, signer, c, others...)
	}
	return nil, fmt.Errorf("keys: %q: none of its %d certificates belongs to the private key", uri, len(certificates))
}

// checkIterations refuses files that ask for hours of key derivation, before the
// password is used. Salt and count stand one after the other, an OCTET STRING and
// an INTEGER, in MacData as in the parameters of every encryption scheme.
func checkIterations(der cryptobyte.String, depth int) error {
	if depth > 12 {
		return nil
	}
	for salt := false; !der.Empty(); {
		var element, body cryptobyte.String
		var tag asn1.Tag
		if !der.ReadAnyASN1Element(&element, &tag) {
			return nil // not DER, or inside a string that is none: left to the decoder
		}
		body = element
		if !body.ReadAnyASN1(&body, &tag) {
			return nil
		}
		if tag == asn1.INTEGER && salt && new(big.Int).SetBytes(body).Cmp(big.NewInt(maxIterations)) > 0 {
			return fmt.Errorf("key derivation with more than %d iterations", maxIterations)
		}
		salt = tag == asn1.OCTET_STRING
		if tag&0x20 != 0 || salt {
			if err := checkIterations(body, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("keys: %q: more than %d MiB, that is no key file", path, maxFile>>20)
	}
	return data, nil
}
