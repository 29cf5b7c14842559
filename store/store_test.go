package store_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

func TestOpenURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, url := range []string{"sqlite:" + dir + "/a/b", "sqlite://" + dir + "/a/b", "sqlite:" + dir + "/Thị xã"} {
		rows, _, err := store.Open(t.Context(), url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, url := range []string{"", "sqlite:", dir, "mysql:" + dir, "postgres://host/db", "postgres://%zz/db", "postgres://host:port/db"} {
		if rows, _, err := store.Open(t.Context(), url); err == nil {
			rows.Close()
			t.Errorf("%q was opened", url)
		} else if !strings.Contains(err.Error(), "want sqlite:FOLDER") {
			t.Errorf("%q: %v; want one that says what to write", url, err)
		}
	}
}

// A password is in no error, wherever in the URL it was written.
func TestPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tail := "@127.0.0.1:1/db?sslmode=disable&blobs=" + dir
	for name, url := range map[string]string{
		"in front":        "postgres://u:geheim" + tail,
		"as a parameter":  "postgres://u" + tail + "&password=geheim",
		"cannot be read":  "postgres://u:geheim@host:po%rt/db",
		"of no kind":      "postgre://u:geheim" + tail,
		"without a colon": "u:geheim@host",
		"from a file":     "postgres://u" + tail + "&password_file=" + file, // nobody serves there
	} {
		rows, _, err := store.Open(t.Context(), url)
		if err == nil {
			rows.Close()
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := store.Open(t.Context(), "postgres://u"+tail+"&password_file="+filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "password_file") {
		t.Errorf("no password file: %v", err)
	}
}

func TestRebase(t *testing.T) {
	t.Parallel()
	under := func(name string) string { return "/etc/" + name }
	for _, tt := range []struct{ url, want string }{
		{"sqlite:data", "sqlite:data"},
		{"postgres://u@h/d", "postgres://u@h/d?blobs=%2Fetc%2Fdata"},
		{"postgres://u@h/d?blobs=b&password_file=p&sslmode=require", "postgres://u@h/d?blobs=%2Fetc%2Fb&password_file=%2Fetc%2Fp&sslmode=require"},
		{"postgres://u:pw@h/d", "postgres://u:pw@h/d"}, // refused when it is opened
	} {
		if got := store.Rebase(tt.url, "data", under); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.url, got, tt.want)
		}
	}
}

func openStore(t *testing.T) (exchange.Store, exchange.Blobs) {
	t.Helper()
	rows, files, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "node"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	})
	return rows, files
}

// Errors of the folder are said in the words of the domain.
func TestBlobErrors(t *testing.T) {
	t.Parallel()
	_, files := openStore(t)
	ctx := t.Context()
	if _, err := files.Open(ctx, envelope.Digest{1}); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
	if n, err := files.Append(ctx, "k", 5, strings.NewReader("x")); n != 0 || !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("append: %d, %v; want ErrConflict", n, err)
	}
	if n, err := files.Append(ctx, "k", 0, iotest.DataErrReader(strings.NewReader("xyz"))); n != 3 || err != nil {
		t.Errorf("append: %d, %v; want 3", n, err)
	}
	if err := files.Finish(ctx, "k", envelope.Digest{1}, 3); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("finish: %v, want ErrConflict", err)
	}
	digest, err := files.Put(ctx, []byte("x"))
	if err != nil || digest != envelope.Sum([]byte("x")) {
		t.Errorf("put: %s, %v", digest, err)
	}
	blob, err := files.Open(ctx, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size())); err != nil || !bytes.Equal(data, []byte("x")) {
		t.Errorf("read %q, %v", data, err)
	}
}
