package exchange_test

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Any order of sending, recalling, taking back, updating and replacing, of offers, losses,
// answers, statements and time, on three nodes. After every step nobody has lost a
// recipient; in the end all is as the rules say, and origin and home say the same.
//
// -rapid.checks says how many orders are tried: 15, or 3 with -short, where it is not given.
func TestThreadsUnderAnyOrder(t *testing.T) {
	t.Parallel()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", "15"); err != nil { // rapid makes that a fifth with -short
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		p := newProperty(t, r)
		defer p.close()
		steps := rapid.IntRange(10, 45).Draw(r, "steps")
		for range steps {
			p.step()
			p.neverLost()
		}
		p.quiesce()
		p.neverLost()
		p.ends()
	})
}

// property is a world under rapid's hand.
type property struct {
	*byHand
	r    *rapid.T
	docs []*exchange.Document // letters, updates and replacements
	asks []*exchange.Document // recalls
	more []changedReceivers
	late [][2]string // offers that are on their way: from, to
	held []exchange.Offer
}

func newProperty(t *testing.T, r *rapid.T) *property {
	return &property{byHand: line(t), r: r}
}

var propertyLinks = [][2]string{{"ward", "district"}, {"district", "province"}}

func (p *property) step() {
	link := rapid.SampledFrom(propertyLinks).Draw(p.r, "link")
	from, to := link[0], link[1]
	if rapid.Bool().Draw(p.r, "back") {
		from, to = to, from
	}
	switch rapid.IntRange(0, 13).Draw(p.r, "act") {
	case 0:
		p.sendSome()
	case 1, 2:
		p.act(func(doc *exchange.Document) {
			mode := rapid.SampledFrom([]envelope.RecallMode{envelope.RecallNow, envelope.TakeBack}).Draw(p.r, "mode")
			got, err := p.tryRecall(doc, mode, p.some(doc)...)
			if p.done("recall", err, "NOTHING_TO_RECALL", "ALREADY_RECALLED", "ALREADY_REFUSED", "TAKE_BACK_PENDING") && got.Route.Kind == envelope.KindRecall {
				p.asks = append(p.asks, got)
			}
		})
	case 3:
		p.act(func(doc *exchange.Document) {
			p.update(doc)
		})
	case 4:
		p.act(func(doc *exchange.Document) {
			change := exchange.ChangeRequest{Agency: "from", Document: doc.Route.ID, Reason: "Thay thế", Metadata: subject(fmt.Sprint("Thay ", len(p.docs)))}
			if rapid.Bool().Draw(p.r, "more") {
				change.Replaces = []envelope.ID{rapid.SampledFrom(p.docs).Draw(p.r, "other").Route.ID}
			}
			if got, err := p.nodes["ward"].service.Replace(context.Background(), clerk, change); p.done("replace", err, "NO_RECIPIENT", "TAKE_BACK_PENDING") {
				p.docs = append(p.docs, got)
			}
		})
	case 5:
		p.answer()
	case 6: // offered, and the frames are on their way
		for _, o := range p.offers(from, to) {
			p.late, p.held = append(p.late, [2]string{from, to}), append(p.held, o)
		}
	case 7: // one of them comes after all, and its answer is lost or not
		if len(p.held) == 0 {
			return
		}
		i := rapid.IntRange(0, len(p.held)-1).Draw(p.r, "frame")
		answers := p.take(p.late[i][0], p.late[i][1], p.held[i:i+1])
		switch rapid.IntRange(0, 2).Draw(p.r, "answer") {
		case 0: // lost
		case 1: // lost, and the offer that is made again is refused for now
			p.refuse(p.late[i][0], p.late[i][1], p.held[i])
		default:
			p.settle(p.late[i][0], p.late[i][1], answers)
		}
		p.late, p.held = append(p.late[:i:i], p.late[i+1:]...), append(p.held[:i:i], p.held[i+1:]...)
	case 8:
		p.relink(from, to)
	case 9:
		p.advance(time.Duration(rapid.IntRange(1, 30).Draw(p.r, "hours")) * time.Hour)
		if err := p.nodes[from].core.Tend(context.Background()); err != nil {
			p.r.Fatalf("tend: %v", err)
		}
	case 10:
		p.tell(from, to)
	default:
		p.hand(from, to)
	}
}

