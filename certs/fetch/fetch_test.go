package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs/fetch"
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

const hour = time.Hour

var errPage = errors.New("a page")

// get asks for a document that is due a day after now.
func get(ctx context.Context, c *fetch.Client, address string, at time.Time) (string, bool, error) {
	return fetch.Get(ctx, c, fetch.Query[string]{Address: address,
		Parse: func(data []byte) (string, error) {
			if strings.HasPrefix(string(data), "<") {
				return "", errPage
			}
			return string(data), nil
		},
		Due: func(string) time.Time { return now.Add(24 * hour) },
	}, at)
}

func TestFetch(t *testing.T) {
	t.Parallel()
	list := []byte("list")
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/good.crl", func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write(list) })
	mux.HandleFunc("/page.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) })
	mux.HandleFunc("/big.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2000)) })
	mux.HandleFunc("/never.crl", func(_ http.ResponseWriter, r *http.Request) { asked.Add(1); <-r.Context().Done() })
	mux.HandleFunc("/away.crl", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	})
	mux.HandleFunc("/near.crl", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good.crl", http.StatusFound) })
	mux.HandleFunc("/loop.crl", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop.crl", http.StatusFound) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()

	for _, tt := range []struct {
		name, address string
		want          string // of the error; empty if a list comes
		is            error
	}{
		{name: "a list", address: server.URL + "/good.crl"},
		{name: "redirect on the same host", address: server.URL + "/near.crl"},
		{name: "redirect to another host", address: server.URL + "/away.crl", is: fetch.ErrHostNotAllowed, want: "169.254.169.254"},
		{name: "redirect in a circle", address: server.URL + "/loop.crl", want: "more than 3 redirects"},
		{name: "another port", address: "http://127.0.0.1:1/good.crl", is: fetch.ErrHostNotAllowed},
		{name: "user and port tricks", address: "http://" + host + "@127.0.0.1:1/good.crl", is: fetch.ErrHostNotAllowed},
		{name: "directory server", address: "ldap://" + host + "/cn=CA", want: `scheme "ldap": want http or https`},
		{name: "file", address: "file:///etc/passwd", want: "want http or https"},
		{name: "no address", address: ":", want: "missing protocol scheme"},
		{name: "missing", address: server.URL + "/none.crl", want: "status 404 Not Found, want 200"},
		{name: "a page", address: server.URL + "/page.crl", is: errPage},
		{name: "too large", address: server.URL + "/big.crl", want: "more than 1500 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fetch.Client{Hosts: []string{"crl.example.vn", host}, MaxBytes: 1500}
			_, fetched, err := get(t.Context(), f, tt.address, now)
			if (err == nil) != (tt.want == "" && tt.is == nil) || fetched != (err == nil) {
				t.Fatalf("error %v, fetched %v", err, fetched)
			}
			if err != nil && !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %q, want %q in it, and %v", err, tt.want, tt.is)
			}
		})
	}

	t.Run("standard port", func(t *testing.T) {
		f := &fetch.Client{Hosts: []string{"Localhost.invalid"}, Timeout: time.Second}
		_, _, err := get(t.Context(), f, "http://localhost.INVALID/a.crl", now)
		if err == nil || errors.Is(err, fetch.ErrHostNotAllowed) {
			t.Errorf("error %v, want one of the network", err)
		}
	})
	t.Run("memory", func(t *testing.T) {
		asked.Store(0)
		f := &fetch.Client{Hosts: []string{host}}
		for i, step := range []struct {
			now  time.Time
			want int64
		}{
			{now, 1}, {now.Add(59 * time.Minute), 1},
			{now.Add(61 * time.Minute), 2}, // an hour is over
			{now.Add(30 * hour), 3},        // the list itself is over
			{now.Add(30*hour + 1), 3},      // … and there is no newer one
			{now, 4},                       // an earlier time judges anew
		} {
			if _, _, err := get(t.Context(), f, server.URL+"/good.crl", step.now); err != nil || asked.Load() != step.want {
				t.Errorf("step %d: asked %d times, want %d, error %v", i, asked.Load(), step.want, err)
			}
		}
	})
	t.Run("silence costs one timeout a minute", func(t *testing.T) {
		asked.Store(0)
		f := &fetch.Client{Hosts: []string{host}, Timeout: 20 * time.Millisecond}
		for _, now := range []time.Time{now, now.Add(time.Second), now.Add(time.Minute)} {
			if _, _, err := get(t.Context(), f, server.URL+"/never.crl", now); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want a timeout", err)
			}
		}
		if asked.Load() != 2 {
			t.Errorf("asked %d times, want 2", asked.Load())
		}
	})
	t.Run("a caller who gives up", func(t *testing.T) {
		f := &fetch.Client{Hosts: []string{host}}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := get(gone, f, server.URL+"/good.crl", now); err == nil {
			t.Error("a list came")
		}
		if _, _, err := get(t.Context(), f, server.URL+"/good.crl", now); err != nil {
			t.Errorf("the next caller got %v", err)
		}
	})
}

