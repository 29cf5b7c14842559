package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// lzwSample is the example of ISO 32000-2, 7.4.4.2.
const lzwSample = "\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"

func TestDecode(t *testing.T) {
	t.Parallel()
	a85 := func(s string) string {
		b := make([]byte, ascii85.MaxEncodedLen(len(s)))
		return string(b[:ascii85.Encode(b, []byte(s))]) + "~>"
	}
	long := strings.Repeat("một hai ba ", 5000)
	for _, tt := range []struct {
		name, dict, data, want string
		fails                  bool
	}{
		{name: "no filter", data: "abc", want: "abc"},
		{name: "null filter", dict: "/Filter null", data: "abc", want: "abc"},
		{name: "flate", dict: "/Filter/FlateDecode", data: deflate(long), want: long},
		{name: "flate without its checksum", dict: "/Filter/FlateDecode", data: deflate("abc")[:len(deflate("abc"))-4], want: "abc"},
		{name: "flate without any data", dict: "/Filter/FlateDecode"},
		{name: "flate cut short", dict: "/Filter/FlateDecode", data: deflate(long)[:40], fails: true},
		{name: "hex", dict: "/Filter[/ASCIIHexDecode]", data: "61 62\n6>zz", want: "ab`"},
		{name: "hex with other bytes", dict: "/Filter[/ASCIIHexDecode]", data: "6x>", fails: true},
		{name: "base 85", dict: "/Filter/ASCII85Decode", data: a85("hello, world"), want: "hello, world"},
		{name: "run length", dict: "/Filter/RunLengthDecode", data: "\x02abc\xfed\x80junk", want: "abcddd"},
		{name: "run length cut short", dict: "/Filter/RunLengthDecode", data: "\x05ab", fails: true},
		{name: "lzw", dict: "/Filter/LZWDecode", data: lzwSample, want: "-----A---B"},
		{name: "lzw of an unknown code", dict: "/Filter/LZWDecode", data: "\x80\x7f\xff\xff", fails: true},
		{name: "two filters", dict: "/Filter[/ASCIIHexDecode/FlateDecode]", data: hex.EncodeToString([]byte(deflate("xyz"))) + ">", want: "xyz"},
		{name: "PNG rows", dict: "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 3>>",
			data: deflate("\x00abc\x01a\x01\x01\x02\x01\x01\x01\x03\x31\x01\x01\x04\x01\x00\x00"), want: "abcabcbcdbcdccd"},
		{name: "TIFF of 8 bits", dict: "/Filter/FlateDecode/DecodeParms[<</Predictor 2/Columns 3>>]", data: deflate("a\x01\x01d\x01\x01"), want: "abcdef"},
		{name: "TIFF of 16 bits", dict: "/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 2/BitsPerComponent 16>>", data: deflate("\x00\xff\x00\x01"), want: "\x00\xff\x01\x00"},
		{name: "predictor of huge rows", dict: "/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 2147483647>>", data: deflate("x"), fails: true},
		{name: "predictor that does not exist", dict: "/Filter/FlateDecode/DecodeParms<</Predictor 5>>", data: deflate("x"), fails: true},
		{name: "an image", dict: "/Filter/DCTDecode", data: "x", fails: true},
		{name: "filter that is no name", dict: "/Filter 1", data: "x", fails: true},
		{name: "identity crypt filter", dict: "/Filter/Crypt", data: "x", want: "x"},
		{name: "crypt filter", dict: "/Filter/Crypt/DecodeParms<</Name/StdCF>>", data: "x", fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := simple().stream(5, tt.dict, tt.data).table("")
			v := open(t, m.Bytes()).Latest()
			o, err := v.Object(Ref{5, 0})
			if err != nil {
				t.Fatal(err)
			}
			got, err := o.(*Stream).Decode(v)
			if (err != nil) != tt.fails || !tt.fails && string(got) != tt.want {
				t.Errorf("found %.60q, error %v, want %.60q", got, err, tt.want)
			}
		})
	}
}