func (p *property) sendSome() {
	if len(p.docs) > 3 {
		return
	}
	req := letter(p.t, "from", rapid.SampledFrom([][]string{{"to"}, {"near", "to"}, {"to", "other"}, {"middle", "to"}}).Draw(p.r, "recipients")...)
	if rapid.IntRange(0, 3).Draw(p.r, "later") == 0 {
		req.NotBefore = p.clock().Add(3 * time.Hour).UnixMicro()
	}
	p.docs = append(p.docs, p.nodes["ward"].send(req))
}

func (p *property) act(do func(*exchange.Document)) {
	if len(p.docs) > 0 && len(p.docs)+len(p.asks) < 14 {
		do(rapid.SampledFrom(p.docs).Draw(p.r, "document"))
	}
}

// some is all recipients, or one of them.
func (p *property) some(doc *exchange.Document) []string {
	if rapid.Bool().Draw(p.r, "all") {
		return nil
	}
	return []string{rapid.SampledFrom(doc.Route.Recipients).Draw(p.r, "recipient").Agency.ID}
}

// answer lets a receiver report something, or answer a take-back, if there is one.
func (p *property) answer() {
	if len(p.docs) == 0 {
		return
	}
	doc := rapid.SampledFrom(p.docs).Draw(p.r, "answered document")
	to := rapid.SampledFrom(doc.Route.Recipients).Draw(p.r, "receiver").Agency.ID
	node := p.homeOf(to)
	if d, ok := p.nodes[node].delivery(doc.Letter.Key, to); ok && d.Home {
		code := rapid.SampledFrom([]uint32{2, 3, 5, 6, 15, 16}).Draw(p.r, "code")
		p.done(fmt.Sprintf("status %02d", code), p.report(node, to, d, code), "STATUS_STEP", exchange.ReasonRecalled, "SUPERSEDED", "REPLACED",
			exchange.ReasonIncomplete, "TAKE_BACK_ANSWERED", "TAKE_BACK_MOOT", "NO_TAKE_BACK")
	}
}

func (p *property) homeOf(agency string) string {
	a, _ := p.nodes["ward"].core.Directory().Agency(agency)
	return a.HomeNode
}

// everything is called with each recipient of each envelope.
func (p *property) everything(f func(doc *exchange.Document, recipient string)) {
	for _, doc := range append(append([]*exchange.Document(nil), p.docs...), p.asks...) {
		for _, to := range doc.Route.Recipients {
			f(doc, to.Agency.ID)
		}
	}
}

// neverLost: for every recipient some node has a live row, or it is at its home, or a
// node has signed that it ended.
func (p *property) neverLost() {
	p.everything(func(doc *exchange.Document, recipient string) {
		all := ""
		for _, node := range p.ids {
			d, ok := p.nodes[node].delivery(doc.Letter.Key, recipient)
			if !ok {
				continue
			}
			all += fmt.Sprintf(" %s: %s to %q;", node, d.State, d.Peer)
			switch d.State {
			case exchange.StateRelayed:
			case exchange.StateDelivered:
				if d.Home {
					return
				}
			default:
				return
			}
		}
		// The next hop has stopped it, and keeps no row.
		for _, node := range p.ids {
			rows, err := p.nodes[node].store.Statements(context.Background(), doc.Letter.Digest, recipient)
			if err != nil {
				p.r.Fatal(err)
			}
			for _, row := range rows {
				if row.Key.Kind == envelope.Stopped || row.Key.Kind == envelope.Failed {
					return
				}
			}
		}
		p.r.Fatalf("nobody answers for kind %d to %q:%s", doc.Route.Kind, recipient, all)
	})
}

// quiesce lets links work and everything come that is on its way.
func (p *property) quiesce() {
	for i, o := range p.held {
		p.settle(p.late[i][0], p.late[i][1], p.take(p.late[i][0], p.late[i][1], []exchange.Offer{o}))
	}
	p.held = nil
	for range 3 {
		p.advance(4 * time.Hour)
		for _, node := range p.ids {
			if err := p.nodes[node].core.Tend(context.Background()); err != nil {
				p.r.Fatalf("tend: %v", err)
			}
		}
		p.quiet()
	}
}

