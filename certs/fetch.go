package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrHostNotAllowed says that the policy does not name the host of an address.
var ErrHostNotAllowed = errors.New("host is not on the list of allowed hosts")

// A Fetcher gets revocation lists over HTTP from hosts that the policy names. It
// keeps each list in memory until its nextUpdate or for an hour, and asks no
// address twice in a minute, so that a dead responder costs one timeout and not
// one for every file. It may be used from many goroutines.
type Fetcher struct {
	Hosts    []string      // "host" (default port of the scheme) or "host:port"; none: nothing is fetched
	Timeout  time.Duration // a request; 0: 10 s
	MaxBytes int64         // a list; 0: 16 MiB
	HTTP     *http.Client  // nil: http.DefaultTransport; redirects go to allowed hosts only, whatever it says

	mu    sync.Mutex
	cache map[string]*cached
}

const (
	defaultTimeout = 10 * time.Second
	defaultMax     = 16 << 20
	maxAge         = time.Hour
	retryAfter     = time.Minute
	maxCached      = 1000
)

// A cached is the last outcome for an address. Its lock, a channel so that a
// waiting caller can give up, is held while the address is fetched.
type cached struct {
	lock chan struct{}
	at   time.Time // when fetched
	list *x509.RevocationList
	err  error
}

// CRL returns the list at an address, from memory while it is fresh, and whether
// it came over the network now. It checks no signature.
func (f *Fetcher) CRL(ctx context.Context, address string, now time.Time) (list *x509.RevocationList, fetched bool, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, false, fmt.Errorf("certs: fetch %q: %w", address, err)
	}
	if err := f.allowed(u); err != nil {
		return nil, false, fmt.Errorf("certs: fetch %q: %w", address, err)
	}
	entry := f.entry(address)
	select {
	case entry.lock <- struct{}{}:
		defer func() { <-entry.lock }()
	case <-ctx.Done():
		return nil, false, fmt.Errorf("certs: fetch %q: %w", address, ctx.Err())
	}
	if entry.valid(now) {
		return entry.list, false, entry.err
	}
	list, err = f.get(ctx, u)
	if err != nil {
		err = fmt.Errorf("certs: fetch %q: %w", address, err)
	}
	if ctx.Err() != nil {
		return list, err == nil, err // the caller gave up: that says nothing about the address
	}
	entry.at, entry.list, entry.err = now, list, err
	return list, err == nil, err
}

func (c *cached) valid(now time.Time) bool {
	age := now.Sub(c.at)
	switch {
	case c.list == nil && c.err == nil, age < 0:
		return false
	case age < retryAfter:
		return true // also a list that is over: its server has no newer one
	case c.err != nil:
		return false
	}
	return age < maxAge && (c.list.NextUpdate.IsZero() || now.Before(c.list.NextUpdate))
}

func (f *Fetcher) entry(address string) *cached {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cache == nil || len(f.cache) >= maxCached && f.cache[address] == nil {
		f.cache = make(map[string]*cached)
	}
	if f.cache[address] == nil {
		f.cache[address] = &cached{lock: make(chan struct{}, 1)}
	}
	return f.cache[address]
}

// allowed refuses addresses that the policy does not name: they are taken from
// certificates in strangers' files, and could point into our own network.
func (f *Fetcher) allowed(u *url.URL) error {
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		return fmt.Errorf("scheme %q: want http or https", u.Scheme)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	host := strings.ToLower(u.Hostname())
	withPort := net.JoinHostPort(host, port)
	standard := port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https"
	if slices.ContainsFunc(f.Hosts, func(h string) bool {
		return strings.EqualFold(h, withPort) || standard && strings.EqualFold(h, host)
	}) {
		return nil
	}
	return fmt.Errorf("host %q: %w", u.Host, ErrHostNotAllowed)
}

func (f *Fetcher) get(ctx context.Context, u *url.URL) (*x509.RevocationList, error) {
	timeout, limit := f.Timeout, f.MaxBytes
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if limit <= 0 {
		limit = defaultMax
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := f.client().Do(request)
	if err != nil {
		return nil, errors.Unwrap(err) // url.Error would repeat the address
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s, want 200", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	lists, err := ParseCRLs(data)
	if err != nil {
		return nil, err
	}
	return lists[0], nil
}

func (f *Fetcher) client() *http.Client {
	client := http.Client{}
	if f.HTTP != nil {
		client = *f.HTTP
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) >= 3 {
			return errors.New("more than 3 redirects")
		}
		return f.allowed(next.URL)
	}
	return &client
}
