package cms

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Caps of [Parse]. No signature comes near them; a hostile one would use them
// to spend our memory.
const (
	maxCertificates = 256
	maxSigners      = 16
	maxAttributes   = 256
)

// Parse reads the DER of a ContentInfo that holds a SignedData. What follows it
// is not looked at, and returned as Rest. The error names the element that is
// not as RFC 5652 has it.
func Parse(der []byte) (*SignedData, error) {
	s := cryptobyte.String(der)
	var info cryptobyte.String
	if !s.ReadASN1Element(&info, cbasn1.SEQUENCE) {
		return nil, errors.New("cms: not a DER SEQUENCE")
	}
	sd := &SignedData{Raw: info, Rest: s}
	var body, content, signed cryptobyte.String
	var oid asn1.ObjectIdentifier
	info.ReadASN1(&body, cbasn1.SEQUENCE)
	if !body.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(OIDSignedData) {
		return nil, fmt.Errorf("cms: content type %v, want signed-data %v", oid, OIDSignedData)
	}
	if !body.ReadASN1(&content, explicit0) || !body.Empty() ||
		!content.ReadASN1(&signed, cbasn1.SEQUENCE) || !content.Empty() {
		return nil, errors.New("cms: ContentInfo is malformed")
	}
	if err := sd.read(signed); err != nil {
		return nil, err
	}
	return sd, nil
}

func (sd *SignedData) read(s cryptobyte.String) error {
	var digests cryptobyte.String
	if !s.ReadASN1Integer(&sd.Version) || !s.ReadASN1(&digests, cbasn1.SET) {
		return errors.New("cms: SignedData: version or digestAlgorithms is malformed")
	}
	for !digests.Empty() {
		oid, _, ok := readIdentifier(&digests)
		if !ok || len(sd.Digests) == maxSigners {
			return errors.New("cms: SignedData: digestAlgorithms is malformed or too long")
		}
		sd.Digests = append(sd.Digests, oid)
	}
	if err := sd.readContent(&s); err != nil {
		return err
	}
	var certs, crls, signers cryptobyte.String
	if !s.ReadOptionalASN1(&certs, nil, explicit0) || !s.ReadOptionalASN1(&crls, nil, explicit1) {
		return errors.New("cms: SignedData: certificates or crls is malformed")
	}
	if err := sd.readCertificates(certs); err != nil {
		return err
	}
	for !crls.Empty() {
		var crl cryptobyte.String
		var tag cbasn1.Tag
		if !crls.ReadAnyASN1Element(&crl, &tag) || len(sd.CRLs) == maxCertificates {
			return errors.New("cms: SignedData: crls is malformed or too long")
		}
		if tag == cbasn1.SEQUENCE { // others are of OtherRevocationInfoFormat
			sd.CRLs = append(sd.CRLs, crl)
		}
	}
	if !s.ReadASN1(&signers, cbasn1.SET) || !s.Empty() {
		return errors.New("cms: SignedData: signerInfos is malformed")
	}
	for !signers.Empty() {
		si, err := readSigner(&signers)
		if err != nil {
			return err
		}
		if len(sd.Signers) == maxSigners {
			return fmt.Errorf("cms: SignedData: more than %d signers", maxSigners)
		}
		sd.Signers = append(sd.Signers, si)
	}
	return nil
}

func (sd *SignedData) readContent(s *cryptobyte.String) error {
	var encap, explicit, octets cryptobyte.String
	if !s.ReadASN1(&encap, cbasn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&sd.ContentType) ||
		!encap.ReadOptionalASN1(&explicit, &sd.HasContent, explicit0) || !encap.Empty() {
		return errors.New("cms: SignedData: encapContentInfo is malformed")
	}
	if !sd.HasContent {
		return nil
	}
	if !explicit.ReadASN1(&octets, cbasn1.OCTET_STRING) || !explicit.Empty() {
		return errors.New("cms: SignedData: eContent is not one primitive OCTET STRING")
	}
	sd.Content = octets
	return nil
}

