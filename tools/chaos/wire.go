package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// A wire carries connections to one place, and can be cut, slowed, stopped without
// being closed, and led elsewhere.
type wire struct {
	name     string
	listener net.Listener

	mu    sync.Mutex
	to    func() (net.Conn, error)
	mood  mood
	conns map[net.Conn]bool
	moods chan struct{} // closed when the mood changes
	done  chan struct{}
}

// A mood is how a wire treats what is sent over it.
type mood struct {
	cut   bool          // nothing gets through, and connections break
	stuck bool          // connections stay, and nothing gets through: half-open
	delay time.Duration // before each piece
}

func newWire(name string, to func() (net.Conn, error)) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{name: name, listener: l, to: to, conns: make(map[net.Conn]bool), moods: make(chan struct{}), done: make(chan struct{})}
	go w.serve()
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

// set changes the mood. A cut breaks what is there; and so does the end of a stuck wire,
// as the first packet does that reaches a machine which knows nothing of its connection.
func (w *wire) set(m mood) {
	w.mu.Lock()
	defer w.mu.Unlock()
	breaks := m.cut || w.mood.stuck && !m.stuck
	w.mood = m
	close(w.moods)
	w.moods = make(chan struct{})
	if breaks {
		w.drop()
	}
}

// lead makes new connections go elsewhere, and breaks those that are there if asked to.
func (w *wire) lead(to func() (net.Conn, error), drop bool) (before func() (net.Conn, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, w.to = w.to, to
	if drop {
		w.drop()
	}
	return before
}

// drop1 breaks one connection of those that are there.
func (w *wire) drop1() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Close()
		return
	}
}

// drop needs the lock.
func (w *wire) drop() {
	for c := range w.conns {
		c.Close()
	}
}

func (w *wire) close() {
	close(w.done)
	w.listener.Close()
	w.set(mood{cut: true})
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.carry(near)
	}
}

func (w *wire) carry(near net.Conn) {
	defer near.Close()
	if !w.add(near) {
		return
	}
	defer w.remove(near)
	w.mu.Lock()
	to := w.to
	w.mu.Unlock()
	far, err := to()
	if err != nil {
		return
	}
	defer far.Close()
	if !w.add(far) {
		return
	}
	defer w.remove(far)
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			w.copy(pair[0], pair[1]) // ends when either side does
			pair[0].Close()
			pair[1].Close()
			ended <- struct{}{}
		}()
	}
	<-ended
	<-ended
}

// copy carries one direction.
func (w *wire) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !w.wait() {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// wait lets the mood of the wire pass, and reports whether what was read may go on.
func (w *wire) wait() bool {
	for {
		w.mu.Lock()
		m, changed := w.mood, w.moods
		w.mu.Unlock()
		switch {
		case m.cut:
			return false
		case m.stuck:
			select {
			case <-changed:
			case <-w.done:
				return false
			}
			continue
		case m.delay > 0:
			timer := time.NewTimer(m.delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-changed:
			}
		}
		return true
	}
}

// add notes a connection, unless the wire is cut.
func (w *wire) add(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mood.cut {
		return false
	}
	w.conns[c] = true
	return true
}

func (w *wire) remove(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}
