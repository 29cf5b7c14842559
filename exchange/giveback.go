package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/envelope"
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

// giveBack gives a restored peer its own letters back that came from it after its backup,
// with their files, as far as they are here. What it remembers it passes over. gone counts
// letters whose files, or text, are not here any more, and those that the peer does not take:
// the link goes on without them.
func (s *session) giveBack(ctx context.Context, since int64) (returned, gone int, err error) {
	seen := map[LetterKey]bool{}
	for after, more := (envelope.ID{}), true; more; {
		rows, err := s.relay.cfg.Store.Exchanged(ctx, s.peer, since, after, replayBatch)
		if err != nil {
			return returned, gone, err
		}
		for _, to := range rows {
			after = to.ID
			key := to.Key.Letter()
			if to.Key.Origin != s.peer || to.From != s.peer || seen[key] {
				continue
			}
			seen[key] = true
			switch given, err := s.giveOne(ctx, key, since); {
			case errors.Is(err, errGone), errors.As(err, new(*refusal)):
				gone++
				s.relay.cfg.Log.Error("relay: a letter of a restored peer is not given back", "peer", s.peer, "letter", key.ID.String(), "error", err)
			case err != nil:
				return returned, gone, err
			case given:
				returned++
			}
		}
		more = len(rows) == replayBatch
	}
	return returned, gone, nil
}

// errGone says that a letter is not whole here.
var errGone = errors.New("exchange: its files are not here any more")

// giveTries is how often a letter is given back that the peer does not take now.
const giveTries = 3

// giveOne gives one letter back, if it came after a time.
func (s *session) giveOne(ctx context.Context, key LetterKey, since int64) (bool, error) {
	offer, err := s.relay.returned(ctx, s.peer, key, since)
	if err != nil || offer == nil {
		return false, err
	}
	for try := 1; ; try++ {
		answer, err := s.askBack(ctx, key, offer)
		f, refused := answer.(Refused)
		if err != nil || !refused {
			return err == nil, err
		}
		if now := f.Reason == ReasonSpace || f.Reason == ReasonBusy; !now || try == giveTries {
			return false, &refusal{reason: f.Reason, text: fmt.Sprintf("%.300s", f.Text)}
		}
		wait(ctx, nil, time.Duration(min(f.RetryAfter, 60))*time.Second)
	}
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
	if offer.Files, err = n.offeredFiles(ctx, &letter); errors.Is(err, ErrNotFound) {
		return nil, errGone
	}
	return offer, err
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
