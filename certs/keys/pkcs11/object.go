//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"

	"lienthong/certs/keys"
)

// open opens the private key that a URI names, and its certificate.
func open(u uri, secret keys.Secret) (keys.Key, error) {
	fail := func(err error) (keys.Key, error) { return nil, fmt.Errorf("keys: %q: %w", u, err) }
	if u.module == "" {
		return fail(errors.New("no PKCS#11 module: name the library of the token by module-path, or LIENTHONG_PKCS11_MODULE"))
	}
	m, err := load(u.module)
	if err != nil {
		return fail(err)
	}
	t, err := m.find(u)
	if errors.Is(err, keys.ErrNoToken) || is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) {
		again, failed := m.restart()
		if failed != nil {
			return fail(failed)
		}
		if again {
			t, err = m.find(u)
		}
	}
	if err != nil {
		return fail(err)
	}
	p, pin, err := m.session(u, t, secret)
	if err != nil {
		return fail(err)
	}
	k := &key{pool: p}
	var certificates []*x509.Certificate
	err = p.with(func(ctx *pkcs11.Ctx, s pkcs11.SessionHandle) error {
		object, err := findKey(ctx, s, u, t)
		if err != nil {
			return err
		}
		k.handle = object.handle
		if object.asks(ctx, s) {
			k.pin = bytes.Clone(pin) // who gave it overwrites it
		}
		certificates, err = findCertificates(ctx, s, object)
		return err
	})
	if err != nil {
		p.release()
		return fail(err)
	}
	if k.public = certificates[0].PublicKey; !k.supported() {
		p.release()
		return fail(fmt.Errorf("a key of type %T on a token is not supported, want RSA or ECDSA", k.public))
	}
	opened, err := keys.New(u.String(), k, certificates[0], certificates[1:]...)
	if err != nil {
		p.release()
	}
	return opened, err
}

// An object is a private key on a token.
type object struct {
	handle pkcs11.ObjectHandle
	label  string
	id     []byte
}

// String writes the id as a URI has it.
func (o object) String() string {
	id := "none"
	if len(o.id) > 0 {
		id = "%" + strings.ReplaceAll(fmt.Sprintf("% X", o.id), " ", "%")
	}
	return fmt.Sprintf("%q (id %s)", o.label, id)
}

// findKey returns the one private key that a URI names.
func findKey(ctx *pkcs11.Ctx, s pkcs11.SessionHandle, u uri, t token) (object, error) {
	all, err := list(ctx, s, pkcs11.CKO_PRIVATE_KEY)
	if err != nil {
		return object{}, err
	}
	var fitting []object
	var names []string
	for _, o := range all {
		names = append(names, o.String())
		if (u.object == "" || o.label == u.object) && (u.id == nil || bytes.Equal(o.id, u.id)) {
			fitting = append(fitting, o)
		}
	}
	there := strings.Join(names, ", ")
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return object{}, fmt.Errorf("%w: %d private keys on token %s fit, say which by object and id: %s", keys.ErrNoKey, len(fitting), t, there)
	case len(all) == 0:
		return object{}, fmt.Errorf("%w: token %s holds no private key that this PIN opens", keys.ErrNoKey, t)
	}
	return object{}, fmt.Errorf("%w on token %s; there are: %s", keys.ErrNoKey, t, there)
}

const maxObjects = 1000

// list returns the objects of a class, with label and id.
func list(ctx *pkcs11.Ctx, s pkcs11.SessionHandle, class uint) ([]object, error) {
	if err := ctx.FindObjectsInit(s, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}); err != nil {
		return nil, err
	}
	handles, _, err := ctx.FindObjects(s, maxObjects)
	if err = errors.Join(err, ctx.FindObjectsFinal(s)); err != nil {
		return nil, err
	}
	var all []object
	for _, h := range handles {
		o := object{handle: h}
		attributes, err := ctx.GetAttributeValue(s, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil), pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
		if err != nil {
			return nil, err
		}
		for _, a := range attributes {
			switch a.Type {
			case pkcs11.CKA_LABEL:
				o.label = trim(string(a.Value))
			case pkcs11.CKA_ID:
				o.id = a.Value
			}
		}
		all = append(all, o)
	}
	return all, nil
}

