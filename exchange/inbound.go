package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"lienthong/envelope"
)

// inbound is what this session fetches, or waits for the peer to put.
type inbound struct {
	mu    sync.Mutex
	files map[string]*inboundFile // by key of the partial file
}

// An inboundFile is a larger file of an offer that is being taken.
type inboundFile struct {
	mu      sync.Mutex // one writer at a time
	letter  LetterKey
	agency  string          // that sent the letter
	allowed map[string]bool // recipients of the offers that wait for it
	file    LetterFile
	waiting int
	whole   bool
	failed  error // of the last attempt
	done    broadcast

	leaves    atomic.Pointer[[]envelope.Digest] // that the peer has given, and that are checked
	asked     atomic.Pointer[leafAsked]         // a leaf that the peer is to put once more
	rechecked bool                              // what an earlier link has left is checked
}

// take answers an offer. It returns only what is true: statements after they are
// durable, refusals of what was not taken.
func (s *session) take(ctx context.Context, f Offer) []Frame {
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
		if wrote, err = s.fetchAll(ctx, o, f); err != nil {
			if asRefusal(err).permanent {
				n.dropPartials(ctx, o, f)
			}
			return s.refusal(ctx, o, f, err)
		}
	}
	// The files are durable and the transaction is not open. If we die here they are
	// orphans; the peer got no answer and offers again, to the same digests.
	took, err := n.accept(ctx, o, wrote)
	if err != nil {
		return s.refusal(ctx, o, f, err)
	}
	n.dropPartials(ctx, o, f)
	var out []Frame
	if len(took.custody) > 0 {
		receipts, err := n.receipts(ctx, took.custody)
		if err != nil {
			// Taken, and the proof cannot be made now: the peer will offer again.
			return s.refusal(ctx, o, f, err)
		}
		out = append(out, Accepted{Letter: o.letter.Key, Custody: receipts})
	}
	if len(took.refused) > 0 {
		out = append(out, s.refusals(ctx, o, took.refused)...)
	}
	return out
}

// refusal answers for a whole offer.
func (s *session) refusal(ctx context.Context, o *offered, f Offer, err error) []Frame {
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
		return []Frame{frame}
	}
	all := make(map[string]*refusal, len(o.recipients))
	for _, r := range o.recipients {
		all[r.Agency.ID] = why
	}
	return s.refusals(ctx, o, all)
}

