package exchange

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"lienthong/envelope"
)

// inbound is what this session fetches, or waits for the peer to put.
type inbound struct {
	mu    sync.Mutex
	files map[string]*inboundFile // by key of the partial file
	came  atomic.Int64            // pieces that the peer has put, of any file
	kept  map[*keeping]bool
}

// An inboundFile is a larger file of an offer that is being taken.
type inboundFile struct {
	mu      sync.Mutex // one writer at a time
	letter  LetterKey
	agency  string          // that sent the letter
	allowed map[string]bool // recipients of the offers that wait for it
	file    LetterFile
	takers  []*taker                // offers that wait for it
	whole   bool                    // under mu
	end     atomic.Pointer[fileEnd] // nil while it may still come
	done    broadcast
	came    *atomic.Int64 // of [inbound]

	leaves    atomic.Pointer[[]envelope.Digest] // that the peer has given, and that are checked
	asked     atomic.Pointer[leafAsked]         // a leaf that the peer is to put once more
	rechecked bool                              // what an earlier link has left is checked
}

// take answers an offer. It returns only what is true: statements after they are
// durable, refusals of what was not taken. Where it is not known what was taken, or what was
// taken cannot be proved now, there is no true answer: the error ends the link, and the peer,
// whose rows stay offered, asks again on the next.
func (s *session) take(ctx context.Context, f Offer) ([]Frame, error) {
	if f.Returned {
		return s.takeReturned(ctx, f)
	}
	n := s.relay.Node
	o, err := n.readOffer(s.peer, f)
	if err != nil {
		return s.refusal(ctx, o, f, err)
	}
	ctx, end := n.span(ctx, SpanAccept, o.letter.Key.ID)
	defer func() { end(err) }()
	needed, err := n.needsFiles(ctx, o)
	if err != nil {
		return s.refusal(ctx, o, f, err)
	}
	var wrote []BlobRow
	if needed {
		var promised *promise
		promised, o.noRoom, err = n.admit(ctx, wish{from: s.peer, agency: o.letter.Agency, bytes: o.letter.bytes(), kind: o.route.Kind, to: o.recipients, larger: o.largerFiles(f)})
		if err != nil {
			return s.refusal(ctx, o, f, err)
		}
		if promised == nil {
			return s.refusals(ctx, o, o.noRoom)
		}
		defer func() { promised.finish(ctx, err == nil) }()
		if wrote, err = s.fetchAll(ctx, o, f); errors.Is(err, errOfferedAgain) {
			return nil, nil
		} else if err != nil {
			if asRefusal(err).permanent {
				n.dropPartials(ctx, o, f)
			}
			return s.refusal(ctx, o, f, err)
		}
	}
	// The files are durable and the transaction is not open. If we die here they are
	// orphans; the peer got no answer and offers again, to the same digests.
	took, err := n.accept(ctx, o, wrote)
	if inDoubt(err) {
		return nil, err
	}
	if err != nil {
		return s.refusal(ctx, o, f, err)
	}
	n.dropPartials(ctx, o, f)
	var out []Frame
	if len(took.custody) > 0 {
		receipts, err := n.receipts(ctx, took.custody)
		if err != nil {
			return nil, &doubtError{err} // taken, and the proof cannot be made now
		}
		for _, part := range parts(receipts) {
			out = append(out, Accepted{Letter: o.letter.Key, Custody: part})
		}
	}
	if len(took.refused) == 0 {
		return out, nil
	}
	refused, err := s.refusals(ctx, o, took.refused)
	return append(out, refused...), err
}

// refusal answers for a whole offer.
func (s *session) refusal(ctx context.Context, o *offered, f Offer, err error) ([]Frame, error) {
	why := asRefusal(err)
	if why.twice {
		s.relay.Refused(PeerHolder(s.peer), linkMethod, why.reason)
	}
	s.relay.cfg.Log.Warn("relay: offer not taken", "peer", s.peer, "reason", why.reason, "error", err)
	if o == nil || o.letter == nil || len(o.recipients) == 0 {
		frame := Refused{Recipients: f.Recipients, Reason: why.reason, Text: why.text, Permanent: why.permanent, RetryAfter: why.retry}
		if route, err := envelope.ParseRoute(f.Envelope); err == nil {
			frame.Letter = LetterKey{route.OriginNode, route.ID}
		}
		return []Frame{frame}, nil
	}
	all := make(map[string]*refusal, len(o.recipients))
	for _, r := range o.recipients {
		all[r.Agency.ID] = why
	}
	return s.refusals(ctx, o, all)
}

