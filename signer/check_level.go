package signer

import (
	"crypto/x509"

	"lienthong/certs"
	"lienthong/signer/pdf"
)

// Bounds of what a file may bring along as evidence.
const (
	maxBrought      = 256      // certificates, and as many lists
	maxBroughtBytes = 64 << 20 // of decoded streams
)

// broughtAlong reads the certificates and revocation lists of the signatures and
// of the newest DSS. They are candidates only: each is believed as far as it
// leads to an anchor.
func (c *check) broughtAlong() {
	c.evidence = c.opts.Evidence
	if !c.policy.Trust {
		return
	}
	if c.policy.FreshAfterSigning && !c.evidence.Strict {
		c.evidence = c.evidence.With(certs.SourceFile)
		c.evidence.Strict = true
	}
	seen := make(map[[32]byte]bool)
	take := func(list []*x509.Certificate) {
		for _, cert := range list {
			if d := sha256Of(cert.Raw); !seen[d] && len(c.extra) < maxBrought {
				seen[d] = true
				c.extra = append(c.extra, cert)
			}
		}
	}
	var lists [][]byte
	for _, it := range c.items {
		if it.signed == nil {
			continue
		}
		take(it.signed.Certificates)
		lists = append(lists, it.signed.CRLs...)
		if si := it.signed.Signer(); si != nil {
			if r := si.Revocation(); r != nil {
				lists = append(lists, r.CRLs...)
			}
		}
		for _, st := range it.tokens {
			if st.token != nil {
				take(st.token.Certificates)
			}
		}
	}
	c.believe(certs.SourceSignature, lists)
	if len(c.items) > 0 {
		found, lists := c.readDSS(c.file.Latest())
		take(found)
		c.believe(certs.SourceDSS, lists)
	}
}

func (c *check) believe(source string, ders [][]byte) {
	var lists []*x509.RevocationList
	for i, der := range ders {
		if i == maxBrought {
			break
		}
		if list, err := x509.ParseRevocationList(der); err == nil {
			lists = append(lists, list)
		}
	}
	if len(lists) > 0 {
		c.evidence = c.evidence.With(source, lists...)
	}
}

// readDSS reads the certificates and lists of a view's document security store
// (EN 319 142-1, 5.4.2). What cannot be read is left out.
func (c *check) readDSS(v *pdf.View) (found []*x509.Certificate, lists [][]byte) {
	_, catalog, err := v.Catalog()
	if err != nil {
		return nil, nil
	}
	dss, err := v.Dict(catalog.Get("DSS"))
	if err != nil || dss == nil {
		return nil, nil
	}
	budget := int64(maxBroughtBytes)
	each := func(key pdf.Name, use func([]byte)) {
		list, err := v.Array(dss.Get(key))
		if err != nil {
			return
		}
		for i, o := range list {
			if i == maxBrought || budget <= 0 {
				return
			}
			o, err := v.Resolve(o)
			s, ok := o.(*pdf.Stream)
			if err != nil || !ok {
				continue
			}
			if data, err := s.Decode(v); err == nil {
				budget -= int64(len(data))
				use(data)
			}
		}
	}
	each("Certs", func(der []byte) {
		if cert, err := x509.ParseCertificate(der); err == nil {
			found = append(found, cert)
		}
	})
	each("CRLs", func(der []byte) { lists = append(lists, der) })
	return found, lists
}

// level is what the file holds for a signature (EN 319 142-1, 6): with a
// time-stamp, with the evidence to validate it, and with a time-stamp on that.
// Under a policy of trust a time-stamp counts only if it may be relied on.
func (c *check) level(it *item) Level {
	if it.failed() || it.sig.SubFilter != subFilterCAdES || it.out.Integrity != IntegrityIntact {
		return ""
	}
	stamped := false
	for _, st := range it.tokens {
		stamped = stamped || st.token != nil && (!c.policy.Trust || st.out.Indication == TotalPassed)
	}
	last := 0 // revision of the newest document time-stamp that counts
	for _, d := range c.items {
		if d.timestamp && d.token != nil && d.revision > it.revision && !d.failed() && (!c.policy.Trust || d.out.Indication == TotalPassed) {
			stamped, last = true, max(last, d.revision)
		}
	}
	if !stamped {
		return LevelBB
	}
	since := c.storeSince(it)
	switch {
	case since == 0:
		return LevelBT
	case last > since:
		return LevelBLTA
	}
	return LevelBLT
}

// storeSince is the first revision from the signature's own on whose DSS holds
// certificates or revocation answers, 0 if there is none.
func (c *check) storeSince(it *item) int {
	if c.policy.Trust && it.out.Revocation.Source != certs.SourceDSS && it.out.Revocation.Source != certs.SourceSignature {
		return 0
	}
	for n := it.revision; n <= len(c.revisions) && n < it.revision+maxStores; n++ {
		v := c.file.View(n)
		_, catalog, err := v.Catalog()
		if err != nil {
			continue
		}
		dss, err := v.Dict(catalog.Get("DSS"))
		if err != nil || dss == nil {
			continue
		}
		for _, key := range []pdf.Name{"CRLs", "OCSPs"} {
			if list, err := v.Array(dss.Get(key)); err == nil && len(list) > 0 {
				return n
			}
		}
	}
	return 0
}

// maxStores bounds the revisions in which a DSS is looked for.
const maxStores = 64
