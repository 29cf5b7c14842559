package cms

import (
	"crypto"
	//lint:ignore SA1019 old signatures are judged, none is made
	"crypto/dsa" //nolint:staticcheck // old signatures are judged, none is made
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// oidsDSA are the identifiers of DSA signatures (RFC 3370, 3.1; RFC 5754, 3.1). With
// the first the hash is that of the signer.
var oidsDSA = []struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 3}, crypto.SHA1},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 1}, crypto.SHA224},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 2}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 3}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 4}, crypto.SHA512},
}

func readDSA(oid asn1.ObjectIdentifier, digest crypto.Hash) Algorithm {
	for _, known := range oidsDSA {
		if !known.oid.Equal(oid) {
			continue
		}
		if known.hash != 0 {
			digest = known.hash
		}
		return Algorithm{Scheme: DSA, Hash: digest}
	}
	return Algorithm{}
}

// The sizes of FIPS 186-4, 4.2. A certificate may claim any, and time grows with
// the cube of the modulus.
const (
	maxModulusDSA = 3072
	maxOrderDSA   = 256
)

// checkDSA verifies a Dss-Sig-Value (RFC 3279, 2.2.2) over a digest, of which as many
// bits count as the order of the group has (FIPS 186-4, 4.7).
func checkDSA(key crypto.PublicKey, digest, signature []byte) error {
	pub, ok := key.(*dsa.PublicKey)
	if !ok || pub.P == nil || pub.Q == nil || pub.G == nil || pub.Y == nil {
		return errKeyType
	}
	if pub.P.BitLen() > maxModulusDSA || pub.Q.BitLen() > maxOrderDSA || pub.Q.BitLen()%8 != 0 || pub.G.Cmp(pub.P) >= 0 || pub.Y.Cmp(pub.P) >= 0 {
		return fmt.Errorf("cms: DSA key of %d bits with an order of %d: want at most %d and %d (FIPS 186-4, 4.2)",
			pub.P.BitLen(), pub.Q.BitLen(), maxModulusDSA, maxOrderDSA)
	}
	s, r, t := cryptobyte.String(signature), new(big.Int), new(big.Int)
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1Integer(r) || !seq.ReadASN1Integer(t) || !seq.Empty() {
		return errors.New("cms: the DSA signature is no pair of integers")
	}
	if !dsa.Verify(pub, digest[:min(len(digest), pub.Q.BitLen()/8)], r, t) {
		return errors.New("cms: the DSA signature does not verify")
	}
	return nil
}
