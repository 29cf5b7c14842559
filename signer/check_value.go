package signer

import (
	"bytes"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// parseValue reads the signature value, and where the covered bytes are known,
// checks it against them.
func (c *check) parseValue(it *item) {
	if it.value == nil && !it.failed() {
		it.format(ruleHole, "/Contents holds no signature value")
	}
	if it.value == nil {
		return
	}
	if it.sig.SubFilter == subFilterX509 && !it.timestamp {
		c.bareValue(it)
		return
	}
	it.parseCMS(c.policy)
	if it.signed == nil {
		it.format(ruleCMS, "%v", it.broken)
		return
	}
	if rest := bytes.TrimRight(it.signed.Rest, "\x00"); len(rest) > 0 {
		it.loose(rulePadding, c.policy, "%d bytes after the signature value are not zero", len(rest))
	}
	if it.timestamp {
		c.documentTimestamp(it)
		return
	}
	c.signedData(it)
}

// signedData checks the SignedData of a signature.
func (c *check) signedData(it *item) {
	si := it.signed.Signer()
	if si != nil {
		it.cert = it.signed.Certificate(si)
		certificateFacts(&it.out, it.cert)
		it.out.ClaimedTime = claimedTime(it, si)
	}
	switch {
	case !it.sound:
		return // the covered bytes are not known; that has been said
	case si == nil:
		it.format(ruleCMS, "%d signers, want exactly one", len(it.signed.Signers))
		return
	case it.digest == nil:
		it.fail(ruleDigestAlg, Indeterminate, CryptoConstraintsFailure, "digest algorithm %v is not supported", si.DigestOID)
		return
	}
	if !it.signed.ContentType.Equal(cms.OIDData) {
		it.format(ruleContentType, "the signature is over content of type %v, want data (%v)", it.signed.ContentType, cms.OIDData)
	}
	if !sortedSet(si.RawSigned) {
		if it.beforeCAdES() {
			it.loose(ruleCMS, c.policy, "the signed attributes are not in the order of DER, in which they are signed")
		} else {
			it.format(ruleCMS, "the signed attributes are not in the order of DER, in which they are signed")
		}
	}
	c.unsignedParts(it, si)
	problems := it.verifyValue()
	it.out.Integrity = IntegrityIntact
	for _, p := range problems {
		c.cmsProblem(it, p)
	}
	if len(problems) == 0 {
		it.add(ruleSignature, Passed, "%s with %s", si.Algorithm.Scheme, si.Algorithm.Hash)
	}
	c.readTokens(it, si)
}

// unsignedParts looks at what nothing signs: the version numbers, and parameters
// of the signature algorithm that mean nothing. They can only be as the standard
// has them, so that no byte can be changed without a word.
func (c *check) unsignedParts(it *item, si *cms.SignerInfo) {
	want := 1
	if si.Serial == nil {
		want = 3
	}
	if si.Version != want {
		it.loose(ruleCMS, c.policy, "SignerInfo is of version %d, want %d (RFC 5652, 5.3)", si.Version, want)
	}
	if v := it.signed.Version; v != want {
		it.loose(ruleCMS, c.policy, "SignedData is of version %d, want %d for a signature over data (RFC 5652, 5.1)", v, want)
	}
	if si.Algorithm.Scheme == cms.RSAPSS || si.RawSigned == nil {
		return // PSS has parameters, which are read
	}
	at := bytes.Index(it.signed.Raw, si.RawSigned[1:])
	if at < 0 {
		return
	}
	rest := cryptobyte.String(it.signed.Raw[at+len(si.RawSigned)-1:])
	var identifier cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !rest.ReadASN1(&identifier, cbasn1.SEQUENCE) || !identifier.ReadASN1ObjectIdentifier(&oid) ||
		len(identifier) > 0 && !bytes.Equal(identifier, []byte{5, 0}) {
		it.loose(ruleCMS, c.policy, "the signature algorithm has parameters that it does not take")
	}
}

// sortedSet reports whether the elements of a SET OF ascend, as DER has it
// (X.690, 11.6). Attributes are hashed in that order (RFC 5652, 5.4); a signature
// over another one holds for some readers and not for others.
func sortedSet(der []byte) bool {
	s := cryptobyte.String(der)
	var set, previous, element cryptobyte.String
	var tag cbasn1.Tag
	if len(der) == 0 || !s.ReadAnyASN1(&set, &tag) {
		return len(der) == 0
	}
	for !set.Empty() {
		if !set.ReadAnyASN1Element(&element, &tag) || bytes.Compare(previous, element) > 0 {
			return false
		}
		previous = element
	}
	return true
}

// claimedTime is what the dictionary says (/M), or else the signing-time attribute.
func claimedTime(it *item, si *cms.SignerInfo) time.Time {
	if it.sig.Dict != nil {
		if m, ok := it.sig.Dict.Get("M").(pdf.String); ok {
			if t, err := pdf.ParseDate(m); err == nil {
				return t.UTC()
			}
		}
	}
	if si == nil {
		return time.Time{}
	}
	if t, ok := si.SigningTime(); ok {
		return t.UTC()
	}
	return time.Time{}
}

// cmsProblem gives a broken rule of the SignedData its weight. Under
// adbe.pkcs7.detached, which is older than CAdES, a signature that does not name
// its certificate is customary; what it lacks is said, and the policy decides.
func (c *check) cmsProblem(it *item, p cms.Problem) {
	r := rule{name: string(p.Code), clause: p.Clause}
	lenient := it.beforeCAdES() && !c.policy.SigningCertificate
	switch p.Code {
	case cms.MessageDigest:
		it.out.Integrity = IntegrityAltered
		it.fail(r, TotalFailed, HashFailure, "%s", saying{p.Format, p.Args})
	case cms.SignatureValue:
		it.out.Integrity = IntegrityAltered
		it.fail(r, TotalFailed, SigCryptoFailure, "%s", saying{p.Format, p.Args})
	case cms.NoCertificate:
		it.out.Integrity = IntegrityUnknown
		it.fail(r, Indeterminate, NoSigningCertificateFound, "%s", saying{p.Format, p.Args})
	case cms.AlgorithmUnknown:
		it.out.Integrity = IntegrityUnknown
		it.fail(r, Indeterminate, CryptoConstraintsFailure, "%s", saying{p.Format, p.Args})
	case cms.AlgorithmWeak:
		it.add(r, Warning, "%s", saying{p.Format, p.Args}) // whether it still passes is for the policy's dates to say
	case cms.NoSignedAttributes, cms.NoSigningCert:
		if lenient {
			it.add(r, Warning, "%s", saying{p.Format, p.Args})
			return
		}
		it.format(r, "%s", saying{p.Format, p.Args})
	default:
		it.format(r, "%s", saying{p.Format, p.Args})
	}
}

// readTokens reads the signature time-stamps and checks that they cover this
// very signature value, and the content time-stamps, which must cover the document.
// One that does not is worth nothing.
func (c *check) readTokens(it *item, si *cms.SignerInfo) {
	for _, der := range si.TimeStamps() {
		if len(it.tokens) == maxTokens {
			it.add(ruleSignedTime, Warning, "more than %d time-stamps; the rest is not looked at", maxTokens)
			break
		}
		st := newStamp(it)
		it.tokens = append(it.tokens, st)
		if err := c.readToken(st, der, si.Signature); err != nil {
			st.out.Findings = append(st.out.Findings, finding(ruleSignedTime, Failed, it.object(), "%v", err))
			it.add(ruleSignedTime, c.forged(), "a time-stamp of this signature proves nothing: %v", err)
		}
	}
	for _, a := range si.Attribute(oidContentTimestamp) {
		for _, der := range a.Values {
			if len(it.content) == maxTokens {
				return
			}
			st := newStamp(it)
			it.content = append(it.content, st)
			if err := c.readContentToken(st, der, it); err != nil {
				st.out.Findings = append(st.out.Findings, finding(ruleContentTime, Failed, it.object(), "%v", err))
			}
		}
	}
}

// oidContentTimestamp is id-aa-ets-contentTimestamp (EN 319 122-1, 5.2.8).
var oidContentTimestamp = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 20}

