package tsp

import (
	"crypto"
	"math/big"
)

// ParseResponse is parseResponse, for fuzzing.
var ParseResponse = parseResponse

// EncodeRequest makes a request of a SHA-256 digest.
func EncodeRequest(digest []byte) ([]byte, error) {
	return (&request{hash: crypto.SHA256, digest: digest, nonce: big.NewInt(5), certReq: true}).encode()
}
