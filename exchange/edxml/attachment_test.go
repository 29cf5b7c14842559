package edxml

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

const pdfHead = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>stream\n\xff\x00\x80\xfe\nendstream endobj\n"

// zipOf makes an archive of names and contents.
func zipOf(t testing.TB, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// asText is what a string type with UTF-8 makes of binary data.
func asText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func TestAttachmentFiles(t *testing.T) {
	t.Parallel()
	one := zipOf(t, "x/in.pdf", pdfHead)
	docx := zipOf(t, "[Content_Types].xml", "<a/>", "word/document.xml", "<b/>")
	for _, tt := range []struct {
		name, file, data string
		want             []File
	}{
		{"raw PDF", "a.pdf", pdfHead, []File{{"a.pdf", "", []byte(pdfHead)}}},
		{"raw text", "a.txt", "đ\r\n", []File{{"a.txt", "", []byte("đ\r\n")}}},
		{"empty", "a.pdf", "", []File{{"a.pdf", "", nil}}},
		{"one file in a wrapper keeps the attachment's name", "công văn.pdf", one, []File{{"công văn.pdf", "x/in.pdf", []byte(pdfHead)}}},
		{"several", "hồ sơ", zipOf(t, "a.pdf", pdfHead, "d/", "", "d/b.txt", "b"), []File{{"a.pdf", "a.pdf", []byte(pdfHead)}, {"d/b.txt", "d/b.txt", []byte("b")}}},
		{"an office file is no wrapper", "a.DOCX", docx, []File{{"a.DOCX", "", []byte(docx)}}},
		{"a wrapped office file", "a.docx", zipOf(t, "a.docx", docx), []File{{"a.docx", "a.docx", []byte(docx)}}},
		{"an archive is no wrapper", "a.zip", one, []File{{"a.zip", "", []byte(one)}}},
		{"a wrapped archive", "a.zip", zipOf(t, "a.zip", one), []File{{"a.zip", "a.zip", []byte(one)}}},
		// U+FFFD far from the beginning, or in text, is nobody's damage.
		{"text that speaks of U+FFFD", "a.txt", "\ufffd\ufffd", []File{{"a.txt", "", []byte("\ufffd\ufffd")}}},
		{"PDF with U+FFFD in its content", "a.pdf", pdfHead + "(\ufffd)", []File{{"a.pdf", "", []byte(pdfHead + "(\ufffd)")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			encoded := base64.StdEncoding.EncodeToString([]byte(tt.data))
			for _, text := range []string{encoded, "\n  " + strings.Join(strings.SplitAfterN(encoded, "A", 3), "\r\n\t")} {
				a := Attachment{ContentID: "cid:1", Name: tt.file, ContentType: "application/zip", Encoded: text}
				got, err := a.Files(smallLimits())
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != len(tt.want) {
					t.Fatalf("got %d files, want %d", len(got), len(tt.want))
				}
				for i, f := range got {
					if w := tt.want[i]; f.Name != w.Name || f.Entry != w.Entry || !bytes.Equal(f.Data, w.Data) {
						t.Errorf("file %d: %q of entry %q, %q; want %q of %q, %q", i, f.Name, f.Entry, f.Data, w.Name, w.Entry, w.Data)
					}
				}
			}
		})
	}
}

func TestAttachmentRefusals(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString
	encrypted := []byte(zipOf(t, "a.pdf", pdfHead))
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	for _, tt := range []struct{ name, encoded, reason, says string }{
		{"mangled PDF of a real case", "JVBERi0xLjMKJe+/ve+/ve+/vQ==", ReasonMangled, "EF BF BD at 10"},
		{"mangled PDF", b64([]byte(asText(pdfHead))), ReasonMangled, "UTF-8 text on its way"},
		{"PDF mangled in its head alone", b64([]byte("%PDF-1.7\r\n%\xef\xbf\xbd\xef\xbf\xbd\r\n\xff\xfe")), ReasonMangled, "EF BF BD at 11"},
		{"mangled ZIP", b64([]byte(asText(zipOf(t, "a.pdf", strings.Repeat(pdfHead, 9))))), ReasonMangled, "EF BF BD"},
		{"PDF mangled before it was wrapped", b64([]byte(zipOf(t, "a.pdf", asText(pdfHead)))), ReasonMangled, "before it was sent"},
		{"cut short", b64([]byte(pdfHead))[:41], ReasonBase64, "cut short"},
		{"without padding", strings.TrimRight(b64([]byte("%PDF")), "="), ReasonBase64, "lost its ="},
		{"other alphabet", "JVBERi0_", ReasonBase64, "base64url"},
		{"escaped", "JVBERi0%2B", ReasonBase64, "escaped"},
		{"data URL", "data:application/pdf;base64,JVBERi0x", ReasonBase64, "data:"},
		{"pieces put together", "JQ==JQ==", ReasonBase64, "several pieces"},
		{"letters that are none", "JVBEđi0x", ReasonBase64, `'đ' at 4`},
		{"bits after the end", "JR==", ReasonBase64, "last bits"},
		{"too large", b64(make([]byte, 5000)), ReasonAttachmentSize, "at most 4096"},
		{"bomb", b64([]byte(zipOf(t, "a", strings.Repeat("\x00", 9000)))), ReasonZIPBomb, "swells over 8192"},
		{"bomb of several", b64([]byte(zipOf(t, "a", strings.Repeat("\x00", 5000), "b", strings.Repeat("\x00", 5000)))), ReasonZIPBomb, "swells"},
		{"many files", b64([]byte(zipOf(t, "a", "", "b", "", "c", "", "d", ""))), ReasonZIPBomb, "at most 3"},
		{"archive without files", b64([]byte(zipOf(t, "d/", ""))), ReasonZIP, "no file"},
		{"archive cut short", b64([]byte(zipOf(t, "a.pdf", pdfHead))[:90]), ReasonZIP, "cannot be opened"},
		{"encrypted archive", b64(encrypted), ReasonZIP, "encrypted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Attachment{ContentID: "cid:1", Name: "a.pdf", Encoded: tt.encoded}
			_, err := a.Files(smallLimits())
			if !errors.Is(err, &Error{Reason: tt.reason}) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s with %q", err, tt.reason, tt.says)
			}
		})
	}
}