// A shelf is a cache that a store would keep.
type shelf struct {
	mu   sync.Mutex
	kept map[string]string
	at   time.Time
	due  time.Time
}

func (s *shelf) Load(_ context.Context, key string) ([]byte, time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.kept[key]
	return []byte(data), s.at, ok
}

func (s *shelf) Store(_ context.Context, key string, data []byte, fetched, due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[key], s.at, s.due = string(data), fetched, due
}

// TestCache starts a second client on what the first one left.
func TestCache(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.Write([]byte("list")) }))
	t.Cleanup(server.Close)
	kept := &shelf{kept: make(map[string]string)}
	start := func() *fetch.Client {
		return &fetch.Client{Hosts: []string{server.Listener.Addr().String()}, Cache: kept}
	}
	if _, fetched, err := get(t.Context(), start(), server.URL, now); err != nil || !fetched || len(kept.kept) != 1 || !kept.due.Equal(now.Add(24*hour)) {
		t.Fatalf("first: fetched %v, error %v, kept %v until %s", fetched, err, kept.kept, kept.due)
	}
	for _, step := range []struct {
		name    string
		at      time.Time
		fetched bool
	}{
		{"soon after", now.Add(30 * time.Minute), false},
		{"more than an hour after", now.Add(2 * hour), true},
		{"judged at an earlier time", now.Add(-hour), true},
	} {
		if value, fetched, err := get(t.Context(), start(), server.URL, step.at); err != nil || value != "list" || fetched != step.fetched {
			t.Errorf("%s: %q, fetched %v, error %v", step.name, value, fetched, err)
		}
	}
	for key := range kept.kept {
		kept.kept[key] = "<html>"
		kept.at = now
	}
	if value, fetched, err := get(t.Context(), start(), server.URL, now); err != nil || value != "list" || !fetched {
		t.Errorf("a spoilt shelf: %q, fetched %v, error %v", value, fetched, err)
	}
}

// TestQuery posts, tells questions to one address apart, and refuses what fails
// its check without keeping it.
func TestQuery(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 10)
		n, _ := r.Body.Read(body)
		w.Write([]byte(r.Method + " " + r.Header.Get("Content-Type") + " " + string(body[:n])))
	}))
	t.Cleanup(server.Close)
	kept := &shelf{kept: make(map[string]string)}
	c := &fetch.Client{Hosts: []string{server.Listener.Addr().String()}, Cache: kept}
	query := func(about string) fetch.Query[string] {
		return fetch.Query[string]{Address: server.URL, About: about, Body: []byte(about), Type: "a/b", Max: 20,
			Parse: func(data []byte) (string, error) { return string(data), nil }}
	}
	for _, about := range []string{"one", "two"} {
		if got, _, err := fetch.Get(t.Context(), c, query(about), now); err != nil || got != "POST a/b "+about {
			t.Errorf("%s: %q, error %v", about, got, err)
		}
	}
	long := query("long")
	long.Max = 4
	if _, _, err := fetch.Get(t.Context(), c, long, now); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Errorf("longer than allowed: %v", err)
	}
	forged := query("forged")
	forged.Check = func(string) error { return errPage }
	if _, fetched, err := fetch.Get(t.Context(), c, forged, now); !errors.Is(err, errPage) || fetched || len(kept.kept) != 2 {
		t.Errorf("forged: fetched %v, error %v, kept %d", fetched, err, len(kept.kept))
	}
	number := fetch.Query[int]{Address: server.URL, About: "one", Parse: func([]byte) (int, error) { return 0, nil }}
	if _, _, err := fetch.Get(t.Context(), c, number, now); err == nil {
		t.Error("one address read as two kinds of document")
	}
}
