package certs

import "crypto/x509"

// LoadCertificates reads certificates from a PEM or DER file, or from a folder of
// them.
func LoadCertificates(path string) ([]*x509.Certificate, error) { return nil, nil }

// LoadCRLs reads revocation lists from a PEM or DER file, or from a folder.
func LoadCRLs(path string) ([]*x509.RevocationList, error) { return nil, nil }

// ParseCertificates reads certificates from PEM or DER.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) { return nil, nil }

// ParseCRLs reads revocation lists from PEM or DER.
func ParseCRLs(data []byte) ([]*x509.RevocationList, error) { return nil, nil }
