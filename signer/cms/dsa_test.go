package cms

import (
	"crypto"
	//lint:ignore SA1019 as package cms
	"crypto/dsa" //nolint:staticcheck // as package cms
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"testing"
)

// A group of 1024 bits, made once by openssl dsaparam: to make one takes seconds.
const (
	groupP = "eb1dbe9947a0fcd0de095ac59dd761237c9e8fd0ec6fa5658c78f36f8ac236fd680183e6699e8adfc8278576252e7ed1" +
		"de65aa637ac4359452b23c63758965aa9adcf02a10930bb17ef354fe4fc5414516c7f557e47f60e774568f021e471edc" +
		"312b89e4827956d6b8990175f09e8a653339c880ff0c2373e75037ed384bdbd5"
	groupQ = "d38296e221ef85fcd74e2d53ae6bd6c6b2c637e5e7e25035c6f70b71"
	groupG = "de005c8270d1f732d4b5141014511128053b75658218b4f08f6c01c6cca021eea1430364f2ca700954413fd9463bcac6" +
		"fa65848a667cd25e8e3923f0808697cb8259259eb28313ea9fb2fde33fcbc4c1556a7ef6663cfe74f9df5c57c3a7991d" +
		"3154365702c0ad7e4b4a86e26d78a611091beac185ecc59339223960d7b981ce"
)

func number(t *testing.T, hex string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		t.Fatal(hex)
	}
	return n
}

func TestDSA(t *testing.T) {
	t.Parallel()
	key := new(dsa.PrivateKey)
	key.P, key.Q, key.G = number(t, groupP), number(t, groupQ), number(t, groupG)
	if err := dsa.GenerateKey(key, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for _, oid := range oidsDSA {
		a := readDSA(oid.oid, crypto.SHA256)
		if a.Scheme != DSA || oid.hash != 0 && a.Hash != oid.hash || oid.hash == 0 && a.Hash != crypto.SHA256 {
			t.Fatalf("%v: %v", oid.oid, a)
		}
		h := a.Hash.New()
		h.Write([]byte("Kính gửi"))
		r, s, err := dsa.Sign(rand.Reader, key, h.Sum(nil)[:min(a.Hash.Size(), key.Q.BitLen()/8)])
		if err != nil {
			t.Fatal(err)
		}
		value, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.CheckSignature(&key.PublicKey, []byte("Kính gửi"), value); err != nil {
			t.Errorf("%v: %v", a, err)
		}
		for name, bad := range map[string][]byte{"other bytes": value, "empty": nil, "one number": {0x30, 3, 2, 1, 1}, "more behind": append(value[:len(value):len(value)], 0)} {
			signed := "Kính gửi"
			if name == "other bytes" {
				signed = "Kính chuyển"
			}
			if a.CheckSignature(&key.PublicKey, []byte(signed), bad) == nil {
				t.Errorf("%v, %s: verifies", a, name)
			}
		}
	}
	huge := key.PublicKey
	huge.P = new(big.Int).Lsh(key.P, 4096)
	for name, pub := range map[string]crypto.PublicKey{"none": nil, "empty": &dsa.PublicKey{}, "huge": &huge} {
		if checkDSA(pub, make([]byte, 20), []byte{0x30, 6, 2, 1, 1, 2, 1, 1}) == nil {
			t.Errorf("a key that is %s verifies", name)
		}
	}
}