// TestZIPThatLies has an entry whose header claims less than it swells to.
func TestZIPThatLies(t *testing.T) {
	t.Parallel()
	data := []byte(zipOf(t, "a", strings.Repeat("\x00", 1<<20)))
	at := bytes.Index(data, []byte("PK\x01\x02"))
	copy(data[at+24:], []byte{10, 0, 0, 0}) // uncompressed size in the directory
	a := Attachment{Name: "a.pdf", Encoded: base64.StdEncoding.EncodeToString(data)}
	if _, err := a.Files(smallLimits()); err == nil {
		t.Error("opened, want a refusal")
	}
}

// TestBombInPieces has attachments that are small one by one, and not together.
func TestBombInPieces(t *testing.T) {
	t.Parallel()
	a := Attachment{Name: "a.pdf", Encoded: base64.StdEncoding.EncodeToString([]byte(zipOf(t, "a", strings.Repeat("\x00", 5000))))}
	d := &Document{From: Organisation{OrganID: "H1"}, To: []Organisation{{OrganID: "H2"}}, Attachments: []Attachment{a, a, a}}
	m, err := d.Message()
	if err != nil {
		t.Fatal(err)
	}
	c, err := CheckMessage(m.Bytes(), smallLimits())
	if err != nil || len(c.Files) != 1 || len(c.Damage) != 1 {
		t.Errorf("check %+v, %v: want one file, one refusal, and no more tried", c, err)
	}
	if _, err := m.Unpack("2026-01-01", smallLimits()); !errors.Is(err, &Error{Reason: ReasonZIPBomb}) {
		t.Errorf("unpack: %v", err)
	}
}

func TestDamagedMessageIsNotWhole(t *testing.T) {
	t.Parallel()
	d := parse(t, messages(t)["document_0_new.edxml"]).Document()
	d.Attachments[1].Encoded = "JVBERi0xLjMKJe+/ve+/vQ=="
	m, err := d.Message()
	if err != nil {
		t.Fatal(err)
	}
	c, err := CheckMessage(m.Bytes(), DefaultLimits())
	if err != nil || c.Whole() || len(c.Damage) != 1 || len(c.Lost) != 0 || len(c.Files) != 1 {
		t.Errorf("check %+v, %v: want one damage, nothing lost here", c, err)
	}
	if _, err := m.Unpack("2026-12-31", DefaultLimits()); !errors.Is(err, &Error{Reason: ReasonMangled}) {
		t.Errorf("unpack: %v, want a refusal", err)
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	files := []File{{Name: "a.pdf", Entry: "a.pdf", Data: []byte(pdfHead)}, {Name: "b.txt", Entry: "b.txt", Data: []byte("b")}}
	a, b := Attachment{Name: "x"}, Attachment{Name: "x"}
	if err := a.Pack(files, false); err == nil {
		t.Error("two files without a wrapper: no error")
	}
	if err := errors.Join(a.Pack(files, true), b.Pack(files, true)); err != nil || a != b {
		t.Errorf("packed twice: %v, the same: %v", err, a == b)
	}
	got, err := a.Files(DefaultLimits())
	if err != nil || len(got) != 2 || !bytes.Equal(got[0].Data, files[0].Data) || a.ContentType != "application/zip" {
		t.Errorf("opened again: %+v, %v", got, err)
	}
}
