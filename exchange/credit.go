package exchange

import (
	"context"
	"sync"
)

// featureCredit in Hello says that a node grants credit, and keeps to what it is granted.
// With a peer that does not have it the fixed [Window] holds.
const featureCredit = "credit"

// grantedBytes is how many bytes of offers a peer may have here that are not durable: far
// more than the largest frame, so that any offer fits when the others are done.
const grantedBytes = 64 << 20

// Credit tells the peer how much it may have offered, all in all, since the link began.
// Totals need no order: of two the larger holds.
type Credit struct {
	Offers uint64
	Bytes  uint64 // as [offerBytes] counts them
}

func (Credit) frame() {}

// offerBytes is what an offer costs of the credit, in bytes.
func offerBytes(o *Offer) uint64 {
	n := len(o.Envelope.Payload) + len(o.Content)
	for _, f := range o.Files {
		n += len(f.Data)
	}
	return uint64(n)
}

// grants is what this node has granted to a peer, and what of it is used.
type grants struct {
	mu            sync.Mutex
	on            bool // the peer keeps to credit; set before the link is up
	granted, used Credit
}

// begin is the first grant of a link.
func (g *grants) begin() Credit {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted = Credit{Offers: Window, Bytes: grantedBytes}
	return g.granted
}

// take reports whether an offer is within what was granted.
func (g *grants) take(bytes uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used.Offers++
	g.used.Bytes += bytes
	return !g.on || g.used.Offers <= g.granted.Offers && g.used.Bytes <= g.granted.Bytes
}

// done grants again what an offer has used, which is durable, or refused.
func (g *grants) done(bytes uint64) Credit {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted.Offers++
	g.granted.Bytes += bytes
	return g.granted
}

// purse is what a peer has granted to this node.
type purse struct {
	mu            sync.Mutex
	on            bool // the peer grants credit; set before the link is up
	granted, used Credit
	more          broadcast
}

func (p *purse) grant(c Credit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.granted.Offers, p.granted.Bytes = max(p.granted.Offers, c.Offers), max(p.granted.Bytes, c.Bytes)
	p.more.notify()
}

// offers is how many may be made now, at most limit.
func (p *purse) offers(limit int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on {
		return limit
	}
	return int(min(uint64(limit), p.granted.Offers-p.used.Offers))
}

// spend waits until the peer has granted enough for an offer, and uses it.
func (p *purse) spend(ctx context.Context, bytes uint64) error {
	for {
		more := p.more.next()
		if p.trySpend(bytes) {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *purse) trySpend(bytes uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on && (p.used.Offers+1 > p.granted.Offers || p.used.Bytes+bytes > p.granted.Bytes) {
		return false
	}
	p.used.Offers++
	p.used.Bytes += bytes
	return true
}
