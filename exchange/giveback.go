package exchange

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// featureGiveBack in Hello says that a node, should it go on from a backup, takes its own
// letters back from those that it had handed them to.
const featureGiveBack = "give-back"

// A returning is the letter that is being given back on a link, one at a time: so that what
// changes or recalls a letter comes after it.
type returning struct {
	key    LetterKey
	answer chan Frame
}

// A givingBack gives a restored peer its own letters back that came from it after its backup,
// with their files, as far as they are here. What it remembers it passes over. It does so in
// passes: what the peer does not take now is given again after a pause.
type givingBack struct {
	*session
	since    int64
	settled  map[LetterKey]bool // given, or not to be given
	tries    map[LetterKey]int  // that led to a refusal for now
	returned int
	gone     int // whose files, or text, are not here any more, and those that the peer does not take: the link goes on without them
	waiting  int // deliveries of those that the peer did not take in the last pass, at least
}

func (s *session) givesBack(since int64) *givingBack {
	return &givingBack{session: s, since: since, settled: map[LetterKey]bool{}, tries: map[LetterKey]int{}}
}

// pass gives once what is not settled. What changes or recalls a letter comes after it: of a
// document that waits all that follows waits. It ends early where the peer takes none.
func (g *givingBack) pass(ctx context.Context) error {
	g.waiting = 0
	threads, inRow := map[threadKey]bool{}, 0
	for after, more := (envelope.ID{}), true; more; {
		rows, err := g.relay.cfg.Store.Exchanged(ctx, g.peer, g.since, after, replayBatch)
		if err != nil {
			return err
		}
		for i := range rows {
			to := &rows[i]
			after = to.ID
			key, thread := to.Key.Letter(), threadKey{agency: to.OriginAgency, thread: to.Thread}
			if to.Key.Origin != g.peer || to.From != g.peer || g.settled[key] {
				continue
			}
			if threads[thread] {
				g.waiting++
				continue
			}
			taken, err := g.give(ctx, to)
			if err != nil {
				return err
			}
			if taken {
				inRow = 0
				continue
			}
			threads[thread] = true
			g.waiting++
			if inRow++; inRow == breakAfter {
				return nil
			}
		}
		more = len(rows) == replayBatch
	}
	return nil
}

// rest gives what the peer did not take now, until it has taken all: with pauses as between
// offers, for as long as the link lasts. The next link begins again.
func (g *givingBack) rest(ctx context.Context) error {
	for trips := 0; g.waiting > 0; trips++ {
		pause, had := time.Duration(retryPause(trips, 0))*time.Microsecond, len(g.settled)
		g.relay.cfg.Log.Warn("relay: a restored peer does not take its letters back now: they are given again", "peer", g.peer, "deliveries", g.waiting, "pause", pause)
		if !wait(ctx, nil, pause) {
			return context.Cause(ctx)
		}
		if err := g.pass(ctx); err != nil {
			return err
		}
		if len(g.settled) > had {
			trips = 0
		}
	}
	return nil
}

// give gives one letter back, and reports whether it is settled.
func (g *givingBack) give(ctx context.Context, to *Delivery) (bool, error) {
	key := to.Key.Letter()
	given, err := g.giveOne(ctx, key, g.since)
	var why *refusal
	switch {
	case errors.As(err, &why) && passing[why.reason]:
		g.tries[key]++
		if err = g.lasting(ctx, key, why); err == nil {
			return false, nil
		}
	case err == nil:
		if g.settled[key] = true; given {
			g.returned++
		}
		return true, nil
	}
	if !errors.Is(err, errGone) && !errors.As(err, &why) {
		return false, err
	}
	g.settled[key] = true
	g.gone++
	return true, g.notGiven(ctx, to, err)
}

// lasting is why a letter that was refused for now will be refused each time: its files,
// which the peer fetches, are damaged here; or the peer's directory, which comes over this
// link, does not know it for long. Of want of space, and of trouble of its own, the peer
// may be cured.
func (g *givingBack) lasting(ctx context.Context, key LetterKey, why *refusal) error {
	switch {
	case why.reason == ReasonBusy && g.tries[key] == 1:
		return g.relay.intact(ctx, key)
	case why.reason == ReasonBusy, slices.Contains(forSpace, why.reason):
		return nil
	case g.tries[key] >= maxSetbacks:
		return why
	}
	return nil
}

// notGiven says in log and journal that a letter of a restored peer stays lost there.
func (g *givingBack) notGiven(ctx context.Context, to *Delivery, err error) error {
	g.relay.cfg.Log.Error("relay: a letter of a restored peer is not given back", "peer", g.peer, "letter", to.Key.ID.String(), "error", err)
	e := g.relay.entry(journal.Actor{Node: g.peer}, to.OriginAgency, "letter.not_returned", to.Digest.String(), fmt.Sprintf("letter=%s peer=%s", to.Key.ID, g.peer))
	e.Outcome = "GONE"
	if why := (*refusal)(nil); errors.As(err, &why) {
		e.Outcome = fmt.Sprintf("%.64s", first(why.reason, ReasonRefused))
	}
	return g.relay.Record(ctx, e)
}

