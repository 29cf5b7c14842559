package exchange

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"lienthong/journal"
)

// A setback is why an offer did not lead to an answer that settles it.
type setback struct {
	reason string
	atOnce bool  // it will never be taken, and nobody signed that: dead at once
	asked  bool  // the peer says that it has not taken the letter
	pause  int64 // at least so long before the next offer, in microseconds
}

// maxSetbacks is after how many setbacks of its own a letter is dead: with the pauses
// between them, after a quarter of an hour to an hour.
const maxSetbacks = 10

// passing are the reasons that are the peer's trouble, or the directory's, and not the
// letter's: it is offered again however often they occur, until its deadline.
var passing = map[string]bool{ReasonBusy: true, ReasonSpace: true, ReasonQuota: true, ReasonQuotaAgency: true, ReasonQuotaNext: true, ReasonDirectorySkew: true, ReasonNotYet: true, ReasonUnknownOrigin: true,
	ReasonTransfer: true, ReasonBadSignature: true, ReasonNotUnderstood: true, ReasonNoRoute: true, ReasonUnknownRecipient: true}

// reasonUnreadable is of a letter that this node cannot read whole.
const reasonUnreadable = "UNREADABLE"

// poisonous are the reasons for which another offer of the same bytes is refused again.
var poisonous = map[string]bool{ReasonMalformed: true, ReasonHopLimit: true, ReasonTooLarge: true, ReasonSecret: true}

// Bounds of the pause before a letter is offered again, in microseconds.
const (
	minRetry = 1_000_000
	maxRetry = 300_000_000
)

// retryPause is a random time (full jitter) that doubles with the attempts, from 1 s to
// 5 min, and at least what was asked for.
func retryPause(attempts int, atLeast int64) int64 {
	top := int64(maxRetry)
	if attempts < 9 { // 2^9 s are more than 5 min
		top = min(top, minRetry<<attempts)
	}
	return min(maxRetry, max(minRetry+rand.Int64N(top), atLeast))
}

// setBack makes rows due again after a pause that grows, or puts letters that no peer
// takes aside, each alone: they wait for an operator, and block nothing.
func (n *Node) setBack(ctx context.Context, link Link, key LetterKey, recipients []string, why setback) error {
	return n.decide(ctx, func() error {
		rows, err := n.cfg.Store.Deliveries(ctx, key)
		if err != nil {
			return err
		}
		d := n.draft(journal.Actor{Node: link.Peer})
		d.change.Link = link
		for _, to := range rows {
			if to.Peer == link.Peer && to.State.open() && contains(recipients, to.Key.Recipient) {
				d.setBack(&to, why)
			}
		}
		if len(d.change.Deliveries) == 0 {
			return nil
		}
		e := d.entry(d.change.Deliveries[0].OriginAgency, "letter.refused", d.change.Deliveries[0].Digest.String(),
			fmt.Sprintf("origin=%s letter=%s peer=%s recipients=%d", key.Origin, key.ID, link.Peer, len(d.change.Deliveries)))
		d.change.Entries[e].Outcome = fmt.Sprintf("%.64s", first(why.reason, ReasonRefused))
		if _, err = n.commit(ctx, d.change); err != nil {
			return err
		}
		n.alarmDead(d.change.Deliveries)
		return nil
	})
}

func (d *draft) setBack(to *Delivery, why setback) {
	to.Reason, to.Updated = fmt.Sprintf("%.64s", why.reason), d.node.now()
	if to.State == StateOffered && why.asked {
		to.State = StateQueued
	}
	pause := retryPause(to.Attempts, why.pause)
	if !passing[why.reason] {
		to.Attempts++
	}
	// In doubt it stays what it is: it may have been taken, and only the peer can say.
	if to.State != StateInDoubt && (why.atOnce || poisonous[why.reason] || to.Attempts >= maxSetbacks) {
		to.State = StateDead
		d.change.Unqueue = append(d.change.Unqueue, to.Key)
		e := d.entry(to.OriginAgency, "letter.dead", to.Digest.String(), fmt.Sprintf("%s peer=%s attempts=%d", about(to.Key), to.Peer, to.Attempts))
		d.change.Entries[e].Outcome = first(to.Reason, ReasonRefused)
	} else {
		d.change.Defer = append(d.change.Defer, Deferral{to.Key, to.Updated + pause})
	}
	d.change.Deliveries = append(d.change.Deliveries, *to)
}

func (n *Node) alarmDead(rows []Delivery) {
	for _, to := range rows {
		if to.State == StateDead {
			n.cfg.Log.Error("relay: ALARM: no peer takes a letter: lienthong queue list --state dead", "delivery", to.ID.String(), "peer", to.Peer, "reason", to.Reason, "attempts", to.Attempts)
		}
	}
}

// A breaker stops offers to a peer that takes none: each would cost both sides a commit,
// and there may be a million. After a pause one is tried.
type breaker struct {
	mu       sync.Mutex
	refused  int // in a row, for reasons that are the peer's
	trips    int
	tripping time.Duration // what the peer asked for
	healed   broadcast
}

// breakAfter is how many refusals in a row stop offers.
const breakAfter = 3

func (b *breaker) refuse(pause int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
	b.tripping = time.Duration(pause) * time.Microsecond
}

func (b *breaker) accept() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused, b.trips = 0, 0
	b.healed.notify()
}

// open reports that offers wait.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused >= breakAfter
}

// next tells how long to wait before the next offers, and how many these may be.
func (b *breaker) next() (pause time.Duration, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused < breakAfter {
		return 0, Window
	}
	pause = max(time.Duration(retryPause(b.trips, 0))*time.Microsecond, min(b.tripping, maxPause))
	b.trips++
	return pause, 1
}
