// Package freeport finds ports for servers whose address must be known before they listen, or
// while they are down.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports to choose from lie below those that systems give to connections going out (from
// 32768 on Linux, 49152 elsewhere): such a one would take the port of a server that is down.
const (
	lowest = 12_000
	count  = 20_000
	tries  = 100
)

// Listen listens on a free port of 127.0.0.1, chosen at random.
func Listen() (net.Listener, error) {
	var err error
	for range tries {
		port := lowest + rand.IntN(count) // #nosec G404 -- no secret
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("freeport: %d ports from %d to %d tried, none is free: %w", tries, lowest, lowest+count-1, err)
}

// Address is the host and port of a port that is free now.
func Address() (string, error) {
	l, err := Listen()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
