package gateway

import (
	"fmt"
	"net"
	"sync"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/axis"
)

const (
	// DefaultCalls is how many calls one token may have in progress: an adapter that sends
	// some files at once, beside one that polls.
	DefaultCalls = 16
	// DefaultRate is how many calls one token may begin in a minute: what adapters that poll
	// a list each second, and fetch what stands there, come to in their worst minute.
	DefaultRate = 1200
	// maxConnections is how many connections the door holds; further ones wait to be taken.
	maxConnections = 512
)

// limits counts what each token has in progress, and how fast it calls. It grows with the
// tokens of this node alone: strangers have no place in it.
type limits struct {
	mu   sync.Mutex
	most int // calls in progress
	rate int // calls in a minute, which may all come at once
	of   map[string]*use
}

// A use is that of one token.
type use struct {
	inside int
	left   float64 // calls that it may begin now
	at     time.Time
}

// enter takes a call of a token, or says why not.
func (l *limits) enter(token string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of[token]
	if u == nil {
		u = &use{left: float64(l.rate), at: now}
		l.of[token] = u
	}
	if passed := now.Sub(u.at); passed > 0 { // a clock that is set back gives nothing
		u.left = min(float64(l.rate), u.left+passed.Minutes()*float64(l.rate))
	}
	u.at = now
	switch {
	case u.inside >= l.most:
		return tooMany("the token has %d calls in progress, at most so many are taken: end some first", l.most)
	case u.left < 1:
		return tooMany("the token has made %d calls in a minute, at most so many are taken: ask less often", l.rate)
	}
	u.inside++
	u.left--
	return nil
}

func (l *limits) leave(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[token].inside--
}

func tooMany(format string, most int) error {
	return &exchange.Error{Code: exchange.Exhausted, Reason: axis.ReasonTooManyCalls, Text: fmt.Sprintf(format, most)}
}

// A fewListener has at most so many connections open; whoever comes then waits in the
// system's queue, and costs this process nothing.
type fewListener struct {
	net.Listener
	room chan struct{}
	done chan struct{} // closed with the listener: nobody waits for room then
	once sync.Once
}

func few(l net.Listener, most int) net.Listener {
	return &fewListener{Listener: l, room: make(chan struct{}, most), done: make(chan struct{})}
}

func (l *fewListener) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &fewConn{Conn: c, leave: sync.OnceFunc(func() { <-l.room })}, nil
}

func (l *fewListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type fewConn struct {
	net.Conn
	leave func()
}

func (c *fewConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
