package certs

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A pkitsCase is one test of NIST's Public Key Interoperability Test Suite, as Go's
// standard library has them extracted from its description.
type pkitsCase struct {
	Name                        string
	CertPath, CRLPath           []string // anchor first
	ShouldValidate              bool
	InitialPolicySet            []string
	InitialPolicyMappingInhibit bool
	InitialExplicitPolicy       bool
	InitialAnyPolicyInhibit     bool
}

// pkitsStricter are the tests of valid paths that are refused here, and why. A row
// that begins with the same text covers all its subparts.
var pkitsStricter = map[string]string{
	"4.1.4":   pkitsDSA,
	"4.1.5":   pkitsDSA,
	"4.3.3":   pkitsNames,
	"4.3.4":   pkitsNames,
	"4.3.5":   pkitsNames,
	"4.3.10":  pkitsNames,
	"4.3.11":  pkitsNames,
	"4.4.19":  pkitsKeys,
	"4.5.1":   pkitsKeys,
	"4.5.3":   pkitsKeys,
	"4.5.4":   pkitsKeys,
	"4.5.6":   pkitsKeys,
	"4.6.15":  pkitsKeys,
	"4.6.17":  pkitsKeys,
	"4.9.6":   pkitsKeys,
	"4.11.7":  pkitsKeys,
	"4.12.7":  pkitsKeys,
	"4.12.9":  pkitsKeys,
	"4.13.19": pkitsKeys,
	"4.13.34": pkitsURI,
	"4.13.36": pkitsURI,
	"4.14.1":  pkitsPoints,
	"4.14.4":  pkitsPoints,
	"4.14.5":  pkitsPoints,
	"4.14.7":  pkitsPoints,
	"4.14.18": pkitsPoints,
	"4.14.19": pkitsPoints,
	"4.14.22": pkitsIndirect,
	"4.14.24": pkitsIndirect,
	"4.14.25": pkitsIndirect,
	"4.14.28": pkitsIndirect,
	"4.14.29": pkitsIndirect,
	"4.14.30": pkitsIndirect,
	"4.14.33": pkitsIndirect,
	"4.15.5":  pkitsDelta,
}

const (
	pkitsDSA      = "DSA is no algorithm of Circular 15/2025"
	pkitsNames    = "names are compared byte for byte, as crypto/x509 does, and not by RFC 5280 7.1: two spellings are two names"
	pkitsKeys     = "a list counts only under the key that signed the certificate: another key of that name may be anybody's"
	pkitsURI      = "constraints on URIs are not checked, so nothing that they bear on passes"
	pkitsPoints   = "distribution points are compared by URI: one that is a directory name covers nothing"
	pkitsIndirect = "indirect lists are not supported"
	pkitsDelta    = "delta lists are not supported: what one takes back stays on hold until the full list says so"
)

// pkitsAt is a time at which the suite's certificates and lists are valid.
var pkitsAt = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// pkitsFolder is where tools/install.sh puts the certificates and lists, which belong
// to the public domain and are not in this repository.
func pkitsFolder(t *testing.T) string {
	t.Helper()
	var tried []string
	if dir := os.Getenv("LIENTHONG_PKITS"); dir != "" {
		tried = append(tried, dir)
	}
	if venv := os.Getenv("LIENTHONG_VENV"); venv != "" {
		tried = append(tried, filepath.Join(filepath.Dir(venv), "pkits"))
	}
	for _, dir := range append(tried, filepath.Join("..", ".tools", "pkits")) {
		if _, err := os.Stat(filepath.Join(dir, "certs", "TrustAnchorRootCertificate.crt")); err == nil {
			return dir
		}
	}
	pkitsMissing(t, "no certificates of NIST PKITS: tools/install.sh gets them")
	return ""
}

func pkitsMissing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func pkitsCases(t *testing.T) []pkitsCase {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		pkitsMissing(t, "go env GOROOT: "+err.Error())
	}
	name := filepath.Join(strings.TrimSpace(string(root)), "src", "crypto", "x509", "testdata", "nist-pkits", "vectors.json")
	data, err := os.ReadFile(name)
	if err != nil {
		pkitsMissing(t, "no description of NIST PKITS: "+err.Error())
	}
	var list []pkitsCase
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// input is what the test asks of policies besides.
func (p pkitsCase) input() policyInput {
	in := policyInput{explicit: p.InitialExplicitPolicy, inhibitMapping: p.InitialPolicyMappingInhibit, inhibitAny: p.InitialAnyPolicyInhibit}
	for _, name := range p.InitialPolicySet {
		if n := 0; name != "anyPolicy" {
			if _, err := fmt.Sscanf(name, "NIST-test-policy-%d", &n); err != nil {
				panic(name)
			}
			in.initial = append(in.initial, fmt.Sprintf("2.16.840.1.101.3.2.1.48.%d", n))
		}
	}
	return in
}

// judge says why the path is refused, or nothing.
func (p pkitsCase) judge(t *testing.T, dir string) string {
	t.Helper()
	var chain []*x509.Certificate
	for _, name := range p.CertPath {
		der, err := os.ReadFile(filepath.Join(dir, "certs", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Sprintf("%s: %v", name, err)
		}
		chain = append(chain, c)
	}
	trust, evidence := NewTrust(), NewEvidence()
	trust.AddAll(chain[0])
	for _, name := range p.CRLPath {
		der, err := os.ReadFile(filepath.Join(dir, "crls", name))
		if err != nil {
			t.Fatal(err)
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			continue // a list that cannot be read answers nothing
		}
		evidence.AddCRLs(SourceFile, list)
	}
	path := trust.Build(PathRequest{Leaf: chain[len(chain)-1], Extra: chain[1 : len(chain)-1], Purpose: OfficialSigning, At: pkitsAt})
	if !path.OK() {
		return fmt.Sprint(path.Problems)
	}
	if err := checkPolicies(path.Chain, p.input()); err != nil {
		return err.Error()
	}
	for i := 0; i+1 < len(path.Chain); i++ {
		if r := evidence.Status(path.Chain[i], path.Chain[i+1], pkitsAt, pkitsAt); r.Status != Good {
			return fmt.Sprintf("%s: %s: %s", describe(path.Chain[i]), r.Status, r.Detail)
		}
	}
	return ""
}

// NIST's Public Key Interoperability Test Suite: no path is accepted that it calls
// invalid, and each that it calls valid and that is refused here has a reason.
func TestPKITS(t *testing.T) {
	t.Parallel()
	dir, cases := pkitsFolder(t), pkitsCases(t)
	used := make(map[string]int)
	agree, stricter := 0, 0
	for _, p := range cases {
		number, _, _ := strings.Cut(p.Name, " ")
		known := pkitsStricter[number]
		why := p.judge(t, dir)
		switch accepted := why == ""; {
		case accepted && !p.ShouldValidate:
			t.Errorf("%s: accepted, want it refused", p.Name)
		case !accepted && p.ShouldValidate && known == "":
			t.Errorf("%s: refused, want it accepted: %s", p.Name, why)
		case !accepted && p.ShouldValidate:
			used[number]++
			stricter++
		default:
			agree++
		}
	}
	for number, reason := range pkitsStricter {
		if used[number] == 0 {
			t.Errorf("%s is said to be refused (%s), and is not", number, reason)
		}
	}
	if len(cases) < 240 {
		t.Errorf("found %d tests, want 240 or more", len(cases))
	}
	t.Logf("%d tests: %d as NIST has them, %d stricter, none more lenient", len(cases), agree, stricter)
}
