package signer_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"lienthong/internal/testpdf"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// FuzzValidate mutates signed files. Whatever comes of it: an answer within
// seconds, a report that follows the schema, and "valid" only where the signed
// bytes are those that were signed here, since no one else has the keys.
func FuzzValidate(f *testing.F) {
	w := newWorld(f)
	var seeds [][]byte
	add := func(data []byte) {
		seeds = append(seeds, data)
		f.Add(data)
	}
	key := w.Issue(testpki.Person("A", "B"), testpki.P256()).Key()
	w.letter = testpdf.Letter(1) // small, so that mutations meet structure
	form := byHand{key: key, field: "K", room: 2048}.sign(f, w.formLetter(f))
	add(form)
	add(addDSS(f, form, w.CA.Certificate.Raw))
	add(byHand{key: key, field: "L", page: true, room: 2048}.sign(f, form))
	f.Add(addAnnotation(f, form, "Text"))
	opts := signer.Options{At: testpki.Now, Trust: w.Trust(), Evidence: w.Evidence()}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		r, err := signer.Validate(context.Background(), bytes.NewReader(data), opts)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
		if err != nil {
			return
		}
		checkSchema(t, r)
		if r.Verdict != signer.VerdictValid {
			return
		}
		for _, seed := range seeds {
			if signedAlike(t, seed, data) {
				return
			}
		}
		t.Errorf("valid, and not what was signed: %s", summary(r))
	})
}

// signedAlike reports whether data begins as a signed file does, but for holes.
func signedAlike(t testing.TB, seed, data []byte) bool {
	list, err := open(t, seed).Signatures()
	if err != nil || len(list) == 0 {
		return false
	}
	span := list[0].Contents.Span
	return len(data) >= int(span.End) && bytes.Equal(seed[:span.Start], data[:span.Start]) && bytes.Equal(seed[span.End:span.End+64], data[span.End:min(len(data), int(span.End)+64)])
}