// findCertificates returns the certificate of a key, first, and all others on the
// token. They belong together by id (PKCS #11 4.6), or, where software did not
// care, by label; of several, as after a renewal, the one that lasts longest.
func findCertificates(ctx *pkcs11.Ctx, s pkcs11.SessionHandle, private object) ([]*x509.Certificate, error) {
	all, err := list(ctx, s, pkcs11.CKO_CERTIFICATE)
	if err != nil {
		return nil, err
	}
	var byID, byLabel, rest []*x509.Certificate
	for _, o := range all {
		c, err := x509.ParseCertificate(o.read(ctx, s, pkcs11.CKA_VALUE))
		switch {
		case err != nil: // of another use, or of a kind that x509 does not read
		case len(private.id) > 0 && bytes.Equal(o.id, private.id) && private.belongs(ctx, s, c):
			byID = append(byID, c)
		case private.label != "" && o.label == private.label && private.belongs(ctx, s, c):
			byLabel = append(byLabel, c)
		default:
			rest = append(rest, c)
		}
	}
	own := byID
	if len(own) == 0 {
		own, byLabel = byLabel, nil
	}
	if len(own) == 0 {
		return nil, fmt.Errorf("no certificate of private key %s is on the token (%d others are): put it there, with the id of the key", private, len(rest))
	}
	newest := 0
	for i, c := range own {
		if !bytes.Equal(c.RawSubjectPublicKeyInfo, own[0].RawSubjectPublicKeyInfo) {
			return nil, fmt.Errorf("certificates of different keys stand beside private key %s: give each key an id of its own", private)
		}
		if c.NotAfter.After(own[newest].NotAfter) {
			newest = i
		}
	}
	own[0], own[newest] = own[newest], own[0]
	return append(append(own, byLabel...), rest...), nil
}

// belongs reports whether a certificate is of a private key, as far as the token
// says: of an RSA key it tells the modulus, of an ECDSA key the curve, and the
// point where the public key is there too.
func (o object) belongs(ctx *pkcs11.Ctx, s pkcs11.SessionHandle, c *x509.Certificate) bool {
	switch public := c.PublicKey.(type) {
	case *rsa.PublicKey:
		modulus := o.read(ctx, s, pkcs11.CKA_MODULUS)
		return len(modulus) == 0 || bytes.Equal(bytes.TrimLeft(modulus, "\x00"), public.N.Bytes())
	case *ecdsa.PublicKey:
		curve := o.read(ctx, s, pkcs11.CKA_EC_PARAMS)
		if len(curve) > 0 && !bytes.Equal(curve, curves[public.Curve.Params().Name]) {
			return false
		}
		want, err := public.Bytes()
		have := o.point(ctx, s)
		// An OCTET STRING around the point, or, by some, the point.
		return err != nil || len(have) == 0 || bytes.HasSuffix(have, want) && len(have) <= len(want)+4
	}
	return true
}

// point returns CKA_EC_POINT of the public key with the same id, or nil.
func (o object) point(ctx *pkcs11.Ctx, s pkcs11.SessionHandle) []byte {
	all, err := list(ctx, s, pkcs11.CKO_PUBLIC_KEY)
	if err != nil {
		return nil
	}
	for _, other := range all {
		if len(o.id) > 0 && bytes.Equal(other.id, o.id) {
			return other.read(ctx, s, pkcs11.CKA_EC_POINT)
		}
	}
	return nil
}

// read returns an attribute, or nil if the token does not tell it.
func (o object) read(ctx *pkcs11.Ctx, s pkcs11.SessionHandle, attribute uint) []byte {
	values, err := ctx.GetAttributeValue(s, o.handle, []*pkcs11.Attribute{pkcs11.NewAttribute(attribute, nil)})
	if err != nil || len(values) == 0 {
		return nil
	}
	return values[0].Value
}

// curves are the parameters of named curves, in DER.
var curves = map[string][]byte{
	"P-256": {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	"P-384": {6, 5, 0x2b, 0x81, 4, 0, 0x22},
	"P-521": {6, 5, 0x2b, 0x81, 4, 0, 0x23},
}

// asks reports whether a key wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE).
func (o object) asks(ctx *pkcs11.Ctx, s pkcs11.SessionHandle) bool {
	value := o.read(ctx, s, pkcs11.CKA_ALWAYS_AUTHENTICATE)
	return len(value) > 0 && value[0] != 0
}

var _ crypto.Signer = (*key)(nil)
