package signer

import (
	"errors"

	"lienthong/signer/cms"
)

// parseCMS reads the SignedData of an item. The standard wants DER (ISO 32000-2,
// 12.8.3.3), and yet many signers in the field write BER with indefinite lengths.
// Those are rewritten with definite lengths, value for value, and read by the same
// strict parser; that it was so is a finding.
func (it *item) parseCMS(p *Policy) {
	if it.signed != nil || it.broken != nil || it.value == nil {
		return
	}
	signed, err := cms.Parse(it.value)
	if err != nil {
		der, rest, ok := definite(it.value)
		if !ok {
			it.broken = err
			return
		}
		if signed, err = cms.Parse(der); err != nil {
			it.broken = err
			return
		}
		signed.Rest = rest
		it.loose(ruleCMS, p, "the signature value is not DER")
	}
	it.signed = signed
}

var errBER = errors.New("not BER")

// definite rewrites the first element of ber with definite, shortest lengths, and
// returns what follows it. Elements that need no rewriting keep their bytes, above
// all certificates, over whose bytes their issuers signed.
func definite(ber []byte) (der, rest []byte, ok bool) {
	d := &rewriter{budget: 1 << 20}
	der, rest, err := d.element(ber, 0)
	return der, rest, err == nil
}

type rewriter struct{ budget int } // elements that may still be read

// element rewrites one element.
func (d *rewriter) element(in []byte, depth int) (out, rest []byte, err error) {
	if d.budget--; d.budget < 0 || depth > 48 || len(in) < 2 {
		return nil, nil, errBER
	}
	tag := in[0]
	if tag&0x1f == 0x1f {
		return nil, nil, errBER // no tag of CMS takes more than one byte
	}
	length, head, indefinite, err := berLength(in)
	if err != nil || indefinite && tag&0x20 == 0 {
		return nil, nil, errBER
	}
	if indefinite {
		content, rest, err := d.children(in[head:], tag == 0x24, true, depth)
		return wrap(tag, content), rest, err
	}
	if length > len(in)-head {
		return nil, nil, errBER
	}
	whole, body, rest := in[:head+length], in[head:head+length], in[head+length:]
	if tag&0x20 == 0 {
		if shortest := wrap(tag, body); len(shortest) != len(whole) {
			return shortest, rest, nil
		}
		return whole, rest, nil
	}
	content, _, err := d.children(body, tag == 0x24, false, depth)
	if err != nil {
		return nil, nil, err
	}
	return wrap(tag, content), rest, nil
}

// children rewrites the elements in a constructed one: to the end, or to the two
// zero bytes that end an indefinite length. The parts of an OCTET STRING are
// joined.
func (d *rewriter) children(in []byte, octets, open bool, depth int) (content, rest []byte, err error) {
	for {
		if open && len(in) >= 2 && in[0] == 0 && in[1] == 0 {
			return content, in[2:], nil
		}
		if len(in) == 0 {
			if open {
				return nil, nil, errBER
			}
			return content, nil, nil
		}
		var child []byte
		if child, in, err = d.element(in, depth+1); err != nil {
			return nil, nil, err
		}
		if octets {
			_, head, _, err := berLength(child)
			if err != nil || child[0] != 0x04 {
				return nil, nil, errBER
			}
			child = child[head:]
		}
		content = append(content, child...)
	}
}

// berLength reads the length of the element at the start of in, and how many
// bytes its tag and length take.
func berLength(in []byte) (length, head int, indefinite bool, err error) {
	if len(in) < 2 {
		return 0, 0, false, errBER
	}
	b := int(in[1])
	switch {
	case b < 0x80:
		return b, 2, false, nil
	case b == 0x80:
		return 0, 2, true, nil
	case b > 0x84 || len(in) < 2+b-0x80:
		return 0, 0, false, errBER
	}
	for _, c := range in[2 : 2+b-0x80] {
		length = length<<8 | int(c)
	}
	return length, 2 + b - 0x80, false, nil
}

// wrap puts a tag and the shortest length before a content; a constructed OCTET
// STRING becomes a primitive one.
func wrap(tag byte, content []byte) []byte {
	if tag == 0x24 {
		tag = 0x04
	}
	n := len(content)
	out := make([]byte, 0, n+6)
	out = append(out, tag)
	switch {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 1<<8:
		out = append(out, 0x81, byte(n))
	case n < 1<<16:
		out = append(out, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		out = append(out, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, content...)
}
