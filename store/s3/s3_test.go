package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/internal/tests3"
	"lienthong/store/blob"
)

// What a bucket and a folder have in common is tested by package store, for both.

func config(t *testing.T, server *tests3.Server) Config {
	return Config{Endpoint: server.Endpoint(), Bucket: tests3.Bucket, Prefix: "node", Credentials: server.Credentials(), Scratch: t.TempDir()}
}

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Store, data []byte) [32]byte {
	t.Helper()
	digest, err := s.Put(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func verify(t *testing.T, s *Store, digest [32]byte) error {
	t.Helper()
	return s.VerifyAt(t.Context(), digest, func(int) error { return nil })
}

func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	when := time.Now().Add(-by)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

// Who cannot get in is told what to do, and nothing of the secret.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("[default]\naws_access_key_id = lienthong\naws_secret_access_key = geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*Config)
		want   string
		away   bool
	}{
		"another secret":         {func(c *Config) { c.Credentials = wrong }, "the key may not do this", true},
		"no such bucket":         {func(c *Config) { c.Bucket = "nowhere" }, "there is no such bucket", true},
		"nobody serves":          {func(c *Config) { c.Endpoint = "http://127.0.0.1:1" }, "is the server up", true},
		"no endpoint":            {func(c *Config) { c.Endpoint = "host:9000" }, "want https://HOST", false},
		"a key in the endpoint":  {func(c *Config) { c.Endpoint = "https://key:geheim@host" }, "want https://HOST", false},
		"no file of credentials": {func(c *Config) { c.Credentials += ".none" }, "credentials", false},
		"an empty one":           {func(c *Config) { c.Credentials = empty }, "aws_access_key_id", false},
		"no such CA":             {func(c *Config) { c.CA = empty }, "no certificate", false},
	} {
		cfg := config(t, server)
		tt.change(&cfg)
		_, err := Open(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrAway) != tt.away {
			t.Errorf("%s: %v; want one that says %q", name, err, tt.want)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the secret is in %v", name, err)
		}
	}
}

// A bucket that is gone is no file that is missing: nothing is held to be lost.
func TestBucketGone(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	s := open(t, config(t, server))
	digest := put(t, s, []byte("x"))
	if err := os.Rename(server.Path(""), server.Path("../elsewhere")); err != nil {
		t.Fatal(err)
	}
	leave := func() (bool, error) { return false, nil }
	_, open := s.Open(t.Context(), digest)
	_, removed := s.RemoveOld(t.Context(), digest, time.Now(), leave)
	_, aside := s.SetAside(t.Context(), digest)
	_, swept := s.Sweep(t.Context(), time.Now(), func([32]byte) (bool, error) { return false, nil }, func(string, time.Time) bool { return false })
	_, room := s.Room(t.Context())
	for what, err := range map[string]error{"open": open, "verify": verify(t, s, digest), "remove": removed, "set aside": aside, "sweep": swept, "room": room} {
		if !errors.Is(err, ErrAway) || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v, want ErrAway", what, err)
		}
	}
}

// A process that has none of a transfer's bytes says so, and makes no blob of what another
// has. It may finish what that one has made a blob of already.
func TestAnotherReplica(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	here, there := open(t, config(t, server)), open(t, config(t, server))
	data := bytes.Repeat([]byte("x"), 100_000)
	digest, ctx := sha256.Sum256(data), t.Context()
	if _, err := here.Append(ctx, "key", 0, bytes.NewReader(data[:50_000])); err != nil {
		t.Fatal(err)
	}
	if held, err := there.Held(ctx, "key"); held != 0 || err != nil {
		t.Errorf("the other holds %d, %v", held, err)
	}
	if _, err := there.Append(ctx, "key", 50_000, bytes.NewReader(data[50_000:])); !errors.Is(err, blob.ErrOffset) {
		t.Errorf("append there: %v, want ErrOffset", err)
	}
	if err := there.Finish(ctx, "key", digest, 100_000); !errors.Is(err, blob.ErrMismatch) {
		t.Errorf("finish there: %v, want ErrMismatch", err)
	}
	if _, err := here.Append(ctx, "key", 50_000, bytes.NewReader(data[50_000:])); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{here, there} {
		if err := s.Finish(ctx, "key", digest, 100_000); err != nil {
			t.Error(err)
		}
		if err := verify(t, s, digest); err != nil {
			t.Error(err)
		}
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	cfg := config(t, tests3.Start(t))
	put(t, open(t, cfg), make([]byte, 600_000))
	cfg.Quota = 1_000_000
	s := open(t, cfg)
	room := func() int64 {
		t.Helper()
		n, err := s.Room(t.Context())
		if err != nil || n > math.MaxInt64 {
			t.Fatalf("%d, %v", n, err)
		}
		return int64(n)
	}
	before := room()
	if before > 400_000 || before < 300_000 {
		t.Errorf("room for %d bytes, want some less than 400,000", before)
	}
	put(t, s, make([]byte, 200_000))
	if got := room(); got != before-200_000 {
		t.Errorf("room for %d bytes, want %d", got, before-200_000)
	}
	put(t, s, make([]byte, 300_000))
	if got := room(); got != 0 {
		t.Errorf("room for %d bytes, want none", got)
	}
	none := func([32]byte) (bool, error) { return false, nil }
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour), none, func(string, time.Time) bool { return false }); n != 3 || err != nil {
		t.Errorf("swept %d, %v; want all three", n, err)
	}
	if got := room(); got < 900_000 {
		t.Errorf("room for %d bytes when all was swept", got)
	}
}

// What was damaged can still be read by an expert.
func TestSetAsideKeeps(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	s := open(t, config(t, server))
	digest := put(t, s, []byte("right"))
	if err := os.WriteFile(server.Path(s.key(digest)), []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.SetAside(t.Context(), digest); !gone || err != nil {
		t.Fatalf("gone %t, %v", gone, err)
	}
	body, _, _, err := s.core.GetObject(t.Context(), tests3.Bucket, strings.Replace(s.key(digest), blobs+s.key(digest)[len("node/"+blobs):len("node/"+blobs)+6], damaged, 1), getAll)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if data, err := io.ReadAll(body); string(data) != "wrong" || err != nil {
		t.Errorf("%q, %v was set aside", data, err)
	}
	if _, err := s.stat(context.Background(), s.marker(digest)); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("its marker: %v, want ErrNotFound", err)
	}
}