// refusals makes one frame for each reason. For good means: with a Failed
// statement for each recipient, without which the peer keeps its rows.
func (s *session) refusals(ctx context.Context, o *offered, why map[string]*refusal) []Frame {
	failed, err := s.relay.failing(ctx, o, why)
	if err == nil && len(failed) > 0 {
		var receipts []envelope.Receipt
		if receipts, err = s.relay.receipts(ctx, failed); err == nil {
			return s.refusedFrames(o, why, failed, receipts)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.relay.cfg.Log.Error("relay: refuse", "peer", s.peer, "error", err)
	}
	return s.refusedFrames(o, why, nil, nil)
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
		if frame == nil {
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

// fetchAll makes the files of an offer durable: those that came along, those that
// the peer has put here or was sent from here before, and the others, by transfer. It
// returns those that have no row yet.
func (s *session) fetchAll(ctx context.Context, o *offered, f Offer) ([]BlobRow, error) {
	n := s.relay.Node
	var out []BlobRow
	var larger []LetterFile
	for i, file := range o.letter.Files {
		row := BlobRow{Digest: file.Digest, Size: file.Size, LeafRoot: file.LeafRoot, Touched: n.now()}
		if uint64(len(f.Files[i].Data)) == file.Size {
			if _, err := n.cfg.Blobs.Put(ctx, f.Files[i].Data); err != nil {
				return nil, err
			}
			out = append(out, row)
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
	if len(larger) == 0 {
		return out, nil
	}
	return out, s.fetch(ctx, o, larger)
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

// fetch gets larger files: whoever dialled moves the bytes, since the other side
// may not be reachable. They are asked for once, however many offers wait for them.
func (s *session) fetch(ctx context.Context, o *offered, larger []LetterFile) error {
	var waiting []*inboundFile
	var keys []string
	for _, file := range larger {
		key := o.partialKey(file.Digest)
		waiting, keys = append(waiting, s.inbound.expect(key, o, file)), append(keys, key)
	}
	defer func() {
		for i, key := range keys {
			s.inbound.forget(key, waiting[i])
		}
	}()
	if s.courier == nil {
		need := NeedFiles{Letter: o.letter.Key}
		for _, file := range larger {
			need.Files = append(need.Files, file.Digest)
		}
		if err := s.answer(need); err != nil {
			return err
		}
	}
	for i, file := range waiting {
		if s.courier != nil {
			if err := s.get(ctx, o, file, keys[i]); err != nil {
				return err
			}
			continue
		}
		if err := file.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (in *inbound) expect(key string, o *offered, file LetterFile) *inboundFile {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.files[key]
	if f == nil {
		f = &inboundFile{letter: o.letter.Key, agency: o.letter.Agency, file: file, allowed: map[string]bool{}}
		in.files[key] = f
	}
	for _, r := range o.recipients {
		f.allowed[r.Agency.ID] = true
	}
	f.waiting++
	return f
}

func (in *inbound) forget(key string, f *inboundFile) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		delete(in.files, key)
	}
}

// find gives the file that a peer may put: one of an offer that is being taken.
func (in *inbound) find(key string, file FileKey) *inboundFile {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.files[key]
	if f == nil || f.letter != file.Letter || !f.allowed[file.Recipient] {
		return nil
	}
	return f
}

func (f *inboundFile) wait(ctx context.Context) error {
	for {
		done := f.done.next()
		f.mu.Lock()
		whole, failed := f.whole, f.failed
		f.mu.Unlock()
		if whole || failed != nil {
			return failed
		}
		select {
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// maxTries bounds how often one transfer is begun again on one link.
const maxTries = 5

// get fetches one file from the peer, from the byte that is held.
func (s *session) get(ctx context.Context, o *offered, f *inboundFile, key string) error {
	turn := s.turns.join(int(o.route.Urgency))
	defer turn.leave()
	if err := turn.wait(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	blobs := s.relay.cfg.Blobs
	var last error
	for try := 0; try < maxTries && !f.whole; {
		l, err := s.leafwise(ctx, o, f, key)
		var held int64
		if err == nil {
			held, err = blobs.Held(ctx, key)
		}
		if err == nil && uint64(held) < f.file.Size {
			var got int64
			if got, err = s.getFrom(ctx, turn, o, f, held, l); err == nil || got > held {
				continue
			}
		}
		if err == nil {
			err = s.finish(ctx, f, key, l)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case permanentHere(err):
			return err
		default:
			try++
			last = err
		}
	}
	if !f.whole {
		return fmt.Errorf("exchange: fetch file %s from %q: %w", f.file.Digest, s.peer, last)
	}
	return nil
}

// permanentHere reports whether to go on at once with a transfer is of no use.
func permanentHere(err error) bool {
	var why *refusal
	return errors.Is(err, ErrFull) || errors.As(err, &why)
}

// finish makes a fetched file a blob and gives the peer possession of it.
func (s *session) finish(ctx context.Context, f *inboundFile, key string, l *leafwise) error {
	err := s.relay.finishFile(ctx, f, key, l)
	if errors.Is(err, ErrConflict) {
		return refuse(ReasonDigestMismatch, "file %s: %v", f.file.Digest, err)
	}
	if err == nil {
		err = s.relay.received(ctx, s.peer, f)
	}
	if f.whole = err == nil; f.whole {
		f.done.notify()
	}
	return err
}

func (n *Node) finishFile(ctx context.Context, f *inboundFile, key string, l *leafwise) error {
	if l != nil {
		return l.finish(ctx)
	}
	return n.cfg.Blobs.Finish(ctx, key, f.file.Digest, int64(f.file.Size))
}

func (s *session) getFrom(ctx context.Context, turn *turn, o *offered, f *inboundFile, held int64, l *leafwise) (int64, error) {
	src, err := s.courier.Get(ctx, s.fileKey(o, f), held)
	if err != nil {
		return held, err
	}
	defer src.Close()
	key := o.partialKey(f.file.Digest)
	if rest := (turnReader{ctx, turn, io.LimitReader(src, int64(f.file.Size)-held)}); l != nil {
		err = l.append(ctx, held, rest)
	} else {
		_, err = s.relay.cfg.Blobs.Append(ctx, key, held, rest)
	}
	now, heldErr := s.relay.cfg.Blobs.Held(ctx, key)
	if err == nil && now < int64(f.file.Size) {
		err = io.ErrUnexpectedEOF
	}
	return now, errors.Join(err, heldErr)
}

func (s *session) fileKey(o *offered, f *inboundFile) FileKey {
	return FileKey{Letter: o.letter.Key, Recipient: o.recipients[0].Agency.ID, Digest: f.file.Digest}
}

// put sends the files that the peer, which this node dialled, asks for.
func (s *session) put(ctx context.Context, f NeedFiles) error {
	recipients := s.window.open(f.Letter)
	if s.courier == nil || len(recipients) == 0 {
		return fmt.Errorf("exchange: %q asks for files of letter %s, which is not offered to it by a link that this node dialled", s.peer, f.Letter.ID)
	}
	letter, err := s.relay.cfg.Store.Letter(ctx, f.Letter)
	if err != nil {
		return err
	}
	for _, digest := range f.Files {
		file, ok := letter.file(digest)
		if !ok {
			return fmt.Errorf("exchange: %q asks for file %s, which is not of letter %s", s.peer, digest, f.Letter.ID)
		}
		if err := s.putOne(ctx, int(letter.Urgency), FileKey{f.Letter, recipients[0], digest}, file); err != nil {
			return errors.Join(err, s.later(ctx, f.Letter, s.window.open(f.Letter), setback{reason: "TRANSFER", pause: 10 * minRetry}))
		}
	}
	return nil
}

func (s *session) putOne(ctx context.Context, class int, key FileKey, file LetterFile) error {
	turn := s.turns.join(class)
	defer turn.leave()
	if err := turn.wait(ctx); err != nil {
		return err
	}
	blob, err := s.relay.cfg.Blobs.Open(ctx, file.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	for range maxTries {
		if err = s.putLeaves(ctx, key, file); err != nil && ctx.Err() == nil {
			continue
		}
		if err = s.courier.Put(ctx, key, turnReaderAt{ctx, turn, blob}, int64(file.Size)); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (l *Letter) file(digest envelope.Digest) (LetterFile, bool) {
	for _, f := range l.Files {
		if f.Digest == digest {
			return f, true
		}
	}
	return LetterFile{}, false
}
