package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bucket of the configuration is a part of the store's URL, so that every command that
// opens the store finds it; names of files in it are relative to the configuration.
func TestBucketOfConfiguration(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ store, bucket, want string }{
		"complete": {"postgres://u@h/d?password_file=pw", "{endpoint: 'https://h:9000', bucket: b, prefix: xã/nút, credentials: key, ca: ca.pem, path_style: false, quota: 2TiB, timeout: 30s}",
			"s3://b/x%C3%A3/n%C3%BAt?ca=DIR%2Fca.pem&credentials=DIR%2Fkey&endpoint=https%3A%2F%2Fh%3A9000&path_style=false&quota=2199023255552&region=us-east-1&scratch=DIR%2Fdata&timeout=30s"},
		"little":      {"postgres://u@h/d", "{endpoint: 'http://h', bucket: b, scratch: /s}", "s3://b/?endpoint=http%3A%2F%2Fh&region=us-east-1&scratch=%2Fs&timeout=1m0s"},
		"none":        {"postgres://u@h/d", "{}", "DIR/data"},
		"SQLite":      {"", "{endpoint: 'http://h', bucket: b}", "error: want postgres://"},
		"two places":  {"postgres://u@h/d?blobs=files", "{endpoint: 'http://h', bucket: b}", "error: another place"},
		"no endpoint": {"postgres://u@h/d", "{bucket: b}", "error: needs blobs.s3.endpoint"},
		"no bucket":   {"postgres://u@h/d", "{endpoint: 'http://h'}", "error: no blobs.s3.bucket"},
		"no time":     {"postgres://u@h/d", "{endpoint: 'http://h', bucket: b, timeout: -1s}", "error: want more than 0s"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "node.yaml")
		text := "node: ward\ntls: {certificate: node.pem}\ndirectory: {authority: [a.pem]}\nstore: '" + tt.store + "'\nblobs: {s3: " + tt.bucket + "}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(path, noEnv)
		if want, bad := strings.CutPrefix(tt.want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		u, err := url.Parse(c.Store)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.ReplaceAll(u.Query().Get("blobs"), url.QueryEscape(dir), "DIR"), dir, "DIR"); got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, tt.want)
		}
	}
}
