package signer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// flavours are what veraPDF calls the standards that a file claims, of those that it knows.
func flavours(data []byte) (list []string) {
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		return nil
	}
	archive, level, access := signer.ClaimOf(f)
	if archive >= 1 && archive <= 4 {
		list = append(list, fmt.Sprintf("%d%s", archive, strings.ToLower(level)))
	}
	if access == 1 {
		list = append(list, "ua1")
	}
	return list
}

// conformity asks veraPDF about files, each for one flavour, in one run: the rules that
// each fails, with how and where, by "flavour path".
func conformity(t testing.TB, questions []string) map[string]map[string]string {
	t.Helper()
	list := save(t, "list.txt", []byte(strings.Join(questions, "\n")+"\n"))
	out, err := run(t, "verapdf", list)
	if err != nil {
		t.Fatalf("veraPDF: %v\n%s", err, out)
	}
	answers := make(map[string]map[string]string)
	for line := range strings.Lines(out) {
		parts := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(parts) < 3 {
			t.Fatalf("veraPDF: %s", line)
		}
		failed := make(map[string]string)
		switch parts[2] {
		case "conforms":
		case "fails":
			for _, p := range parts[3:] {
				rule, how, _ := strings.Cut(p, " ")
				failed[rule] = how
			}
		default:
			failed["unreadable"] = strings.Join(parts[3:], " ")
		}
		answers[parts[0]+"\t"+parts[1]] = failed
	}
	if len(answers) != len(questions) {
		t.Fatalf("veraPDF answers %d of %d questions:\n%s", len(answers), len(questions), out)
	}
	return answers
}

// nothingNew compares what veraPDF finds in each file with what it found before.
type nothingNew struct {
	dir       string
	questions []string
	before    map[string]string // output to input, as questions
}

func (n *nothingNew) put(t testing.TB, name string, data []byte, of []string) {
	t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flavour := range of {
		q := flavour + "\t" + path
		n.questions = append(n.questions, q)
		original, _, _ := strings.Cut(name, "+")
		n.before[q] = flavour + "\t" + filepath.Join(n.dir, original)
	}
}

func (n *nothingNew) compare(t *testing.T) map[string]map[string]string {
	t.Helper()
	answers := conformity(t, n.questions)
	for _, q := range n.questions {
		for rule, how := range answers[q] {
			if _, ok := answers[n.before[q]][rule]; !ok {
				t.Errorf("veraPDF %s: new: rule %s %s", strings.ReplaceAll(q, n.dir+"/", ""), rule, how)
			}
		}
	}
	return answers
}

// A person's and an agency's signature, as Decree 30 shows them.
func personal() signer.SignOptions {
	return signer.SignOptions{Profile: appearance.Personal, Image: hand, Place: &signer.Placement{Page: -1, Rect: [4]float64{330, 60, 510, 160}}}
}

func stamped(pki *testpki.PKI) signer.SignOptions {
	o := longTerm(pki, signer.LevelBLTA)
	o.Profile, o.Image = appearance.Agency, seal
	o.Place = &signer.Placement{Page: -1, Rect: [4]float64{60, 60, 260, 140}}
	return o
}

// Files that conform to PDF/A or PDF/UA do so after each of two visible signatures, at
// the lowest and the highest level, after one of text alone, on a curve, after one
// that does not show, and with prepared fields, empty and filled in.
func TestSignKeepsConformity(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	agency := pki.Issue(testpki.Agency("UBND phường Ba Hàng")).Key()
	curve := pki.Issue(testpki.Person("Trần Thị Ánh", "UBND phường Ba Hàng"), testpki.P256()).Key()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "pdfa", "*.pdf"))
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files of testdata/pdfa, %v", len(files), err)
	}
	n := &nothingNew{dir: t.TempDir(), before: make(map[string]string)}
	inputs := reshaped(t)
	for _, file := range files {
		inputs[filepath.Base(file)] = archived(t, filepath.Base(file))
	}
	for name, in := range inputs {
		of := flavours(in)
		if flavour, _, _ := strings.Cut(strings.TrimSuffix(name, ".pdf"), "-"); len(of) != 1 || of[0] != flavour {
			t.Fatalf("%s claims %v", name, of)
		}
		once, _ := sign(t, in, person, personal())
		twice, signed := sign(t, once, agency, stamped(pki))
		words, _ := sign(t, in, curve, signer.SignOptions{Profile: appearance.Custom, Lines: []string{"Số: 12/QĐ-UBND"}, Level: signer.LevelBT, TSA: pki.Stamper(),
			Place: &signer.Placement{Page: 1, Rect: [4]float64{330, 660, 510, 700}}})
		hidden, _ := sign(t, in, person, longTerm(pki, signer.LevelBLTA))
		n.put(t, name, in, of)
		n.signDrafted(t, pki, name, in, of)
		for variant, data := range map[string][]byte{"once": once, "twice": twice, "words": words, "hidden": hidden} {
			n.put(t, name+"+"+variant+".pdf", data, of)
		}
		othersOnConformity(t, pki, name, in, twice, of[0] == "ua1")
		if warned := len(signed.Warnings) > 0; warned != (of[0] == "ua1") {
			t.Errorf("%s: warnings %q", name, signed.Warnings)
		}
	}
	n.signPrepared(t, pki)
	n.sealDrafted(t, pki)
	answers := n.compare(t)
	for name := range inputs {
		for q, failed := range answers {
			if strings.HasSuffix(q, "/"+name) && len(failed) > 0 {
				t.Errorf("%s does not conform before: %v", q, failed)
			}
		}
	}
}

