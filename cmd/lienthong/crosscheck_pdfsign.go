package main

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/digitorus/pdf"
	"github.com/digitorus/pdfsign/verify"
	"github.com/digitorus/pkcs7"
)

// pdfsignOpinion is what pdfsign says of the signature whose SignedData has this
// size and SHA-256. Its Verify gives one answer for all signatures of a file, with
// the reason of the first that fails; so where it is not content, the one in
// question is looked up and verified alone, by the same packages.
func pdfsignOpinion(file io.ReaderAt, length int64, size int, digest string) (o opinion) {
	defer func() {
		if r := recover(); r != nil {
			o = noOpinion("it panics: %v", r)
		}
	}()
	answer, err := verify.Verify(file, length)
	if err != nil {
		return noOpinion("%v", err)
	}
	valid := 0
	for _, s := range answer.Signers {
		if s.ValidSignature {
			valid++
		}
	}
	p7, err := findSignature(file, length, size, digest)
	switch {
	case err != nil:
		return noOpinion("%v", err)
	case p7 == nil:
		return noOpinion("it does not find the signature, but %d others", len(answer.Signers))
	case valid == len(answer.Signers):
		return opinion{Outcome: opinionAgrees}
	}
	return classify(p7.Verify())
}

// findSignature looks for signatures as verify does, in all objects of the
// cross-reference sections, and returns the one of the digest, or nil.
func findSignature(file io.ReaderAt, length int64, size int, digest string) (*pkcs7.PKCS7, error) {
	r, err := pdf.NewReader(file, length)
	if err != nil {
		return nil, err
	}
	for _, x := range r.Xref() {
		v := r.Resolve(x.Ptr(), x.Ptr())
		contents := v.Key("Contents").RawString()
		if v.Key("Filter").Name() != "Adobe.PPKLite" || len(contents) < size {
			continue
		}
		if sum := sha256.Sum256([]byte(contents[:size])); hex.EncodeToString(sum[:]) != digest {
			continue
		}
		p7, err := pkcs7.Parse([]byte(contents))
		if err != nil {
			return nil, fmt.Errorf("it cannot parse the signature: %w", err)
		}
		ranges := v.Key("ByteRange")
		for i := 0; i+1 < ranges.Len(); i += 2 {
			part, err := io.ReadAll(io.NewSectionReader(file, ranges.Index(i).Int64(), ranges.Index(i+1).Int64()))
			if err != nil {
				return nil, err
			}
			p7.Content = append(p7.Content, part...)
		}
		return p7, nil
	}
	return nil, nil
}

// classify tells a signature that is wrong from one that cannot be judged.
func classify(err error) opinion {
	var digest *pkcs7.MessageDigestMismatchError
	switch {
	case err == nil:
		return opinion{Outcome: opinionAgrees}
	case errors.As(err, &digest):
		return opinion{opinionDisagrees, fmt.Sprintf("the digest is %x, and %x is signed", digest.ActualDigest, digest.ExpectedDigest)}
	case errors.Is(err, rsa.ErrVerification), strings.HasSuffix(err.Error(), "verification failure"):
		return opinion{opinionDisagrees, "the signature value is wrong: " + err.Error()}
	}
	return noOpinion("%v", err)
}