func newStamp(it *item) *stamp {
	return &stamp{out: Signature{
		Field: it.out.Field, Binding: BindingNotChecked, Integrity: IntegrityUnknown,
		Revocation: Revocation{Status: "not_checked"}, TimeSource: TimeSignatureTimestamp,
		Coverage: it.out.Coverage, Changes: ChangesNone, Findings: []Finding{},
	}}
}

// readToken reads a token over the given bytes.
func (c *check) readToken(st *stamp, der, covered []byte) error {
	token, err := tsp.ParseToken(der)
	if err == nil {
		certificateFacts(&st.out, token.Certificate())
		st.out.ClaimedTime = token.Time.UTC()
		err = c.verifyToken(&st.out, token, covered)
	}
	if err != nil {
		st.out.conclude(TotalFailed, FormatFailure)
		return err
	}
	st.token = token
	return nil
}

// readContentToken reads a token over the document, which is known by the digest
// that the signature took of it: another one is not worth another pass.
func (c *check) readContentToken(st *stamp, der []byte, it *item) error {
	token, err := tsp.ParseToken(der)
	if err == nil && token.Hash != it.hash {
		err = said("its imprint is by %v, the signature by %v, so the two cannot be compared", token.Hash, it.hash)
	}
	if err == nil {
		err = verifyImprint(&st.out, token, it.digest)
	}
	if err != nil {
		st.out.conclude(TotalFailed, FormatFailure)
		return err
	}
	st.token = token
	return nil
}