// othersOnConformity has our own validation, qpdf and, of some files, pdfsig and
// pyHanko look at a file that was signed twice.
func othersOnConformity(t *testing.T, pki *testpki.PKI, name string, in, twice []byte, access bool) {
	t.Helper()
	r := judgedAt(t, pki, twice)
	for _, s := range r.Signatures {
		if s.Indication != signer.TotalPassed {
			t.Errorf("%s: %s is %s: %s", name, s.Field, s.Indication, summary(r))
		}
	}
	if r.Signatures[0].Changes != signer.ChangesSignature {
		t.Errorf("%s: what follows the first signature is %q, want %q", name, r.Signatures[0].Changes, signer.ChangesSignature)
	}
	before, after := save(t, "in.pdf", in), save(t, "out.pdf", twice)
	if diff := cmp.Diff(complaints(t, before), complaints(t, after)); diff != "" {
		t.Errorf("%s: qpdf --check (-in +out):\n%s", name, diff)
	}
	keep(t, name, twice)
	switch name {
	case "1a.pdf", "4.pdf", "ua1.pdf":
	default:
		return
	}
	if out, err := run(t, "pdfsig", "-nocert", after); err != nil || strings.Count(out, "Signature is Valid.") != 2 || strings.Count(out, "- Total document signed") != 1 {
		t.Errorf("%s: pdfsig: %v\n%s", name, err, out)
	}
	for i, v := range judge(t, pki, after) {
		// The tree of a file that claims PDF/UA has to change, which pyHanko has no rule for.
		if want := i > 0 || !access; !v.Intact || !v.Valid || v.Bottom != want {
			t.Errorf("%s: pyHanko on signature %d: %+v", name, i+1, v)
		}
	}
}

// Files of strangers that claim PDF/A or PDF/UA, conforming or not, break no more rules
// when they are signed.
func TestSignKeepsCorpusConformity(t *testing.T) {
	t.Parallel()
	root := corpusRoot(t)
	pki := testpki.New(t)
	key := pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()).Key()
	n := &nothingNew{dir: t.TempDir(), before: make(map[string]string)}
	signed := 0
	for i, f := range signableFiles(t, root) {
		data, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		of := flavours(data)
		if len(of) == 0 {
			continue
		}
		shown, ok := signOnPage(t, f.path, data, key, signer.SignOptions{Profile: appearance.Agency, Image: seal})
		if !ok {
			continue
		}
		hidden, ok := signOnPage(t, f.path, data, key, signer.SignOptions{})
		if !ok {
			continue
		}
		signed++
		name := fmt.Sprintf("%d-%s", i, filepath.Base(f.path))
		n.put(t, name, data, of)
		n.put(t, name+"+shown.pdf", shown, of)
		n.put(t, name+"+hidden.pdf", hidden, of)
	}
	n.compare(t)
	t.Logf("compared %d files", signed)
}

// signOnPage signs a stranger's file, on the first page if it shows, where it can be.
func signOnPage(t *testing.T, path string, data []byte, key keys.Key, opts signer.SignOptions) ([]byte, bool) {
	t.Helper()
	opts.At = testpki.Now
	if opts.Profile != appearance.Invisible {
		opts.Lines = []string{"Đã ký"}
		opts.Place = &signer.Placement{Page: 1, Rect: [4]float64{5, 5, 65, 35}}
	}
	var out bytes.Buffer
	if _, err := signer.Sign(context.Background(), bytes.NewReader(data), key, opts, &out); err != nil {
		if len(flavours(data)) > 0 {
			t.Logf("%s: %v", path, err)
		}
		return nil, false
	}
	return out.Bytes(), true
}