func TestStreamLength(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"right", "<</Length 3>>\nstream\nabc\nendstream", "abc"},
		{"carriage returns", "<</Length 3>>stream\r\nabc\r\nendstream", "abc"},
		{"indirect", "<</Length 6 0 R>>stream\nabc\nendstream", "abc"},
		{"too short", "<</Length 2>>stream\nabc\nendstream", "abc"},
		{"too long", "<</Length 300>>stream\nabc\nendstream", "abc"},
		{"missing", "<<>>stream\nabc\r\nendstream", "abc"},
		{"circle", "<</Length 5 0 R>>stream\nabc\nendstream", "abc"},
		{"data holds the keyword", "<</Length 13>>stream\nabc endstream\nendstream", "abc endstream"},
		{"empty", "<</Length 0>>stream\nendstream", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t, simple().object(5, tt.body).object(6, "3").table("").Bytes())
			v := f.Latest()
			o, err := v.Object(Ref{5, 0})
			if err != nil {
				t.Fatal(err)
			}
			r, err := o.(*Stream).Raw(v)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(r); string(got) != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			span, err := v.Extent(Ref{5, 0})
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := f.Bytes(span); !bytes.HasPrefix(b, []byte("5 0 obj")) || !bytes.HasSuffix(b, []byte("endstream\nendobj")) {
				t.Errorf("extent holds %q", b)
			}
			if strays, err := f.Strays(1); err != nil || len(strays) > 0 {
				t.Errorf("found strays %+v, error %v", strays, err)
			}
		})
	}
}

func TestDecodeBudget(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	w, _ := zlib.NewWriterLevel(&bomb, zlib.BestCompression)
	zeros := make([]byte, 1<<20)
	for range 40 {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	m := simple().stream(5, "/Filter/FlateDecode", bomb.String()).table("")
	lim := Limits{Stream: 30 << 20, Decoded: 100 << 20}
	f, err := Open(bytes.NewReader(m.Bytes()), lim)
	if err != nil {
		t.Fatal(err)
	}
	v := f.Latest()
	for i := range 5 { // one stream is over its limit, and four are over the file's
		o, err := v.Object(Ref{5, 0})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.(*Stream).Decode(v); !errors.Is(err, ErrLimit) {
			t.Fatalf("call %d: found error %v, want ErrLimit", i, err)
		}
	}
	if f.budget >= 0 {
		t.Errorf("budget of %d bytes is left", f.budget)
	}
}

func TestSameData(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20000)
	m := simple().stream(5, "", long).stream(6, "", long).stream(7, "", long[1:]+"y").stream(8, "", "z").table("")
	v := open(t, m.Bytes()).Latest()
	get := func(n int) *Stream {
		o, err := v.Object(Ref{Number: n})
		if err != nil {
			t.Fatal(err)
		}
		return o.(*Stream)
	}
	for n, want := range map[int]bool{5: true, 6: true, 7: false, 8: false} {
		if same, err := SameData(get(5), v, get(n), v); err != nil || same != want {
			t.Errorf("5 and %d: found %v, error %v, want %v", n, same, err, want)
		}
	}
	if same, err := SameData(NewStream(nil, []byte("z")), nil, get(8), v); err != nil || !same {
		t.Errorf("found %v, error %v", same, err)
	}
}

func TestEncryptedStreams(t *testing.T) {
	t.Parallel()
	f := open(t, sample(t, "10-encrypted.pdf"))
	found := 0
	err := f.Latest().Walk(func(n Node) error {
		if s, ok := n.Object.(*Stream); ok {
			found++
			if _, err := s.Decode(f.Latest()); !errors.Is(err, ErrEncrypted) {
				t.Errorf("%s: found error %v, want ErrEncrypted", n.Path(), err)
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d streams, error %v", found, err)
	}
}
