package freeport

import (
	"net"
	"os"
	"strings"
	"testing"
)

// No connection that goes out takes the port of a server that is down for a moment.
func TestBelowEphemeral(t *testing.T) {
	t.Parallel()
	bounds, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("what range the system gives out is read on Linux alone")
	}
	first := strings.Fields(string(bounds))[0]
	seen := map[string]bool{}
	for range 50 {
		address, err := Address()
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil || len(port) != 5 || port >= first {
			t.Fatalf("port %q, error %v, want five digits below %s", port, err, first)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		seen[port] = true
		l.Close()
	}
	if len(seen) < 40 {
		t.Errorf("%d different ports of 50", len(seen))
	}
}
