package server

import (
	"crypto/tls"
	"errors"
	"net"

	"google.golang.org/grpc/credentials"
)

// transport is the TLS of a node: version 1.3 alone, its own certificate, and a
// client certificate asked for but not demanded by the handshake. A client without
// one then gets an answer that says so, and not a torn connection; no method but
// health is open to it. Which certificate may do what is decided by its public
// key, in identify, so no authority for clients is configured here. TLS 1.3 proves
// that the client holds the private key.
func transport(current func() *tls.Certificate) (credentials.TransportCredentials, error) {
	if c := current(); c == nil || len(c.Certificate) == 0 {
		return nil, errors.New("server: no TLS certificate")
	}
	return credentials.NewTLS(&tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current(), nil },
		ClientAuth:     tls.RequestClientCert,
		MinVersion:     tls.VersionTLS13,
		NextProtos:     []string{"h2"},
	}), nil
}

// listenError turns the error of a Listen into one that says what to do.
func listenError(address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return &ListenError{Address: address, Err: op.Err}
	}
	return &ListenError{Address: address, Err: err}
}

// A ListenError says that an address cannot be listened on.
type ListenError struct {
	Address string
	Err     error
}

func (e *ListenError) Error() string { return "server: listen on " + e.Address + ": " + e.Err.Error() }
func (e *ListenError) Unwrap() error { return e.Err }
