package signer_test

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// A longVerdict is what pyHanko says of one signature by the rules for long-term
// validation.
type longVerdict struct {
	Field        string
	Bottom       bool   // with the evidence in the file alone
	Modification string // of what follows
	Long, Sub    string // by the rules for long-term validation
	Archived     bool   // by a document time-stamp
	Stamps       []bool // each document time-stamp, with the lists of today
	Error        string // why it could not be judged
}

// judgeLong asks pyHanko about files as of the PKI's time, with the root and the
// lists of that time. All were signed at one time.
func judgeLong(t testing.TB, pki *testpki.PKI, signed time.Time, files ...string) [][]longVerdict {
	t.Helper()
	return judgeLongAs(t, pki, signed, nil, files...)
}

// judgeLongAs does the same with a switch for judge_lta.py, such as --lenient.
func judgeLongAs(t testing.TB, pki *testpki.PKI, signed time.Time, mode []string, files ...string) [][]longVerdict {
	t.Helper()
	root := save(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.Root.Certificate.Raw}))
	lists := []string{save(t, "issuing.crl", pki.List(pki.CA).Raw), save(t, "root.crl", pki.List(pki.CA.Issuer).Raw)}
	args := []string{root, pki.Time().Format(time.RFC3339), signed.Format(time.RFC3339), strings.Join(lists, ",")}
	var verdicts [][]longVerdict
	askPyhanko(t, &verdicts, "judge_lta.py", slices.Concat(mode, args, files)...)
	return verdicts
}

// askPyhanko runs a script of testdata and reads what it answers in JSON.
func askPyhanko(t testing.TB, answer any, script string, args ...string) {
	t.Helper()
	out, err := run(t, "python3", append([]string{filepath.Join("testdata", script)}, args...)...)
	if err != nil {
		if strings.Contains(out, "ModuleNotFoundError") {
			if os.Getenv("CI") == "true" {
				t.Fatalf("no pyHanko: %s", howToGet["pyhanko"])
			}
			t.Skipf("no pyHanko: %s", howToGet["pyhanko"])
		}
		t.Fatalf("pyHanko: %v\n%s", err, out)
	}
	if err := json.Unmarshal([]byte(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]), answer); err != nil {
		t.Fatalf("pyHanko's answer: %v\n%s", err, out)
	}
}

// Each letter reaches each level with each kind of key, while signing and later,
// and programs of others accept every one of them.
func TestLongTermSamples(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	by := map[string]keys.Key{"RSA": pki.Issue(person).Key(), "P-256": pki.Issue(person, testpki.P256()).Key()}
	var files, names []string
	var stamped []bool // has a time-stamp of its own, and one on the evidence
	for kind, key := range by {
		for _, name := range samples {
			in := sample(t, name)
			plain, _ := sign(t, in, key, signer.SignOptions{})
			own, _ := sign(t, in, key, longTerm(pki, signer.LevelBT))
			for _, level := range []signer.Level{signer.LevelBLT, signer.LevelBLTA} {
				direct, signed := sign(t, in, key, longTerm(pki, level))
				if (signed.Archive != nil) != (level == signer.LevelBLTA) || signed.Level != level {
					t.Errorf("%s %s %s: what Sign says of it: %+v", name, kind, level, signed)
				}
				fromBB, _ := augment(t, plain, archive(pki, level))
				fromBT, _ := augment(t, own, archive(pki, level))
				for how, out := range map[string][]byte{"direct": direct, "from B-B": fromBB, "from B-T": fromBT} {
					what := strings.Join([]string{name, kind, string(level), how}, " ")
					file := save(t, "out.pdf", out)
					checkLongTerm(t, pki, what, in, out, file, level)
					files, names = append(files, file), append(names, what)
					stamped = append(stamped, level == signer.LevelBLTA && how != "from B-B")
				}
			}
		}
	}
	for i, verdicts := range judgeLong(t, pki, testpki.Now, files...) {
		if len(verdicts) != 1 {
			t.Fatalf("%s: pyHanko finds %d signatures", names[i], len(verdicts))
		}
		v := verdicts[0]
		if !v.Bottom || v.Modification != "LTA_UPDATES" || stamped[i] && (v.Long != "PASSED" || !v.Archived) || slices.Contains(v.Stamps, false) {
			t.Errorf("%s: pyHanko: %+v", names[i], v)
		}
	}
}

// checkLongTerm asks our own judge, qpdf and pdfsig.
func checkLongTerm(t *testing.T, pki *testpki.PKI, what string, in, out []byte, file string, level signer.Level) {
	t.Helper()
	r := judgedAt(t, pki, out)
	if s := r.Signatures[0]; r.Verdict != signer.VerdictValid || s.Level != level || s.Changes != signer.ChangesLTV {
		t.Errorf("%s: %s", what, summary(r))
	}
	if diff := cmp.Diff(complaints(t, save(t, "in.pdf", in)), complaints(t, file)); diff != "" {
		t.Errorf("%s: qpdf --check (-in +out):\n%s", what, diff)
	}
	// pdfsig reads document time-stamps and says that it does not judge them.
	answer, err := run(t, "pdfsig", "-nocert", file)
	valid := strings.Count(answer, "Signature Validation: Signature is Valid.")
	broken := strings.Count(answer, "Signature Validation:") - strings.Count(answer, "Signature has not yet been verified") - valid
	total := strings.Count(answer, "- Total document signed")
	if err != nil || valid != 1 || broken != 0 || (total == 1) != (level == signer.LevelBLTA) {
		t.Errorf("%s: pdfsig: %v, %d valid, %d broken, %d total\n%s", what, err, valid, broken, total, answer)
	}
}
