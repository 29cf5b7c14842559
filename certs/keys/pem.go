package keys

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

func openPEM(path string, _ Secret) (Key, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParsePEM("pem:"+path, data)
}

// ParsePEM opens a key in PEM: one private key (PKCS #8, PKCS #1 or SEC 1, not
// encrypted), its certificate, and those of CAs, in any order. It is for tests
// and demonstrations: nothing guards the key but the permissions of the file.
func ParsePEM(uri string, data []byte) (Key, error) {
	var private any
	var certificates []*x509.Certificate
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("keys: %q: certificate %d: %w", uri, len(certificates)+1, err)
			}
			certificates = append(certificates, c)
			continue
		}
		key, err := parsePrivate(block)
		if err != nil {
			return nil, fmt.Errorf("keys: %q: %w", uri, err)
		}
		if key != nil && private != nil {
			return nil, fmt.Errorf("keys: %q: more than one private key", uri)
		}
		if key != nil {
			private = key
		}
	}
	switch {
	case private == nil && !bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, fmt.Errorf("keys: %q: not PEM: a .p12 or .pfx file opens as pkcs12:FILE", uri)
	case private == nil:
		return nil, fmt.Errorf("keys: %q: no private key", uri)
	case len(certificates) == 0:
		return nil, fmt.Errorf("keys: %q: no certificate beside the private key: put both into one file", uri)
	}
	return assemble(uri, private, certificates)
}

// parsePrivate returns nil for blocks that hold no key, such as EC PARAMETERS.
func parsePrivate(block *pem.Block) (any, error) {
	if block.Headers["Proc-Type"] != "" || block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, errors.New("the private key is encrypted: make a PKCS #12 file of it")
	}
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, nil
}