// readCertificates keeps the certificates that crypto/x509 can read. Others are
// counted: a signer's file may hold an odd one that nothing depends on.
func (sd *SignedData) readCertificates(s cryptobyte.String) error {
	for !s.Empty() {
		var raw cryptobyte.String
		var tag cbasn1.Tag
		if !s.ReadAnyASN1Element(&raw, &tag) || len(sd.Certificates)+sd.Unreadable == maxCertificates {
			return errors.New("cms: SignedData: certificates is malformed or too long")
		}
		cert, err := parseCertificate(raw)
		if tag != cbasn1.SEQUENCE || err != nil {
			sd.Unreadable++
			continue
		}
		sd.Certificates = append(sd.Certificates, cert)
	}
	return nil
}

func readIdentifier(s *cryptobyte.String) (oid asn1.ObjectIdentifier, params []byte, ok bool) {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	return oid, seq, true
}

func readSigner(s *cryptobyte.String) (*SignerInfo, error) {
	si := new(SignerInfo)
	var seq, raw, signature cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1Integer(&si.Version) || !si.readIdentifier(&seq) {
		return nil, errors.New("cms: SignerInfo: version or sid is malformed")
	}
	digest, _, ok := readIdentifier(&seq)
	if !ok {
		return nil, errors.New("cms: SignerInfo: digestAlgorithm is malformed")
	}
	si.DigestOID, si.Hash = digest, HashByOID(digest)
	if seq.PeekASN1Tag(explicit0) {
		seq.ReadASN1Element(&raw, explicit0)
		si.RawSigned = append([]byte{byte(cbasn1.SET)}, raw[min(1, len(raw)):]...)
		var err error
		if si.Signed, err = readAttributes(raw, explicit0); err != nil {
			return nil, fmt.Errorf("cms: signed attributes: %w", err)
		}
	}
	oid, params, ok := readIdentifier(&seq)
	if !ok || !seq.ReadASN1(&signature, cbasn1.OCTET_STRING) {
		return nil, errors.New("cms: SignerInfo: signatureAlgorithm or signature is malformed")
	}
	si.SignatureOID, si.Signature = oid, signature
	si.Algorithm = readAlgorithm(oid, params, si.Hash)
	if seq.PeekASN1Tag(explicit1) {
		var err error
		seq.ReadASN1Element(&raw, explicit1)
		if si.Unsigned, err = readAttributes(raw, explicit1); err != nil {
			return nil, fmt.Errorf("cms: unsigned attributes: %w", err)
		}
	}
	if !seq.Empty() {
		return nil, errors.New("cms: SignerInfo: something follows its last field")
	}
	return si, nil
}

func (si *SignerInfo) readIdentifier(s *cryptobyte.String) bool {
	keyID := cbasn1.Tag(0).ContextSpecific()
	var field cryptobyte.String
	if s.PeekASN1Tag(keyID) {
		ok := s.ReadASN1(&field, keyID)
		si.SubjectKeyID = field
		return ok
	}
	var name cryptobyte.String
	si.Serial = new(big.Int)
	ok := s.ReadASN1(&field, cbasn1.SEQUENCE) && field.ReadASN1Element(&name, cbasn1.SEQUENCE) &&
		field.ReadASN1Integer(si.Serial) && field.Empty()
	si.Issuer = name
	return ok
}

func readAttributes(element cryptobyte.String, tag cbasn1.Tag) ([]Attribute, error) {
	var set cryptobyte.String
	if !element.ReadASN1(&set, tag) {
		return nil, errors.New("the set is malformed")
	}
	var list []Attribute
	for !set.Empty() {
		var seq, values cryptobyte.String
		var a Attribute
		if !set.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.Type) ||
			!seq.ReadASN1(&values, cbasn1.SET) || !seq.Empty() {
			return nil, fmt.Errorf("attribute %d is malformed", len(list)+1)
		}
		for !values.Empty() {
			var value cryptobyte.String
			var any cbasn1.Tag
			if !values.ReadAnyASN1Element(&value, &any) || len(a.Values) == maxAttributes {
				return nil, fmt.Errorf("attribute %v: a value is malformed, or there are too many", a.Type)
			}
			a.Values = append(a.Values, value)
		}
		if len(list) == maxAttributes {
			return nil, fmt.Errorf("more than %d attributes", maxAttributes)
		}
		list = append(list, a)
	}
	return list, nil
}
