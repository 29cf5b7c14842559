package signer

import (
	"lienthong/certs"
	"lienthong/signer/pdf"
)

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
	case last >= since:
		return LevelBLTA
	}
	return LevelBLT
}

// storeSince is the revision from which on a time-stamp covers the evidence that
// the file holds for a signature, 0 where that does not settle the status of every
// certificate in its path.
func (c *check) storeSince(it *item) int {
	if !c.policy.Trust {
		return c.firstStore(it)
	}
	if len(c.brought) == 0 || len(it.chain) < 2 {
		return 0
	}
	since := it.revision + 1
	own := c.ownEvidence(func(*brought) bool { return true })
	for i := 0; i+1 < len(it.chain); i++ {
		r := own.Status(it.chain[i], it.chain[i+1], it.judgedAt, c.opts.At)
		for _, p := range c.eras(it.own) {
			if r.Kind != "" {
				break
			}
			r = p.known(c).Status(it.chain[i], it.chain[i+1], it.judgedAt, p.at)
		}
		if r.Status != certs.Good && r.Status != certs.Revoked {
			return 0
		}
		for _, b := range c.brought {
			if sha256Of(b.der) == r.Digest {
				since = max(since, b.from)
			}
		}
	}
	return since
}

// firstStore is the first revision from the signature's own on whose DSS holds
// revocation answers, 0 if there is none.
func (c *check) firstStore(it *item) int {
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
