package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// methodReturned is under which requests stand whose letters came back after a restore: who
// asked, by which method and id, is known by a digest alone.
const methodReturned = "returned"

// commitment is what content says of the request that it was made for.
func (r *Request) commitment() []byte {
	if r == nil {
		return nil
	}
	key := requestKey(r.Principal, r.Method, r.ID)
	return append(key[:], r.Content[:]...)
}

func requestKey(principal, method, id string) envelope.Digest {
	return sha256.Sum256([]byte("lienthong request\x00" + principal + "\x00" + method + "\x00" + id))
}

// returnedRequest finds a request among those whose letters came back. ErrNotFound.
func (n *Node) returnedRequest(ctx context.Context, principal, method, id string) (Request, error) {
	if n.restored.Generation == 0 {
		return Request{}, ErrNotFound
	}
	key := requestKey(principal, method, id)
	return n.cfg.Store.Request(ctx, "", methodReturned, hex.EncodeToString(key[:]))
}

// takeReturned takes a letter of this node back that it forgot when it was restored.
func (s *session) takeReturned(ctx context.Context, f Offer) ([]Frame, error) {
	n := s.relay.Node
	o, err := n.readReturned(f)
	if err == nil {
		err = s.keepReturned(ctx, o, f)
	}
	if err == nil {
		return []Frame{Accepted{Letter: o.letter.Key}}, nil
	}
	if inDoubt(err) {
		return nil, err
	}
	if errors.Is(err, errOfferedAgain) {
		return nil, nil
	}
	why := asRefusal(err)
	n.cfg.Log.Error("relay: a letter that is given back is not taken", "peer", s.peer, "reason", why.reason, "error", err)
	frame := Refused{Recipients: f.Recipients, Reason: why.reason, Text: why.text, RetryAfter: max(why.retry, 60)}
	if route, err := envelope.ParseRoute(f.Envelope); err == nil {
		frame.Letter = LetterKey{route.OriginNode, route.ID}
	}
	return []Frame{frame}, nil
}

// readReturned checks that a letter is one that this node signed, and may have forgotten.
func (n *Node) readReturned(f Offer) (*offered, error) {
	if n.restored.Generation == 0 {
		return nil, refuse(ReasonRefused, "node %q does not go on from a backup", n.cfg.ID)
	}
	o, err := n.readLetter("", f)
	if err != nil {
		return nil, err
	}
	if o.route.OriginNode != n.cfg.ID || o.route.Schema != knownSchema {
		return nil, refuse(ReasonMalformed, "the letter is of node %q with schema %d: want one of %q", o.route.OriginNode, o.route.Schema, n.cfg.ID)
	}
	o.letter.Received, o.letter.Staff = o.route.Created, o.content.Staff.ID
	o.letter.Aging = yearsFrom(o.letter.Received)
	return o, nil
}

func (s *session) keepReturned(ctx context.Context, o *offered, f Offer) (err error) {
	n := s.relay.Node
	o.peer = s.peer // whose files count for it
	if known, err := n.hasLetter(ctx, o); known || err != nil {
		return err
	}
	promised, refused, err := n.admit(ctx, wish{from: s.peer, agency: o.letter.Agency, bytes: o.letter.bytes(), kind: envelope.KindRecall, to: o.recipients, larger: o.largerFiles(f), back: true})
	if err != nil {
		return err
	}
	if promised == nil {
		return refused[o.recipients[0].Agency.ID]
	}
	defer func() { promised.finish(ctx, err == nil) }()
	wrote, err := s.fetchAll(ctx, o, f)
	if err != nil {
		return err
	}
	defer n.numbering.lock(o.letter.Agency)()
	return n.decide(ctx, func() error {
		if known, err := n.hasLetter(ctx, o); known || err != nil {
			return err
		}
		return n.submitReturned(ctx, s.peer, o, wrote)
	})
}

func (n *Node) hasLetter(ctx context.Context, o *offered) (bool, error) {
	have, err := n.cfg.Store.Letter(ctx, o.letter.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err == nil && have.Digest != o.letter.Digest:
		return false, o.conflict()
	}
	return err == nil, err
}

// submitReturned submits a letter once more, as it was signed. Whoever has it answers so, and
// keeps it once; recipients to whom it had not gone get it now.
func (n *Node) submitReturned(ctx context.Context, peer string, o *offered, wrote []BlobRow) error {
	d := n.draft(journal.Actor{Node: peer})
	aims, err := n.cfg.Store.Aims(ctx, o.letter.Digest, "") // of what recalls or replaces it, and came back before it
	if err != nil {
		return err
	}
	d.change.Aimed = len(aims)
	d.change.Letter, d.change.Wrote = o.letter, wrote
	for _, f := range o.letter.Files {
		d.change.Uses = append(d.change.Uses, f.Digest)
	}
	d.entry(o.letter.Agency, "letter.returned", o.letter.Digest.String(), "letter="+o.letter.Key.ID.String()+" peer="+peer)
	if c := o.content.Request; len(c) == 64 {
		d.change.Request = &Request{Method: methodReturned, ID: hex.EncodeToString(c[:32]), Agency: o.letter.Agency, Content: envelope.Digest(c[32:]),
			Answer: o.letter.Key.ID.String(), Time: n.now()}
	}
	if err := d.numberReturned(ctx, o); err != nil {
		return err
	}
	sealed := &sealedLetter{letter: o.letter, route: o.route, content: &o.content, seq: n.sequenceAfter(0)}
	if err := d.submit(ctx, sealed, o.route.NotBefore); err != nil {
		return err
	}
	if err := d.rememberSaid(ctx); err != nil {
		return err
	}
	if err := d.foldDeliveries(ctx); err != nil {
		return err
	}
	_, err = n.commit(ctx, d.change)
	return doubtful(err)
}

