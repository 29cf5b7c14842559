// Package fetch gets small documents (revocation lists, OCSP responses, CA
// certificates) over HTTP from hosts that the policy names.
//
// The addresses stand in certificates of strangers' files, so everything here is
// bounded: hosts, time, size, redirects, memory. Nothing that comes is believed;
// package certs checks signatures.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// ErrHostNotAllowed says that the policy does not name the host of an address.
var ErrHostNotAllowed = errors.New("host is not on the list of allowed hosts")

// A Client fetches. It keeps what it got in memory until it is due or for an
// hour, and asks no address for the same thing twice in a minute, so that a dead
// responder costs one timeout and not one for every file. It may be used from
// many goroutines.
type Client struct {
	Hosts    []string      // "host" (default port of the scheme) or "host:port"; none: nothing is fetched
	Timeout  time.Duration // a request; 0: 10 s
	MaxBytes int64         // a document; 0: 16 MiB
	HTTP     *http.Client  // nil: http.DefaultTransport; redirects go to allowed hosts only, whatever it says
	Cache    Cache         // asked before the network, and told what came; nil: memory alone

	mu      sync.Mutex
	entries map[string]*entry
	held    int64 // bytes in entries
}

// A Cache keeps what was fetched for longer than a process lives, or for several.
// It must be safe for many goroutines. Its failures are its own affair: a Load
// that finds nothing costs a request.
type Cache interface {
	// Load returns what was stored under a key, and when it was fetched.
	Load(ctx context.Context, key string) (data []byte, fetched time.Time, ok bool)
	// Store keeps data until due; zero: it does not say.
	Store(ctx context.Context, key string, data []byte, fetched, due time.Time)
}

// A Query says what to get, and how to read it.
type Query[T any] struct {
	Address string
	About   string // tells apart what one address gives; empty for documents that have one
	Body    []byte // posted; nil: GET
	Type    string // media type of Body
	Max     int64  // bytes, if less than the client's
	Parse   func([]byte) (T, error)
	Due     func(T) time.Time // when a newer one comes; zero or nil: it does not say
	Check   func(T) error     // judges what came over the network; may be nil
}

const (
	defaultTimeout = 10 * time.Second
	defaultMax     = 16 << 20
	maxAge         = time.Hour
	retryAfter     = time.Minute
	maxEntries     = 4096
	maxHeld        = 256 << 20
)

// An entry is the last outcome for a key. Its lock, a channel so that a waiting
// caller can give up, is held while it is fetched.
type entry struct {
	lock  chan struct{}
	known bool
	at    time.Time // when fetched
	due   time.Time
	value any
	err   error
}

// Get answers a query, from memory or the cache while that is fresh, and says
// whether it came over the network now.
func Get[T any](ctx context.Context, c *Client, q Query[T], now time.Time) (value T, fetched bool, err error) {
	fail := func(err error) (T, bool, error) {
		return value, false, fmt.Errorf("certs: fetch %q: %w", q.Address, err)
	}
	u, err := url.Parse(q.Address)
	if err != nil {
		return fail(err)
	}
	if err := c.allowed(u); err != nil {
		return fail(err)
	}
	key := q.Address + " " + q.About
	e := c.entry(key)
	select {
	case e.lock <- struct{}{}:
		defer func() { <-e.lock }()
	case <-ctx.Done():
		return fail(ctx.Err())
	}
	if !e.valid(now) && !recall(ctx, c, q, e, key, now) {
		fetched = ask(ctx, c, q, e, key, u, now)
	}
	if e.err != nil {
		return fail(e.err)
	}
	value, ok := e.value.(T)
	if !ok {
		return fail(errors.New("was asked for as something else a moment ago"))
	}
	return value, fetched, nil
}

// recall fills an entry from the cache, if that has it and it is fresh.
func recall[T any](ctx context.Context, c *Client, q Query[T], e *entry, key string, now time.Time) bool {
	if c.Cache == nil {
		return false
	}
	data, at, ok := c.Cache.Load(ctx, key)
	if !ok || int64(len(data)) > c.limit(q.Max) {
		return false
	}
	value, err := q.Parse(data)
	if err != nil {
		return false
	}
	old := entry{known: true, at: at, due: q.due(value), value: value}
	if !old.valid(now) {
		return false
	}
	c.fill(e, old, len(data))
	return true
}

// ask fills an entry from the network, and reports whether a document came.
func ask[T any](ctx context.Context, c *Client, q Query[T], e *entry, key string, u *url.URL, now time.Time) bool {
	data, err := c.request(ctx, u, q.Body, q.Type, c.limit(q.Max))
	var value T
	if err == nil {
		value, err = q.Parse(data)
	}
	if err == nil && q.Check != nil {
		err = q.Check(value)
	}
	if err != nil {
		*e = entry{lock: e.lock, err: err}
		// A caller who gave up says nothing about the address.
		e.known, e.at = ctx.Err() == nil, now
		return false
	}
	c.fill(e, entry{known: true, at: now, due: q.due(value), value: value}, len(data))
	if c.Cache != nil {
		c.Cache.Store(ctx, key, data, now, e.due)
	}
	return true
}

func (q Query[T]) due(value T) time.Time {
	if q.Due == nil {
		return time.Time{}
	}
	return q.Due(value)
}

func (e *entry) valid(now time.Time) bool {
	age := now.Sub(e.at)
	switch {
	case !e.known, age < 0:
		return false
	case age < retryAfter:
		return true // also one that is over: its server has no newer one
	case e.err != nil:
		return false
	}
	return age < maxAge && (e.due.IsZero() || now.Before(e.due))
}

func (c *Client) entry(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || c.entries[key] == nil && (len(c.entries) >= maxEntries || c.held >= maxHeld) {
		c.entries, c.held = make(map[string]*entry), 0
	}
	if c.entries[key] == nil {
		c.entries[key] = &entry{lock: make(chan struct{}, 1)}
	}
	return c.entries[key]
}

// fill replaces an entry whose lock is held.
func (c *Client) fill(e *entry, by entry, size int) {
	by.lock = e.lock
	*e = by
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held += int64(size) // counts replaced ones too: the memory is cleared a little early
}