// ends checks what must be so when nothing is under way.
func (p *property) ends() {
	p.everything(func(doc *exchange.Document, recipient string) {
		origin, _ := p.nodes["ward"].delivery(doc.Letter.Key, recipient)
		home, here := p.nodes[p.homeOf(recipient)].delivery(doc.Letter.Key, recipient)
		where := fmt.Sprintf("kind %d version %d to %q", doc.Route.Kind, doc.Route.Version, recipient)
		switch origin.State {
		case exchange.StateDelivered:
			if !here || !home.Home {
				p.r.Fatalf("%s: delivered for its sender, and not at home", where)
			}
			if origin.Copy != home.Copy || origin.TakeBack != home.TakeBack || origin.Status != home.Status {
				p.r.Fatalf("%s: sender says %s, %s, %02d; home says %s, %s, %02d", where, origin.Copy, origin.TakeBack, origin.Status, home.Copy, home.TakeBack, home.Status)
			}
		case exchange.StateStopped, exchange.StateFailed:
			if here && home.Home {
				p.r.Fatalf("%s: %s for its sender, and at home", where, origin.State)
			}
		default:
			p.r.Fatalf("%s: still %s (%s) at its sender", where, origin.State, origin.Reason)
		}
		p.once(doc, recipient, where)
	})
	p.recalls()
	p.order()
	p.added()
}

// once: one Delivered and at most one answer to a take-back, at the recipient's home.
func (p *property) once(doc *exchange.Document, recipient, where string) {
	rows, err := p.nodes[p.homeOf(recipient)].store.Statements(context.Background(), doc.Letter.Digest, recipient)
	if err != nil {
		p.r.Fatal(err)
	}
	count := map[envelope.StatementKind]int{}
	for _, row := range rows {
		count[row.Key.Kind]++
	}
	if count[envelope.Delivered] > 1 || count[envelope.Consent] > 1 || count[envelope.Delivered] > 0 && count[envelope.Stopped] > 0 {
		p.r.Fatalf("%s: %d Delivered, %d consents, %d Stopped", where, count[envelope.Delivered], count[envelope.Consent], count[envelope.Stopped])
	}
}

// recalls: what a recall that acts at once was aimed at is nowhere active, and a take-back
// is asked, answered, or has nothing to ask for.
func (p *property) recalls() {
	for _, ask := range p.asks {
		for _, to := range ask.Route.Recipients {
			recipient := to.Agency.ID
			recall, _ := p.nodes["ward"].delivery(ask.Letter.Key, recipient)
			if recall.State != exchange.StateDelivered {
				continue
			}
			for _, target := range ask.Route.Targets(envelope.RelationRecalls) {
				doc := p.byDigest(target)
				d, ok := p.nodes["ward"].delivery(doc.Letter.Key, recipient)
				if !ok || d.State != exchange.StateDelivered {
					continue
				}
				if ask.Content.Recall.Mode == envelope.RecallNow && d.Copy != exchange.CopyRecalled {
					p.r.Fatalf("version %d to %q was recalled, and is %s", doc.Route.Version, recipient, d.Copy)
				}
				if ask.Content.Recall.Mode == envelope.TakeBack && d.Copy != exchange.CopyRecalled && d.TakeBack == exchange.TakeBackNone {
					p.r.Fatalf("version %d to %q was asked back, and nobody knows", doc.Route.Version, recipient)
				}
			}
		}
	}
}

func (p *property) byDigest(digest envelope.Digest) *exchange.Document {
	for _, doc := range p.docs {
		if doc.Letter.Digest == digest {
			return doc
		}
	}
	p.r.Fatalf("recall of an unknown envelope %s", digest)
	return nil
}

// order: of a thread at most one version is current at a receiver, and it is the highest
// of those that are not recalled and do not wait.
func (p *property) order() {
	type key struct {
		thread    envelope.ID
		recipient string
	}
	current := map[key]exchange.Delivery{}
	p.everything(func(doc *exchange.Document, recipient string) {
		d, ok := p.nodes[p.homeOf(recipient)].delivery(doc.Letter.Key, recipient)
		if !ok || !d.Home || d.Kind == envelope.KindRecall || d.Copy != exchange.CopyCurrent {
			return
		}
		k := key{doc.Route.Thread, recipient}
		if before, twice := current[k]; twice {
			p.r.Fatalf("versions %d and %d are both current at %q", before.Version, d.Version, recipient)
		}
		current[k] = d
	})
	p.everything(func(doc *exchange.Document, recipient string) {
		d, ok := p.nodes[p.homeOf(recipient)].delivery(doc.Letter.Key, recipient)
		now, any := current[key{doc.Route.Thread, recipient}]
		if ok && any && d.Home && d.Kind != envelope.KindRecall && d.Version > now.Version && d.Copy != exchange.CopyRecalled && d.Copy != exchange.CopyWaiting && d.Copy != exchange.CopyReplaced {
			p.r.Fatalf("version %d is current at %q, and %d is %s", now.Version, recipient, d.Version, d.Copy)
		}
	})
}
