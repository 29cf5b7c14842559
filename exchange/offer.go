package exchange

import (
	"errors"
	"fmt"

	"lienthong/envelope"
)

// A refusal is why an offer is not taken.
type refusal struct {
	reason    string
	text      string
	permanent bool // it will never be taken: a Failed statement goes with it
	twice     bool // another letter is here under its id
	retry     uint32
	account   account // of a refusal for space: which has none
	need      usage   // and for how much
}

func (r *refusal) Error() string { return "exchange: offer refused: " + r.reason + ": " + r.text }

func refuse(reason, format string, args ...any) *refusal {
	return &refusal{reason: reason, text: fmt.Sprintf(format, args...), retry: 300}
}

func refuseForGood(reason, format string, args ...any) *refusal {
	return &refusal{reason: reason, text: fmt.Sprintf(format, args...), permanent: true}
}

// An offered is an offer that was read and whose signatures verify. Whoever holds
// one need not check again.
type offered struct {
	peer       string
	letter     *Letter
	route      envelope.Route
	content    envelope.Content
	recipients []envelope.Recipient // for which this node is to answer
	chain      []envelope.Sealed
	under      envelope.Digest     // last statement of the chain: the peer's own
	visited    []string            // nodes that the chain names
	behind     bool                // the peer's directory is newer
	again      bool                // the peer has taken the letter up before
	noRoom     map[string]*refusal // recipients for which there is no space
	seen       []int64             // when each statement of the chain was first seen by another node
}

// knownSchema is the schema of content that this version reads. Content of another
// one is forwarded as it is, and only its home node must understand it.
const knownSchema = 1

// readOffer checks all of an offer that does not need the store: sizes, digests,
// signatures, the chain. Before it returns nothing of the offer is believed.
func (n *Node) readOffer(peer string, o Offer) (*offered, error) {
	out, err := n.readLetter(peer, o)
	if err != nil {
		return out, err
	}
	return out, out.checkChain(n.Directory(), peer)
}

// readLetter is readOffer without the chain.
func (n *Node) readLetter(peer string, o Offer) (*offered, error) {
	dir := n.Directory()
	route, err := envelope.ParseRoute(o.Envelope)
	if err != nil {
		return nil, refuse(ReasonMalformed, "%v", err)
	}
	out := &offered{peer: peer, route: route, chain: o.Chain, behind: dir.behind(o.Epochs)}
	out.seen = seenTimes(o.Chain, n.now())
	if _, ok := dir.Node(route.OriginNode); !ok {
		return out, out.unknown(ReasonUnknownOrigin, "node %q is not in the directory here (%s)", route.OriginNode, dir.version())
	}
	if err := o.Envelope.Verify(dir.signers(route.OriginNode, route.Created, out.seen[0])...); err != nil {
		return out, out.unknown(ReasonBadSignature, "route of %q: %v", route.OriginNode, err)
	}
	// Also where the peer's directory is newer: its word for that is not signed, and a
	// node must not speak for an agency that is not its own. It asks again later.
	if !dir.speaksFor(route.OriginNode, route.OriginAgency.ID, route.Created, out.seen[0]) {
		return out, out.unknown(ReasonUnknownOrigin, "agency %q is not at home at node %q (%s)", route.OriginAgency.ID, route.OriginNode, dir.version())
	}
	if uint64(len(o.Content)) != route.ContentSize || envelope.Sum(o.Content) != route.ContentDigest {
		return out, refuse(ReasonDigestMismatch, "content of %d bytes is not the %d bytes that the route names", len(o.Content), route.ContentSize)
	}
	if route.Schema == knownSchema {
		if out.content, err = envelope.ParseContent(o.Content); err != nil {
			return out, refuse(ReasonMalformed, "%v", err)
		}
	}
	out.letter = &Letter{Key: LetterKey{route.OriginNode, route.ID}, Digest: o.Envelope.Digest(), Agency: route.OriginAgency.ID, Sealed: o.Envelope,
		Content: o.Content, From: peer, Received: n.now(), Urgency: route.Urgency, Expires: route.ExpiresAt}
	out.letter.Register, out.letter.Document = registerOf(&out.route, &out.content)
	if out.letter.Class, out.letter.Aging = classUnread, yearsFrom(out.letter.Received); route.Schema == knownSchema {
		out.letter.Class = classOf(&out.content.Metadata)
	}
	if len(o.Chain) > 0 {
		// A refusal names the statement under which the peer offers, however the chain fares.
		out.under = o.Chain[len(o.Chain)-1].Digest()
	}
	if err := out.checkRecipients(o.Recipients); err != nil {
		return out, err
	}
	if err := out.checkFiles(n, o.Files); err != nil {
		return out, err
	}
	return out, out.checkThread()
}

// seenTimes tells of each statement of a chain, and of the route before the first, when
// another node first saw it: when that node took the letter over, and now for the last.
func seenTimes(chain []envelope.Sealed, now int64) []int64 {
	out := make([]int64, max(len(chain), 1))
	for i := range out {
		out[i] = now
		if i+1 < len(chain) {
			if st, err := envelope.ParseStatement(chain[i+1]); err == nil {
				out[i] = st.Time
			}
		}
	}
	return out
}

