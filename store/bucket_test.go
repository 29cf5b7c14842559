package store_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/internal/testpg"
	"lienthong/internal/tests3"
	"lienthong/store"
)

// onBucket is the URLs of n processes of a new store with its files in a bucket, and the
// folder in which their server has them.
func onBucket(t *testing.T, n int) (urls []string, dir string) {
	t.Helper()
	server := tests3.Start(t)
	u, err := url.Parse(testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		q := u.Query()
		q.Set("blobs", server.URL("node", t.TempDir()))
		with := *u
		with.RawQuery = q.Encode()
		urls = append(urls, with.String())
	}
	return urls, server.Path("node")
}

// A whole store goes into a bucket and out again, in one file and by copying.
func TestCopyToBucket(t *testing.T) {
	t.Parallel()
	from := letters(t)
	urls, dir := onBucket(t, 1)
	want, err := store.Copy(t.Context(), from, urls[0])
	if err != nil || len(want.Problems) > 0 || want.Files == 0 {
		t.Fatalf("%+v, %v", want, err)
	}
	file := filepath.Join(t.TempDir(), "store.tar")
	if _, err := store.ExportFile(t.Context(), urls[0], file, made); err != nil {
		t.Fatal(err)
	}
	back := "sqlite:" + filepath.Join(t.TempDir(), "back")
	got, err := store.ImportFile(t.Context(), file, back)
	if err != nil || got.Root != want.Root || got.Files != want.Files || len(got.Problems) > 0 {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}

	// What is not as it must be in the bucket is found, and named.
	var objects []string
	if err := filepath.WalkDir(filepath.Join(dir, "sha256"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			objects = append(objects, path)
		}
		return err
	}); err != nil || len(objects) < want.Files || want.Files < 2 {
		t.Fatalf("%d objects, %v; want %d", len(objects), err, want.Files)
	}
	data, err := os.ReadFile(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.WriteFile(objects[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(objects[1]); err != nil {
		t.Fatal(err)
	}
	rows, files, err := store.OpenExisting(t.Context(), urls[0])
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found, err := store.Check(t.Context(), rows, files, true)
	if err != nil || len(found.Problems) != 2 {
		t.Fatalf("%+v, %v; want the file that is altered, and the one that is gone", found, err)
	}
	for _, object := range objects[:2] {
		if !strings.Contains(strings.Join(found.Problems, "\n"), filepath.Base(object)) {
			t.Errorf("%s is not named in %q", filepath.Base(object), found.Problems)
		}
	}
}

// What a bucket's URL must say is said, and no value is shown.
func TestBucketURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ place, want string }{
		{"s3://b/p", "endpoint and scratch are required"},
		{"s3://b/p?endpoint=https://h", "endpoint and scratch are required"},
		{"s3:///p?endpoint=https://h&scratch=/s", "want s3://BUCKET/PREFIX"},
		{"s3://key:geheim@b/p?endpoint=https://h&scratch=/s", "want s3://BUCKET/PREFIX"},
		{"s3://b/p?endpoint=https://h&scratch=/s&secret=geheim", "secret: want endpoint"},
		{"s3://b/p?endpoint=https://h&scratch=/s&quota=geheim", "quota: want endpoint"},
		{"s3://b/p?endpoint=https://h&scratch=/s&quota=-1", "quota: want endpoint"},
		{"s3://b/p?endpoint=https://h&scratch=/s&path_style=geheim", "path_style: want endpoint"},
		{"s3://b/p?endpoint=https://h&scratch=/s&timeout=geheim", "timeout: want endpoint"},
	} {
		rows, _, err := store.Open(t.Context(), "postgres://u@127.0.0.1:1/d?blobs="+url.QueryEscape(tt.place))
		if err == nil {
			rows.Close()
			t.Errorf("%q was opened", tt.place)
		} else if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v; want %q, and no value", tt.place, err, tt.want)
		}
	}
}
