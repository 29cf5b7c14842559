package gateway_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// swelling is a ZIP file with one entry, a PDF by its first bytes, that unpacks to size bytes
// of zeros: a thousandth of it.
func swelling(t *testing.T, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("letter.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, io.MultiReader(strings.NewReader("%PDF-1.7\n"), io.LimitReader(zeros{}, size))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// replaced puts a text in the place of another, which must be there.
func replaced(t *testing.T, message []byte, old, text string) []byte {
	t.Helper()
	out := bytes.Replace(message, []byte(old), []byte(text), 1)
	if bytes.Equal(out, message) {
		t.Fatalf("the message has no %s:\n%.2000s", old, message)
	}
	return out
}

// peak tells how far the heap rises above where it was while f runs.
func peak(t *testing.T, f func()) int64 {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, top := m.HeapAlloc, m.HeapAlloc
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				top = max(top, now.HeapAlloc)
			}
		}
	})
	f()
	close(stop)
	wg.Wait()
	return int64(top - base)
}

// What swells, nests, lies about its size or is damaged is refused by name at the door, by
// whatever listener takes it from the network, and costs no more than a small multiple of
// the largest message. It runs alone, since it measures.
func TestHostileMessages(t *testing.T) {
	lim := edxml.DefaultLimits()
	lim.Message, lim.Attachment, lim.Unpacked = 8<<20, 4<<20, 16<<20
	w := newWorld(t, lim)
	ward := w.program("ward", testnode.Ward, exchange.RoleClerk)
	letter := w.net.Letter(t, 1000)
	good := w.document("61", letter, nil)
	encoded := func(data []byte) []byte {
		return w.document("62", letter, func(d *edxml.Document) { d.Attachments[0].Encoded = base64.StdEncoding.EncodeToString(data) })
	}
	inside := func(text string) []byte {
		return replaced(t, good, "</edXML:MessageHeader>", text+"</edXML:MessageHeader>")
	}
	laughs := `<!DOCTYPE edXML [<!ENTITY a "ha ha">` + strings.Repeat(`<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">`, 9) + `]><edXML `
	bomb := swelling(t, 200<<20)
	many := replaced(t, good, "</AttachmentEncoded>", strings.Repeat("<Attachment/>", 1000)+"</AttachmentEncoded>")
	pieces := func(d *edxml.Document) { // each within the limit of one, together above that of all
		piece := base64.StdEncoding.EncodeToString(swelling(t, 6<<20))
		d.Attachments[0].Encoded = piece
		for range 3 {
			d.Attachments = append(d.Attachments, edxml.Attachment{ContentID: "cid:2", Name: "b.pdf", Encoded: piece})
		}
	}
	binary := bytes.Replace(letter, []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), 1)
	for _, tt := range []struct {
		name, code, reason string
		message            []byte
	}{
		{"a ZIP that swells a thousand times", "27", "ZIP_BOMB", encoded(bomb)},
		{"ZIPs that swell together", "27", "ZIP_BOMB", w.document("62", letter, pieces)},
		{"a ZIP cut off", "10", "ZIP", encoded(bomb[:len(bomb)/2])},
		{"entities that laugh", "22", "DTD", replaced(t, good, "<edXML ", laughs)},
		{"a file of this machine", "22", "DTD", replaced(t, good, "<edXML ", `<!DOCTYPE edXML SYSTEM "file:///etc/passwd"><edXML `)},
		{"an entity of no type", "22", "ENTITY", inside("<a>&xxe;</a>")},
		{"nested a million deep", "22", "DEPTH", inside(strings.Repeat("<a>", 1_000_000))},
		{"a million elements", "22", "COUNT", inside(strings.Repeat("<a/>", 1_000_000))},
		{"a text of five megabytes", "22", "TEXT_SIZE", inside("<a>" + strings.Repeat("x", 5<<20) + "</a>")},
		{"a tag of a megabyte", "22", "TEXT_SIZE", inside(`<a b="` + strings.Repeat("x", 1<<20) + `"/>`)},
		{"a thousand attachments", "22", "COUNT", many},
		{"a huge attachment", "27", "ATTACHMENT_SIZE", encoded(append([]byte("%PDF-1.7\n"), make([]byte, 5<<20)...))},
		{"a huge message", "27", "SIZE", bytes.Repeat([]byte("a"), 8<<20+1)},
		{"base64 that is cut", "10", "BASE64", w.document("62", letter, func(d *edxml.Document) { d.Attachments[0].Encoded = d.Attachments[0].Encoded[:101] })},
		{"base64 of an address", "10", "BASE64", w.document("62", letter, func(d *edxml.Document) { d.Attachments[0].Encoded = "JVBERi0-_w==" })},
		{"a PDF that was text", "10", "MANGLED_UTF8", encoded([]byte(strings.ToValidUTF8(string(binary), "\uFFFD")))},
		{"UTF-16", "22", "ENCODING", append([]byte("\xff\xfe"), good...)},
	} {
		for _, chunked := range []bool{false, true} {
			p := *ward
			p.chunked = chunked
			var r reply
			rise := peak(t, func() { r = p.send("edoc", tt.message) })
			if r.Status != "FAIL" || r.ErrorCode != tt.code || !strings.HasPrefix(r.ErrorDesc, tt.reason+": ") {
				t.Errorf("%s (chunked: %t): %+v, want code %s and %s", tt.name, chunked, r, tt.code, tt.reason)
			}
			if most := 6*lim.Message + lim.Unpacked; rise > most {
				t.Errorf("%s (chunked: %t): %d bytes of memory, at most %d", tt.name, chunked, rise, most)
			}
		}
	}
	if list := w.program("district", testnode.District, exchange.RoleClerk).list("edoc"); len(list) != 0 {
		t.Errorf("%d letters came of it", len(list))
	}
	w.good(ward.send("edoc", good)) // the door is as it was
}
