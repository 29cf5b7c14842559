package storetest

import (
	"flag"

	"pgregory.net/rapid"

	"lienthong/envelope"
	"lienthong/exchange"
)

// testTallies compares what the store counts with a walk over all rows, after letters were
// sent and filed, and were changed in every way that a store knows, in any order.
//
// -rapid.checks says how many orders are tried.
func testTallies(w *world) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := flag.Set("rapid.checks", "15"); err != nil { // a fifth of them with -short
			w.Fatal(err)
		}
	}
	rapid.Check(w.T, func(r *rapid.T) {
		p := tallied{world: w, r: r}
		p.send()
		for range rapid.IntRange(1, 15).Draw(r, "steps") {
			switch rapid.IntRange(0, 8).Draw(r, "act") {
			case 0, 1:
				p.send()
			case 2:
				p.fill()
			case 3:
				p.refused()
			case 4:
				p.giveBack()
			default:
				p.step()
			}
		}
		now := p.moment("now")
		Counted(w, w.s, now, 0, 1<<62)
	})
	w.reopen()
	Counted(w, w.s, w.now)
}

// tallied is a register under rapid's hand.
type tallied struct {
	*world
	r          *rapid.T
	deliveries []exchange.Delivery
	filings    []exchange.Filing // that came, as they were filed
	letters    []exchange.Letter // those of filings
}

// moment is within a few days, often where two fall together, and on both sides of midnight.
func (p *tallied) moment(of string) int64 {
	const midnight = start - 7*hour // in Vietnam, on a day of the world's
	return midnight + int64(rapid.IntRange(-8, 8).Draw(p.r, of))*6*hour - int64(rapid.IntRange(0, 1).Draw(p.r, "before"))
}

// some is a moment, or none.
func (p *tallied) some(of string) int64 {
	if rapid.Bool().Draw(p.r, "no "+of) {
		return 0
	}
	return p.moment(of)
}

// send commits a letter that an agency here sends to others here and elsewhere, or one
// that comes over a link.
func (p *tallied) send() {
	from := rapid.SampledFrom([]string{"", "", "peer"}).Draw(p.r, "from")
	l := p.letter("ward", rapid.SampledFrom([]string{"agency-1", "agency-2"}).Draw(p.r, "sender"), from)
	l.Received = p.moment("sent")
	kind := rapid.SampledFrom([]envelope.Kind{envelope.KindDocument, envelope.KindReplacement, envelope.KindRecall}).Draw(p.r, "kind")
	c := exchange.Change{Letter: &l}
	if from == "" {
		out := p.filing(&l, nil, "w")
		out.By = p.some("send by")
		c.Filings = append(c.Filings, out)
	}
	for _, to := range []string{"agency-1", "agency-2", "agency-3"}[:rapid.IntRange(1, 3).Draw(p.r, "recipients")] {
		d := p.delivery(&l, to, to != "agency-3")
		d.Kind, d.Thread, d.Created, d.Arrived, d.AnswerBy = kind, l.Key.ID, l.Received, 0, p.some("answer by")
		d.Copy = rapid.SampledFrom([]exchange.Copy{0, 0, exchange.CopyRecalled}).Draw(p.r, "copy that comes")
		if d.Home {
			d.Arrived, d.State = p.moment("arrived"), exchange.StateDelivered
			in := p.filing(&l, &d, rapid.SampledFrom([]string{"", "w"}).Draw(p.r, "words"))
			in.By = p.some("acknowledge by")
			if rapid.Bool().Draw(p.r, "of no dossier") {
				in.Dossier = ""
			} else if d.AnswerBy != 0 && rapid.Bool().Draw(p.r, "handed over") {
				in.WantedBy = d.AnswerBy + int64(rapid.IntRange(0, 1).Draw(p.r, "later"))*24*hour
			}
			c.Filings = append(c.Filings, in)
			p.filings, p.letters = append(p.filings, in), append(p.letters, l)
		}
		c.Deliveries = append(c.Deliveries, d)
		d.Revision = 1
		p.deliveries = append(p.deliveries, d)
	}
	p.commit(c)
}

// step changes deliveries: state, arrival, status, recall, or nothing that is counted.
func (p *tallied) step() {
	var c exchange.Change
	for range rapid.IntRange(1, 3).Draw(p.r, "at once") {
		d := &p.deliveries[rapid.IntRange(0, len(p.deliveries)-1).Draw(p.r, "delivery")]
		switch rapid.IntRange(0, 4).Draw(p.r, "step") {
		case 0:
			d.State = rapid.SampledFrom([]exchange.State{exchange.StateOffered, exchange.StateRelayed, exchange.StateDelivered, exchange.StateFailed, exchange.StateDropped}).Draw(p.r, "state")
		case 1:
			d.Arrived = p.some("arrived")
		case 2:
			d.Copy = rapid.SampledFrom([]exchange.Copy{exchange.CopyCurrent, exchange.CopyUpdated, exchange.CopyReplaced, exchange.CopyRecalled}).Draw(p.r, "copy")
		case 3:
			d.Verdict = "valid"
		default:
			d.Status, d.Updated = rapid.SampledFrom([]uint32{1, 2, 3, 4, 5, 6}).Draw(p.r, "status"), p.moment("reported")
		}
		c.Deliveries = append(c.Deliveries, *d)
		d.Revision++
	}
	p.commit(c)
}

// giveBack answers a letter within its dossier; the answer can be refused later.
func (p *tallied) giveBack() {
	if len(p.filings) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.filings)-1).Draw(p.r, "answered")
	in, l := p.filings[i], p.letters[i]
	back := p.letter("ward", in.Agency, "")
	back.Received = p.moment("given back")
	d := p.delivery(&back, l.Agency, true)
	d.From, d.Created, d.Arrived, d.Thread = "", back.Received, back.Received, l.Key.ID
	came, sent := p.filing(&back, &d, "w"), p.filing(&back, nil, "w")
	for _, f := range []*exchange.Filing{&came, &sent} {
		f.Dossier, f.Answers, f.AnsweredAt = in.Dossier, []envelope.Digest{l.Digest}, back.Received
	}
	p.commit(exchange.Change{Letter: &back, Deliveries: []exchange.Delivery{d}, Filings: []exchange.Filing{sent, came}})
	d.Revision = 1
	p.deliveries = append(p.deliveries, d)
}

// fill gives words to filings of an older version, with times that are found late.
func (p *tallied) fill() {
	var list []exchange.Filing
	for _, f := range p.filings {
		if f.Words == "" {
			f.Words, f.By, f.Acknowledged, f.Finished = "w", p.some("acknowledge by"), p.some("acknowledged"), p.some("finished")
			list = append(list, f)
		}
	}
	if err := p.s.FillFilings(p.ctx, list); err != nil {
		p.Fatal(err)
	}
}

// refused is a change that fails after it has changed what is counted: nothing stays.
func (p *tallied) refused() {
	d, stale := p.deliveries[0], p.deliveries[len(p.deliveries)-1]
	d.Status, d.State = 6, exchange.StateStopped
	stale.Revision += 7
	p.refuse(exchange.Change{Deliveries: []exchange.Delivery{d, stale}}, exchange.ErrStale)
}
