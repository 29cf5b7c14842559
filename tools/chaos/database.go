package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"

	"lienthong/internal/testpg"
)

// A database is the server of the province, with a wire to each of its processes.
type database struct {
	server *testpg.Server
	wires  map[string]*wire

	mu   sync.Mutex
	down bool
}

var errNoDatabase = errors.New("PostgreSQL cannot be run")

// newDatabase starts a server that keeps what it acknowledges: without these settings
// the campaign would prove nothing about the province.
func newDatabase() (*database, error) {
	server, err := testpg.Run()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	d := &database{server: server, wires: make(map[string]*wire)}
	names := []string{"fsync", "synchronous_commit", "full_page_writes"}
	settings, err := server.Settings(names...)
	if err != nil {
		d.close()
		return nil, err
	}
	for _, name := range names {
		if settings[name] != "on" {
			d.close()
			return nil, fmt.Errorf("PostgreSQL: %s is %q, want on", name, settings[name])
		}
	}
	return d, nil
}

// wired is the URL of the store for one process, which reaches the server through a
// wire of its own.
func (d *database) wired(process, blobs string) string {
	if d.wires[process] == nil {
		w, err := newWire("database of "+process, func() (net.Conn, error) { return net.Dial("unix", d.server.Socket()) })
		if err != nil {
			return "postgres:" + err.Error() // the node says that this is no store
		}
		d.wires[process] = w
	}
	u := url.URL{Scheme: "postgres", User: url.User("lienthong"), Host: d.wires[process].address(), Path: "/postgres",
		RawQuery: url.Values{"sslmode": {"disable"}, "blobs": {blobs}}.Encode()}
	return u.String()
}

// stop ends the server as a crash does.
func (d *database) stop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil
	}
	d.down = true
	return d.server.Immediate()
}

// again starts the server, if it is down.
func (d *database) again() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.down {
		return nil
	}
	if err := d.server.Again(); err != nil {
		return err
	}
	d.down = false
	return nil
}

func (d *database) close() {
	for _, w := range d.wires {
		w.close()
	}
	d.server.Close()
}
