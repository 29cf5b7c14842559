package client

import "context"

// A Bearer is an API token as it goes with every call. It is never shown by printing it.
type Bearer string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b Bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: over TLS alone.
func (Bearer) RequireTransportSecurity() bool { return true }

// String keeps the secret out of logs.
func (Bearer) String() string { return "token" }

// GoString keeps it out of %#v.
func (Bearer) GoString() string { return "token" }