// errGone says that a letter is not whole here.
var errGone = errors.New("exchange: its files are not here any more")

// giveOne gives one letter back, if it came after a time.
func (s *session) giveOne(ctx context.Context, key LetterKey, since int64) (bool, error) {
	offer, err := s.relay.returned(ctx, s.peer, key, since)
	if err != nil || offer == nil {
		return false, err
	}
	answer, err := s.askBack(ctx, key, offer)
	if f, refused := answer.(Refused); err == nil && refused {
		return false, &refusal{reason: f.Reason, text: fmt.Sprintf("%.300s", f.Text)}
	}
	return err == nil, err
}

// askBack offers one letter back, and waits for the answer.
func (s *session) askBack(ctx context.Context, key LetterKey, offer *Offer) (Frame, error) {
	r := &returning{key: key, answer: make(chan Frame, 1)}
	keys := make([]DeliveryKey, len(offer.Recipients))
	for i, agency := range offer.Recipients {
		keys[i] = DeliveryKey{key.Origin, key.ID, agency}
	}
	if err := s.purse.spend(ctx, offerBytes(offer)); err != nil {
		return nil, err
	}
	s.giving.Store(r)
	s.window.add(keys, slot{class: int(envelope.UrgencyFlash)}) // while it stands there, its files are served
	defer s.window.answered(keys...)
	defer s.giving.Store(nil)
	select {
	case s.outgo <- *offer:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case answer := <-r.answer:
		return answer, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// answersReturn takes what answers the letter that is being given back.
func (s *session) answersReturn(key LetterKey, answer Frame) bool {
	r := s.giving.Load()
	if r == nil || r.key != key {
		return false
	}
	select {
	case r.answer <- answer:
	default: // it has answered already
	}
	return true
}

// returned puts a letter together for its origin; nil if it came before a time.
func (n *Node) returned(ctx context.Context, peer string, key LetterKey, since int64) (*Offer, error) {
	letter, err := n.cfg.Store.Letter(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil, errGone
	}
	if err != nil || letter.From != peer || letter.Received < since {
		return nil, err
	}
	if letter.whole() != nil || len(letter.Content) == 0 {
		return nil, errGone
	}
	rows, err := n.cfg.Store.Deliveries(ctx, key)
	if err != nil {
		return nil, err
	}
	offer := &Offer{Envelope: letter.Sealed, Content: letter.Content, Epochs: n.Directory().Epochs(), Returned: true}
	for _, to := range rows {
		if to.From == peer {
			offer.Recipients = append(offer.Recipients, to.Key.Recipient)
		}
	}
	if offer.Files, err = n.offeredFiles(ctx, &letter); err != nil {
		return nil, unreadable(ctx, err)
	}
	for _, f := range letter.Files { // also those that the origin is to fetch
		if err := n.present(ctx, f); err != nil {
			return nil, unreadable(ctx, err)
		}
	}
	return offer, nil
}

// unreadable is errGone for whatever is wrong with a file of a letter, if that is not that
// nothing can be read now.
func unreadable(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrAway) {
		return err
	}
	return fmt.Errorf("%w: %v", errGone, err)
}

// present says why a file cannot be served.
func (n *Node) present(ctx context.Context, f LetterFile) error {
	blob, err := n.cfg.Blobs.Open(ctx, f.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	if blob.Size() != int64(f.Size) {
		return fmt.Errorf("exchange: file %s has %d bytes, want %d", f.Digest, blob.Size(), f.Size)
	}
	return nil
}

// intact reads the files of a letter, and says as errGone which is damaged.
func (n *Node) intact(ctx context.Context, key LetterKey) error {
	letter, err := n.cfg.Store.Letter(ctx, key)
	if err != nil {
		return err
	}
	for _, f := range letter.Files {
		if err := n.unaltered(ctx, f.Digest); err != nil {
			return unreadable(ctx, err)
		}
	}
	return nil
}

// unaltered says why the bytes of a file are not those that its digest names.
func (n *Node) unaltered(ctx context.Context, digest envelope.Digest) error {
	blob, err := n.cfg.Blobs.Open(ctx, digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(blob, 0, blob.Size())); err != nil {
		return err
	}
	if got := envelope.Digest(h.Sum(nil)); got != digest {
		return fmt.Errorf("exchange: bytes of file %s hash to %s", digest, got)
	}
	return nil
}

// offeredFiles names the files of a letter; small ones go along, as far as they fit.
func (n *Node) offeredFiles(ctx context.Context, letter *Letter) ([]OfferedFile, error) {
	// A frame has a limit; what is not a file counts too.
	total := uint64(len(letter.Sealed.Payload) + len(letter.Content))
	var out []OfferedFile
	for _, f := range letter.Files {
		file := OfferedFile{Digest: f.Digest, Size: f.Size, LeafRoot: f.LeafRoot}
		if inline(f.Size, total) {
			total += f.Size
			var err error
			if file.Data, err = n.readAll(ctx, f.Digest, f.Size); err != nil {
				return nil, err
			}
		}
		out = append(out, file)
	}
	return out, nil
}