// unknown refuses what does not agree with the directory here. Where the peer's is newer
// this one is on its way, and the peer is to come again soon.
func (o *offered) unknown(reason, format string, args ...any) *refusal {
	r := refuse(reason, format, args...)
	if o.behind {
		r.retry = 5
	}
	return r
}

func (o *offered) checkRecipients(asked []string) error {
	if len(asked) == 0 || len(asked) > len(o.route.Recipients) {
		return refuse(ReasonMalformed, "offer for %d recipients, the route has %d", len(asked), len(o.route.Recipients))
	}
	all := make(map[string]envelope.Recipient, len(o.route.Recipients))
	for _, r := range o.route.Recipients {
		all[r.Agency.ID] = r
	}
	recipients := make([]envelope.Recipient, 0, len(asked))
	for _, id := range asked {
		r, ok := all[id]
		if !ok {
			return refuse(ReasonMalformed, "recipient %.80q is not in the route, or stands twice in the offer", id)
		}
		delete(all, id)
		recipients = append(recipients, r)
	}
	o.recipients = recipients
	return nil
}

// checkFiles compares the files that the frame names with those that the content,
// and through it the origin's signature, names.
func (o *offered) checkFiles(n *Node, files []OfferedFile) error {
	if len(files) == 0 && o.route.FilesSize > 0 || len(files) > envelope.MaxFiles || o.route.Schema == knownSchema && len(files) != len(o.content.Files) {
		return refuse(ReasonMalformed, "offer of %d files, the content names %d", len(files), len(o.content.Files))
	}
	var sum uint64
	for i, got := range files {
		if o.route.Schema == knownSchema {
			if f := o.content.Files[i]; got.Digest != f.SHA256 || got.Size != f.Size || got.LeafRoot != f.LeafRoot {
				return refuse(ReasonDigestMismatch, "file %d of the offer is %s of %d bytes, the content names %s of %d", i, got.Digest, got.Size, f.SHA256, f.Size)
			}
		}
		if got.Size > uint64(n.cfg.MaxFile) || sum+got.Size > uint64(n.cfg.MaxLetter) {
			return refuseForGood(ReasonTooLarge, "file %s has %d bytes, this node takes %d in one file and %d in a letter", got.Digest, got.Size, n.cfg.MaxFile, n.cfg.MaxLetter)
		}
		sum += got.Size
		if len(got.Data) > 0 {
			if envelope.Sum(got.Data) != got.Digest || envelope.LeafRootOf(got.Data) != got.LeafRoot {
				return refuse(ReasonDigestMismatch, "bytes of file %s have another digest", got.Digest)
			}
		}
		o.letter.Files = append(o.letter.Files, LetterFile{got.Digest, got.Size, got.LeafRoot})
	}
	if sum != o.route.FilesSize {
		return refuse(ReasonMalformed, "files have %d bytes, the route names %d", sum, o.route.FilesSize)
	}
	return nil
}

// checkChain follows the custody from the origin to the peer: each statement is
// about this envelope, signed by its issuer, and names the one before.
func (o *offered) checkChain(dir *Directory, peer string) error {
	if len(o.chain) == 0 {
		return refuse(ReasonBadChain, "the chain is empty, want the origin's statement first")
	}
	if len(o.chain) > HopLimit {
		return refuseForGood(ReasonHopLimit, "the chain names %d hops, at most %d", len(o.chain), HopLimit)
	}
	var previous envelope.Digest
	for i, sealed := range o.chain {
		st, err := dir.verifyStatement(sealed, o.seen[i])
		if err != nil {
			return o.unknown(ReasonBadChain, "statement %d of the chain: %v", i, err)
		}
		want := envelope.Custody
		if i == 0 {
			want = envelope.Submitted
		}
		switch {
		case st.Envelope != o.letter.Digest || st.Previous != previous || st.Kind != want:
			return refuse(ReasonBadChain, "statement %d of the chain is %s of %q under %s, want %s under %s", i, st.Kind, st.Issuer, st.Previous, want, previous)
		case i == 0 && st.Issuer != o.route.OriginNode:
			return refuse(ReasonBadChain, "the chain begins with %q, want the origin %q", st.Issuer, o.route.OriginNode)
		}
		previous = sealed.Digest()
		o.visited = append(o.visited, st.Issuer)
		o.again = st.Sequence > 1
	}
	if last := o.visited[len(o.visited)-1]; last != peer {
		return refuse(ReasonBadChain, "the chain ends with %q, but %q offers", last, peer)
	}
	return nil
}

// asRefusal makes every error of taking an offer an answer to the peer: what is not
// a refusal is this node's own trouble, and passes.
func asRefusal(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, ErrFull):
		return &refusal{reason: ReasonSpace, text: "a write here met a full disk: make space there, or wait", retry: fullRetry}
	}
	return &refusal{reason: ReasonBusy, text: "this node could not take it now", retry: 10}
}
