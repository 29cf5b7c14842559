package signer_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// letters are the 134 letters of Vietnamese that ASCII has not.
const letters = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư" +
	"ẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệỈỉỊịỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤụỦủỨứỪừỬửỮữỰựỲỳỴỵỶỷỸỹ"

func TestLetters(t *testing.T) {
	t.Parallel()
	if n := len([]rune(letters)); n != 134 {
		t.Errorf("%d letters, want 134", n)
	}
}

// ring draws a picture with a transparent ground: a seal, or something like
// handwriting.
func ring(c color.NRGBA) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			r := math.Hypot(float64(x)-99.5, float64(y)-99.5)
			star := r < 40 && math.Cos(5*math.Atan2(float64(x)-99.5, 99.5-float64(y))) > r/40
			if r > 85 && r < 98 || star {
				m.SetNRGBA(x, y, c)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var (
	seal = ring(color.NRGBA{200, 0, 0, 255})
	hand = ring(color.NRGBA{0, 0, 160, 200})
)

// words are the words of a text in order, whatever the lines that they are on.
func words(s string) []string { return strings.Fields(s) }

// grown returns the words that after has more than before, in the order in which
// they stand on their pages, and fails where one is gone.
func grown(t *testing.T, before, after string) []string {
	t.Helper()
	count := make(map[string]int)
	for _, w := range words(before) {
		count[w]++
	}
	var more []string
	for _, w := range words(after) {
		if count[w]--; count[w] < 0 {
			more = append(more, w)
		}
	}
	for w, n := range count {
		if n > 0 {
			t.Errorf("the word %q is gone", w)
		}
	}
	return more
}

func TestSignVisible(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	agency := pki.Issue(testpki.Agency("UBND phường Ba Hàng")).Key()
	lines := func(name string) []string {
		return []string{"Ký bởi: " + name, "Cơ quan: UBND phường Ba Hàng", "Thời gian ký: 2026-11-21T17:00:00+07:00"}
	}
	for _, name := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := sample(t, name)
			once, _ := sign(t, in, person, signer.SignOptions{
				Profile: appearance.Personal, Image: hand, Lines: lines("Nguyễn Trọng Nghĩa"), Place: &signer.Placement{Page: -1, Rect: [4]float64{330, 60, 510, 160}},
				Level: signer.LevelBT, TSA: pki.Stamper(),
			})
			twice, _ := sign(t, once, agency, signer.SignOptions{
				Profile: appearance.Agency, Image: seal, Lines: lines("UBND phường Ba Hàng"), Place: &signer.Placement{Page: -1, Rect: [4]float64{60, 60, 260, 140}},
				Level: signer.LevelBT, TSA: pki.Stamper(),
			})
			before, after := save(t, "in.pdf", in), save(t, "out.pdf", twice)
			if diff := cmp.Diff(complaints(t, before), complaints(t, after)); diff != "" {
				t.Errorf("qpdf --check (-in +out):\n%s", diff)
			}
			checkPdfsig(t, pki, after, 2)
			for i, v := range judge(t, pki, after) {
				if !v.Bottom || !v.Stamped {
					t.Errorf("pyHanko on signature %d: %+v", i+1, v)
				}
			}
			want := words("Ký bởi: Nguyễn Trọng Nghĩa Cơ quan: UBND phường Ba Hàng Thời gian ký: 2026-11-21T17:00:00+07:00 " +
				"Ký bởi: UBND phường Ba Hàng Cơ quan: UBND phường Ba Hàng Thời gian ký: 2026-11-21T17:00:00+07:00")
			got := grown(t, text(t, before), text(t, after))
			if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
				t.Errorf("pdftotext grows by (-want +got):\n%s", diff)
			}
			keep(t, name, twice)
		})
	}
}