// refusals makes one frame for each reason. For good means: with a Failed
// statement for each recipient, without which the peer keeps its rows.
func (s *session) refusals(ctx context.Context, o *offered, why map[string]*refusal) ([]Frame, error) {
	failed, err := s.relay.failing(ctx, o, why)
	if inDoubt(err) {
		return nil, err
	}
	if err == nil && len(failed) > 0 {
		var receipts []envelope.Receipt
		if receipts, err = s.relay.receipts(ctx, failed); err == nil {
			return s.refusedFrames(o, why, failed, receipts), nil
		}
	}
	if err != nil && ctx.Err() == nil {
		s.relay.cfg.Log.Error("relay: refuse", "peer", s.peer, "error", err)
	}
	return s.refusedFrames(o, why, nil, nil), nil
}

func (s *session) refusedFrames(o *offered, why map[string]*refusal, failed []StatementRow, receipts []envelope.Receipt) []Frame {
	s.starve(why)
	byReason := map[refusal]*Refused{}
	var order []*Refused
	for _, r := range o.recipients {
		w := why[r.Agency.ID]
		if w == nil {
			continue
		}
		frame := byReason[*w]
		if frame == nil || receiptsSize(frame.Failed) >= maxReceipts {
			frame = &Refused{Letter: o.letter.Key, Reason: s.reasonFor(w.reason), Text: w.text, Permanent: w.permanent, RetryAfter: w.retry}
			byReason[*w] = frame
			order = append(order, frame)
		}
		frame.Recipients = append(frame.Recipients, r.Agency.ID)
		for i, row := range failed {
			if row.Key.Recipient == r.Agency.ID {
				frame.Failed = append(frame.Failed, receipts[i])
			}
		}
	}
	out := make([]Frame, len(order))
	for i, frame := range order {
		out[i] = *frame
	}
	return out
}

// fetchAll makes the files of an offer durable: those that the peer has put here or was
// sent from here before are, the others come by transfer, and at last those that came along:
// put earlier, they would be old before they have a row. It returns those that have none yet.
func (s *session) fetchAll(ctx context.Context, o *offered, f Offer) ([]BlobRow, error) {
	n := s.relay.Node
	var larger []LetterFile
	for i, file := range o.letter.Files {
		if uint64(len(f.Files[i].Data)) == file.Size {
			continue
		}
		_, err := n.cfg.Store.File(ctx, PeerHolder(s.peer), file.Digest)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err != nil {
			larger = append(larger, file)
		}
	}
	if len(larger) > 0 {
		defer s.inbound.keep(o, n.now())()
		if err := n.keepFiles(ctx, o); err != nil {
			return nil, err
		}
		if err := s.fetch(ctx, o, larger); err != nil {
			return nil, err
		}
	}
	return n.putAlong(ctx, o, f)
}

// putAlong makes the files durable that came in the frame of their offer.
func (n *Node) putAlong(ctx context.Context, o *offered, f Offer) (out []BlobRow, err error) {
	for i, file := range o.letter.Files {
		if uint64(len(f.Files[i].Data)) != file.Size {
			continue
		}
		row := BlobRow{Digest: file.Digest, Size: file.Size, LeafRoot: file.LeafRoot, Touched: n.now()}
		if _, err := n.cfg.Blobs.Put(ctx, f.Files[i].Data); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// received gives the peer possession of a file that is whole: it need not send these
// bytes again, whatever becomes of the others of the letter. If we die before this is
// committed, the file is an orphan, and comes again.
func (n *Node) received(ctx context.Context, peer string, f *inboundFile) error {
	now := n.now()
	change := Change{
		Wrote: []BlobRow{{Digest: f.file.Digest, Size: f.file.Size, LeafRoot: f.file.LeafRoot, Touched: now}},
		Files: []File{{Holder: PeerHolder(peer), Digest: f.file.Digest, Size: f.file.Size, LeafRoot: f.file.LeafRoot, Since: now}},
	}
	change.Entries = append(change.Entries, n.entry(peerActor(peer), f.agency, "file.received", f.file.Digest.String(),
		fmt.Sprintf("letter=%s peer=%s size=%d", f.letter.ID, peer, f.file.Size)))
	if _, err := n.commit(ctx, change); err != nil {
		return err
	}
	n.cameWhole(peer, f.file)
	return nil
}

func (l *Letter) file(digest envelope.Digest) (LetterFile, bool) {
	for _, f := range l.Files {
		if f.Digest == digest {
			return f, true
		}
	}
	return LetterFile{}, false
}
