package signer

import (
	"errors"
	"fmt"
	"time"

	"lienthong/certs"
	"lienthong/signer/tsp"
)

// VerifyStamp checks a time-stamp token (RFC 3161) over a SHA-256: that it covers it, that its
// signature is sound, and that its certificate was for time-stamping and valid then. Its time
// is worth what its authority is: unvouched says why no anchor of trust vouches for that one,
// or that there is none to ask (nil trust).
func VerifyStamp(der []byte, digest [32]byte, trust *certs.Trust) (at time.Time, unvouched, err error) {
	token, err := tsp.ParseToken(der)
	if err != nil {
		return time.Time{}, nil, err
	}
	if err := token.Verify(digest[:]); err != nil {
		return time.Time{}, nil, err
	}
	if trust == nil {
		return token.Time, errors.New("tsp: no anchor of time-stamping authorities is at hand"), nil
	}
	path := trust.Build(certs.PathRequest{Leaf: token.Certificate(), Extra: token.Certificates, Purpose: certs.TimeStamping, At: token.Time})
	if !path.OK() {
		return token.Time, fmt.Errorf("tsp: authority %q: %s", token.Certificate().Subject.CommonName, path.Problems[0].Detail), nil
	}
	return token.Time, nil, nil
}
