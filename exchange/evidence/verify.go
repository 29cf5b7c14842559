package evidence

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/signer/cms"
	"lienthong/signer/tsp"
)

// An Input says whom the reader believes, and for when to judge.
type Input struct {
	Authorities []*x509.Certificate // who signs the directory; with none, nothing is proven
	Trust       *certs.Trust        // anchors of time-stamping authorities; may be nil
	At          time.Time           // the time judged, where nothing in the file proves an earlier one
	Documents   []envelope.Digest   // of files that the reader has, to compare
}

// A Result is what a check found.
type Result string

// Results.
const (
	Passed    Result = "passed"
	Failed    Result = "failed"
	Undecided Result = "undecided"
	Note      Result = "note"
)

// A Verdict is what a file is worth.
type Verdict string

// Verdicts.
const (
	Proven   Verdict = "proven"
	Refuted  Verdict = "refuted"
	NoAnswer Verdict = "undecided"
)

// A Finding is one check.
type Finding struct {
	Name   string `json:"name"` // stable
	Result Result `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// A Fact is what one statement says, if it is proven.
type Fact struct {
	Statement envelope.Statement `json:"-"`
	Kind      string             `json:"kind"`
	Time      time.Time          `json:"time"` // by the issuer's clock
	Node      string             `json:"node"`
	NodeName  string             `json:"node_name,omitempty"`
	Recipient string             `json:"recipient"`
	Agency    string             `json:"agency,omitempty"` // name of the recipient
	Verdict   string             `json:"verdict,omitempty"`
	Status    uint32             `json:"status,omitempty"`
	Reason    string             `json:"reason,omitempty"`
	Proven    bool               `json:"proven"`
	Journal   bool               `json:"journal"` // it stands in its issuer's journal
	Seen      time.Time          `json:"seen"`    // when another had it, as far as the file shows
}

// A Report is what a file proves, and what it does not.
type Report struct {
	Verdict   Verdict            `json:"verdict"`
	Route     envelope.Route     `json:"-"`
	Letter    string             `json:"letter"`
	Digest    string             `json:"envelope_digest"`
	Sender    string             `json:"sender"`
	Metadata  *envelope.Metadata `json:"metadata,omitempty"`
	Files     []FileFact         `json:"files"`
	Exporter  string             `json:"exporter"`
	Exported  time.Time          `json:"exported"`
	Stamped   *time.Time         `json:"time_stamped,omitempty"`
	Facts     []Fact             `json:"facts"`
	Findings  []Finding          `json:"findings"`
	NotProven []string           `json:"not_proven"` // stable words
}

// A FileFact is one file of the letter.
type FileFact struct {
	Name   string `json:"name,omitempty"`
	Digest string `json:"sha256"`
	Here   bool   `json:"here"`  // its bytes are in the container, and are those
	Given  bool   `json:"given"` // the reader has given a file with this digest
}

// ErrNoContainer is wrapped by errors about files that cannot be read as evidence at all.
var ErrNoContainer = errors.New("no evidence file")

// Verify judges a container. An error says that it could not be read at all.
func Verify(r io.ReaderAt, size int64, in Input) (*Report, error) {
	c, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoContainer, err)
	}
	v := &verifier{container: c, in: in, out: &Report{}}
	if v.signature() {
		v.stamp()
		v.directory()
		v.heads()
		v.route()
		v.statements()
	}
	v.conclude()
	return v.out, nil
}

type verifier struct {
	*container
	in     Input
	out    *Report
	signer *x509.Certificate
	dir    *exchange.Directory // nil: nobody vouches for the keys
	seen   map[envelope.Digest]int64
}

func (v *verifier) find(name string, err error) bool {
	if err != nil {
		v.out.Findings = append(v.out.Findings, Finding{name, Failed, err.Error()})
		return false
	}
	v.out.Findings = append(v.out.Findings, Finding{Name: name, Result: Passed})
	return true
}

func (v *verifier) note(name string, result Result, format string, args ...any) {
	v.out.Findings = append(v.out.Findings, Finding{name, result, fmt.Sprintf(format, args...)})
}

// signature checks that the container is whole: the node's signature covers the manifest,
// and the manifest covers all else.
func (v *verifier) signature() bool {
	xml := v.members[manifestName]
	list, err := readManifest(xml, signatureName, mediaSignature)
	if !v.find("manifest", err) {
		return false
	}
	others := map[string]bool{mimetypeName: true, manifestName: true, signatureName: true, stampManifestName: true, stampName: true}
	for _, problem := range append(v.broken, v.matches(list, others)...) {
		v.find("members", errors.New(problem))
	}
	signed, err := cms.Parse(v.members[signatureName])
	if err == nil && len(signed.Rest) > 0 {
		err = errors.New("evidence: something follows the signature")
	}
	if !v.find("signature-format", err) {
		return false
	}
	return v.find("signature", v.signedBy(signed, sha256.Sum256(xml)))
}

// signedBy checks the signature over the manifest. It must also be, byte for byte, as this
// program writes one: CMS has fields that no signature covers.
func (v *verifier) signedBy(signed *cms.SignedData, sum [sha256.Size]byte) error {
	if problems := signed.Verify(sum[:]); len(problems) > 0 {
		return fmt.Errorf("%s (%s)", problems[0].Detail, problems[0].Clause)
	}
	si := signed.Signer()
	if si == nil || len(signed.Certificates) != 1 || signed.Unreadable > 0 || signed.Certificate(si) == nil {
		return errors.New("evidence: want one signer with one certificate")
	}
	at, ok := si.SigningTime()
	if !ok {
		return errors.New("evidence: the signature has no signing time")
	}
	v.signer, v.out.Exported = signed.Certificate(si), at.UTC()
	draft, err := cms.NewDraft(v.signer, nil, sum[:], cms.SignOptions{SigningTime: at})
	if err != nil {
		return err
	}
	again, err := draft.Encode(si.Signature)
	if err == nil && !bytes.Equal(again, v.members[signatureName]) {
		err = errors.New("evidence: the signature is not as this program writes it")
	}
	return err
}

// stamp checks the time-stamp over manifest and signature, if there is one.
func (v *verifier) stamp() {
	xml, token := v.members[stampManifestName], v.members[stampName]
	if xml == nil && token == nil {
		return
	}
	want := []reference{{manifestName, mediaXML, v.sums[manifestName]}, {signatureName, mediaSignature, v.sums[signatureName]}}
	if string(manifest(stampName, mediaStamp, want)) != string(xml) {
		v.find("time-stamp-manifest", errors.New("evidence: it is not about this manifest and signature"))
		return
	}
	if at, ok := v.token("time-stamp", token, sha256.Sum256(xml)); ok {
		v.out.Stamped = &at
	}
}

// token checks a time-stamp; ok if its authority is believed.
func (v *verifier) token(name string, der []byte, digest [sha256.Size]byte) (time.Time, bool) {
	token, err := tsp.ParseToken(der)
	if err == nil {
		err = token.Verify(digest[:])
	}
	if !v.find(name, err) {
		return time.Time{}, false
	}
	if v.in.Trust == nil {
		v.note(name+"-authority", Note, "no anchor of time-stamping authorities was given")
		return token.Time, false
	}
	path := v.in.Trust.Build(certs.PathRequest{Leaf: token.Certificate(), Extra: token.Certificates, Purpose: certs.TimeStamping, At: token.Time})
	if !path.OK() {
		v.note(name+"-authority", Note, "%s", path.Problems[0].Detail)
		return token.Time, false
	}
	v.find(name+"-authority", nil)
	return token.Time, true
}

// directory reads the signed files that say whose keys these are.
func (v *verifier) directory() {
	var files []envelope.Sealed
	for _, name := range v.under(directory, ".bin") {
		sealed, err := envelope.ParseSealed(v.members[name])
		if err != nil {
			v.find("directory", err)
			return
		}
		files = append(files, sealed)
	}
	if len(v.in.Authorities) == 0 {
		v.note("directory", Undecided, "no certificate of the directory's authority was given: name it, and see that it is the right one")
		return
	}
	dir, err := exchange.OpenDirectory(files, v.in.Authorities)
	if !v.find("directory", err) {
		return
	}
	v.dir = dir
	at := v.out.Exported
	node, ok := dir.NodeOfKey(v.signer, at)
	if !ok {
		v.find("exporter", fmt.Errorf("evidence: the certificate of the signature is of no node of the directory at %s", at.Format(time.RFC3339)))
		return
	}
	v.out.Exporter = node.ID
	v.find("exporter", nil)
}

// heads checks the heads of the exporter's journal, and notes when others had them.
func (v *verifier) heads() {
	v.seen = map[envelope.Digest]int64{}
	if v.dir == nil {
		return
	}
	for _, name := range v.under(heads, ".bin") {
		if len(name) != len(heads)+len("001.bin") {
			continue // a cosignature
		}
		v.head(name[:len(name)-len(".bin")])
	}
}

func (v *verifier) head(name string) {
	sealed, err := envelope.ParseSealed(v.members[name+".bin"])
	if err == nil {
		_, err = v.dir.VerifyHead(sealed)
	}
	if !v.find("journal-head", err) {
		return
	}
	at := int64(0)
	if data := v.members[name+".cosignature.bin"]; data != nil {
		var co envelope.Cosignature
		cosealed, err := envelope.ParseSealed(data)
		if err == nil {
			co, err = v.dir.VerifyCosignature(sealed, cosealed)
		}
		if err == nil && co.Node == v.out.Exporter {
			err = fmt.Errorf("evidence: %q has cosigned its own journal", co.Node)
		}
		if v.find("cosignature", err) {
			at = co.Time
		}
	}
	if token := v.members[name+".tst"]; token != nil {
		if stamped, ok := v.token("head-time-stamp", token, sha256.Sum256(sealed.Marshal())); ok && (at == 0 || stamped.UnixMicro() < at) {
			at = stamped.UnixMicro()
		}
	}
	v.seen[sealed.Digest()] = at
}
