package pkcs11

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURI(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, uri string
		want      uri
		err       string
	}{
		{name: "all that is read", uri: "token=UBND%20ph%C6%B0%E1%BB%9Dng;serial=12ab;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;slot-id=3;object=d%E1%BA%A5u;id=%01%fe;type=private?module-path=/usr/lib/a.so&pin-source=file:/etc/pin",
			want: uri{token: "UBND phường", serial: "12ab", manufacturer: "SoftHSM project", model: "SoftHSM v2", slot: 3, object: "dấu", id: []byte{1, 0xfe}, module: "/usr/lib/a.so", pinFile: filepath.FromSlash("/etc/pin")}},
		{name: "nothing but a query", uri: "?module-path=a.so", want: uri{slot: -1, module: "a.so"}},
		{name: "plus is plus", uri: "token=a+b;type=cert", want: uri{slot: -1, token: "a+b"}},
		{name: "PIN in a file URI with a host", uri: "token=a?pin-source=file://localhost/etc/pin", want: uri{slot: -1, token: "a", pinFile: filepath.FromSlash("/etc/pin")}},
		{name: "PIN in a path", uri: "token=a?pin-source=pin.txt", want: uri{slot: -1, token: "a", pinFile: "pin.txt"}},
		{name: "PIN in the URI", uri: "token=a?pin-value=123456", err: "pin-value is refused"},
		{name: "PIN from a program", uri: "token=a?pin-source=%7Cgetpin", err: "want a file"},
		{name: "PIN from nowhere", uri: "token=a?pin-source=file:", err: "want a file"},
		{name: "twice", uri: "token=a;token=b", err: `attribute "token" stands there twice`},
		{name: "misspelt", uri: "tokn=a", err: `attribute "tokn" is not supported, want token,`},
		{name: "unknown query", uri: "token=a?module-name=softhsm", err: `query attribute "module-name" is not supported`},
		{name: "no value", uri: "token", err: "want NAME=VALUE"},
		{name: "bad encoding", uri: "token=%zz", err: "bad percent-encoding"},
		{name: "slot by name", uri: "slot-id=first", err: "want a number"},
		{name: "a public key", uri: "object=a;type=public", err: "want a private key"},
	} {
		got, err := parseURI(tt.uri)
		if tt.err == "" {
			tt.want.path, _, _ = strings.Cut(tt.uri, "?")
		}
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
		if err != nil && strings.Contains(err.Error(), "123456") {
			t.Errorf("%s: the error repeats the PIN: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(uri{})); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestPIN(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := func() ([]byte, error) { return []byte("9999\n"), nil }
	failing := func() ([]byte, error) { return nil, os.ErrPermission }
	for _, tt := range []struct {
		name   string
		file   string
		secret func() ([]byte, error)
		want   string
		err    string
	}{
		{name: "file", file: write("pin", "1234\r\n"), secret: secret, want: "1234"},
		{name: "secret", secret: secret, want: "9999"},
		{name: "neither"},
		{name: "no file", file: filepath.Join(dir, "none"), err: "pin-source: "},
		{name: "some other file", file: write("big", strings.Repeat("1", 1000)), err: "has 1000 bytes"},
		{name: "no secret after all", secret: failing, err: "PIN: permission denied"},
	} {
		got, err := uri{pinFile: tt.file}.pin(tt.secret)
		if string(got) != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, error %v, want %q, %q", tt.name, got, err, tt.want, tt.err)
		}
	}
}

func FuzzURI(f *testing.F) {
	f.Add("token=a%20b;object=c;id=%01?module-path=/a.so&pin-source=file:/b")
	f.Add("slot-id=1;;?&")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parseURI(text)
		if err == nil && strings.Contains(u.String(), "pin-value") && !strings.Contains(u.path, "pin-value") {
			t.Fatal("a PIN in the name of a key")
		}
	})
}