// maxTokens bounds the time-stamps of one signature that are verified.
const maxTokens = 8

// forged is the result of a time-stamp that does not verify. It proves nothing,
// and a judge of trust goes on without it; a judge of integrity reports a file in
// which some signature is broken.
func (c *check) forged() Result {
	if c.policy.Trust {
		return Warning
	}
	return Failed
}

// verifyToken checks a token over the given bytes.
func (c *check) verifyToken(out *Signature, token *tsp.Token, covered []byte) error {
	if token.Hash == 0 || !token.Hash.Available() {
		return said("tsp: token: its hash is not supported")
	}
	h := token.Hash.New()
	h.Write(covered)
	return verifyImprint(out, token, h.Sum(nil))
}

// verifyImprint checks that a token covers the digest and is signed by the
// certificate that it names. What that certificate may be used for is judged with
// its path; that some authorities still name it by SHA-1 is no reason to call a
// token forged, since the policy judges algorithms by date.
func verifyImprint(out *Signature, token *tsp.Token, digest []byte) error {
	if !bytes.Equal(token.Imprint, digest) {
		out.Integrity = IntegrityAltered
		out.conclude(TotalFailed, HashFailure)
		return said("its imprint %x is of other data; this has %x", token.Imprint, digest)
	}
	for _, p := range token.Signed.VerifyContent() {
		if p.Code == cms.AlgorithmWeak || p.Code == cms.NoSigningCert {
			out.Findings = append(out.Findings, finding(rule{name: string(p.Code), clause: p.Clause}, Warning, "", "%s", saying{p.Format, p.Args}))
			continue
		}
		if p.Code == cms.SignatureValue || p.Code == cms.MessageDigest {
			out.Integrity = IntegrityAltered
		}
		return p
	}
	out.Integrity = IntegrityIntact
	return nil
}

// documentTimestamp checks a time-stamp over a whole revision.
func (c *check) documentTimestamp(it *item) {
	if it.token == nil {
		token, err := tsp.ParseToken(it.signed.Raw)
		if err != nil {
			it.format(ruleCMS, "%v", err)
			return
		}
		it.token = token
	}
	it.cert = it.token.Certificate()
	certificateFacts(&it.out, it.cert)
	it.out.ClaimedTime = it.token.Time.UTC()
	switch {
	case !it.sound:
		it.token = nil
		return
	case it.digest == nil:
		it.token = nil
		it.fail(ruleDigestAlg, Indeterminate, CryptoConstraintsFailure, "the hash of the imprint is not supported")
		return
	}
	if err := verifyImprint(&it.out, it.token, it.digest); err != nil {
		it.token = nil
		it.fail(ruleDocTime, TotalFailed, SigCryptoFailure, "%v", err)
		return
	}
	it.add(ruleDocTime, Passed, "covers this revision")
}