// keep leaves a file for the eye where SIGNER_KEEP names a folder.
func keep(t *testing.T, name string, data []byte) {
	dir := os.Getenv("SIGNER_KEEP")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every letter, and what delimits and escapes strings in PDF, comes back as it
// was from readers of others: in the dictionary and on the page.
func TestTextSurvives(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	runes := []rune(letters)
	upper, lower := string(runes[:67]), string(runes[67:])
	awkward := `Nghĩa (a) b) ((c \n \\ \) d\ <3> [x] /e %f ` + letters
	for _, tt := range []struct{ name, value string }{
		{"letters", awkward},
		{"line ends", "một\rhai\nba\r\nbốn (" + letters + ")"},
		{"ASCII", `a (b) c) \d \\ (` + "\r\n\t\r"},
		{"one letter", "ĩ"},
		{"beyond the basic plane", "chữ 𠀋 (Nôm)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, _ := sign(t, sample(t, "01-ward-report.pdf"), key, signer.SignOptions{
				Name: tt.value, Reason: tt.value, Location: tt.value, Contact: tt.value,
			})
			file := save(t, "out.pdf", out)
			if list := complaints(t, file); len(list) > 0 {
				t.Errorf("qpdf --check: %v", list)
			}
			checkPdfsig(t, pki, file, 1)
			v := judge(t, pki, file)[0]
			for key, got := range map[string]string{"Name": v.Name, "Reason": v.Reason, "Location": v.Location, "ContactInfo": v.Contact} {
				if got != tt.value {
					t.Errorf("pyHanko reads /%s %q, want %q", key, got, tt.value)
				}
			}
			for key, got := range signatureStrings(t, file) {
				if got != tt.value {
					t.Errorf("qpdf reads %s %q, want %q", key, got, tt.value)
				}
			}
		})
	}
	t.Run("page", func(t *testing.T) {
		t.Parallel()
		in := sample(t, "01-ward-report.pdf")
		lines := []string{upper, lower, `Nghĩa (a) b) ((c \n \\ \) d\ <3> [x] /e %f`, "một\rhai\nba\r\nbốn"}
		out, _ := sign(t, in, key, signer.SignOptions{
			Profile: appearance.Custom, Lines: lines, Place: &signer.Placement{Page: 1, Rect: [4]float64{20, 20, 575, 120}},
		})
		keep(t, "letters.pdf", out)
		got := grown(t, text(t, save(t, "in.pdf", in)), text(t, save(t, "out.pdf", out)))
		if diff := cmp.Diff(words(strings.Join(lines, " ")), got); diff != "" {
			t.Errorf("pdftotext grows by (-want +got):\n%s", diff)
		}
	})
}

// signatureStrings returns what qpdf reads in the signature dictionary.
func signatureStrings(t *testing.T, file string) map[string]string {
	t.Helper()
	out, err := run(t, "qpdf", "--json=2", "--json-key=qpdf", file)
	if err != nil {
		t.Fatalf("qpdf: %v", err)
	}
	var doc struct {
		QPDF []json.RawMessage `json:"qpdf"`
	}
	var objects map[string]struct {
		Value any `json:"value"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.QPDF) != 2 {
		t.Fatalf("qpdf --json: %v", err)
	}
	if err := json.Unmarshal(doc.QPDF[1], &objects); err != nil {
		t.Fatalf("qpdf --json: %v", err)
	}
	found := make(map[string]string)
	for _, o := range objects {
		d, ok := o.Value.(map[string]any)
		if !ok || d["/Type"] != "/Sig" {
			continue
		}
		for _, key := range []string{"/Name", "/Reason", "/Location", "/ContactInfo"} {
			s, _ := d[key].(string)
			found[key] = strings.TrimPrefix(s, "u:")
		}
	}
	if len(found) != 4 {
		t.Fatalf("qpdf --json shows no signature dictionary")
	}
	return found
}

// pdfsig prints neither name nor reason, but the name in the certificate.
func TestPdfsigReadsTheSigner(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	name := "Nghĩa (" + letters + ") (b" // a backslash it would print twice
	out, _ := sign(t, sample(t, "01-ward-report.pdf"), pki.Issue(testpki.Person(name, "UBND")).Key(), signer.SignOptions{Field: "Chữ ký (1) ĩ"})
	printed, err := run(t, "pdfsig", "-nocert", save(t, "out.pdf", out))
	m := regexp.MustCompile(`Common Name: (.*)`).FindStringSubmatch(printed)
	if err != nil || len(m) < 2 || m[1] != name || !strings.Contains(printed, "Field Name: Chữ ký (1) ĩ\n") {
		t.Errorf("pdfsig: %v, want %q\n%s", err, name, printed)
	}
}