// rememberSaid lets statements count that were stored before the letter came back.
func (d *draft) rememberSaid(ctx context.Context) error {
	dir := d.node.Directory()
	for i := range d.change.Deliveries {
		to := &d.change.Deliveries[i]
		stored, err := d.node.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
		if err != nil {
			return err
		}
		s := &settling{draft: d, stored: map[string][]StatementRow{to.Key.Recipient: stored}}
		for again := true; again; {
			again = false
			for _, row := range stored {
				st, err := envelope.ParseStatement(row.Sealed)
				if err != nil {
					return err
				}
				home := ""
				if dir.speaksFor(st.Issuer, st.Recipient, st.Time, d.node.now()) {
					home = st.Issuer
				}
				if changed, _ := s.apply(to, &st, home); changed {
					again = true
				}
			}
		}
	}
	return nil
}

// numberReturned has the number of a letter that came back taken, and those below it: they
// were given out, and are not given twice.
func (d *draft) numberReturned(ctx context.Context, o *offered) error {
	m := &o.content.Metadata
	if o.route.Kind == envelope.KindRecall || len(m.IssuedDate) < 4 {
		return nil
	}
	year, err := strconv.Atoi(m.IssuedDate[:4])
	digits, _, _ := strings.Cut(m.Number, "/")
	number, bad := strconv.ParseUint(digits, 10, 63)
	if err != nil || bad != nil || number > maxNumber {
		return nil // not one of a series here
	}
	list, err := d.node.cfg.Store.SeriesOf(ctx, o.letter.Agency, WayOut, year)
	if err != nil || len(list) == 0 {
		return err
	}
	series := Series{Agency: o.letter.Agency, Way: WayOut, Year: year}
	for _, one := range list {
		if one.Name == m.TypeCode || one.Name == "" && series.Name == "" && series.Last == 0 {
			series = one
		}
	}
	row, err := d.node.cfg.Store.Number(ctx, series, number)
	switch {
	case errors.Is(err, ErrNotFound):
		row = Number{Agency: series.Agency, Way: WayOut, Year: year, Series: series.Name, Number: number, By: o.letter.Staff, Reserved: o.route.Created}
		if row.ID, err = d.node.newID(); err != nil {
			return err
		}
	case err != nil || row.State != NumberReserved:
		return err
	}
	row.State, row.Letter, row.Changed = NumberUsed, o.letter.Key.ID, d.node.now()
	d.change.Numbers = append(d.change.Numbers, row)
	if number > series.Last {
		step := SeriesStep{Series: series, From: series.Last}
		step.Last = number // and when it was given stays: see unsure
		d.change.Series = append(d.change.Series, step)
	}
	d.entry(o.letter.Agency, "number.returned", row.ID.String(), row.about())
	return nil
}

// unsureMargin is how much later than the end of a backup a number in it may have been given,
// in microseconds.
const unsureMargin = 60 * 1_000_000

// ReasonSeriesUnsure is that of numbers that stand still after a restore.
const ReasonSeriesUnsure = "SERIES_UNSURE"

// unsure refuses to go on with a series after a restore: which numbers were given after the
// backup, on paper or to letters that nobody gave back, this node does not know; and
// the same of numbers in the register of what comes: letters come in meanwhile, and wait for
// their number where they are accepted. A person says the last one, by StartSeries.
//
// The backup ends at the time of its last entry, which may have been begun before others that
// are in it: what was given a little later (unsureMargin) counts as before the end, too.
func (n *Node) unsure(series Series) error {
	if n.restored.Generation == 0 || series.LastAt > n.restored.Until+unsureMargin ||
		series.Year > time.Unix(int64(n.restored.Generation), 0).In(Vietnam).Year() {
		return nil
	}
	what, seen, in := fmt.Sprintf("series %q", series.Name), "sent", ""
	if series.Way == WayIn {
		what, seen, in = "the register of what comes", "accepted", " --in"
	}
	return fail(Precondition, ReasonSeriesUnsure, "this node goes on from a backup, which ends at %s: numbers of %s of %d that were given after it are not known here, the last known is %d; look at the paper register and at what was %s, and say the last that was given: lienthong number start%s --year %d --last N",
		timeText(n.restored.Until), what, series.Year, series.Last, seen, in, series.Year)
}
