package exchange

import (
	"sync"

	"lienthong/envelope"
)

// Bounds of what waits to be sent to a peer, offers not counted. 64 offers of the most
// recipients that this version puts in one are answered with less.
const (
	maxAnswers     = 4096      // frames
	maxAnswerBytes = 128 << 20 // bytes
)

// answers are the frames that go before all offers.
type answers struct {
	mu     sync.Mutex
	frames []Frame
	bytes  int64
	wake   chan struct{} // holds one token: there are answers
}

// add queues a frame, and tells whether the peer reads what it is answered.
func (a *answers) add(frame Frame) bool {
	a.mu.Lock()
	a.frames = append(a.frames, frame)
	a.bytes += size(frame)
	fits := len(a.frames) <= maxAnswers && a.bytes <= maxAnswerBytes
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return fits
}

// next is the oldest frame, nil where there is none.
func (a *answers) next() Frame {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.frames) == 0 {
		return nil
	}
	frame := a.frames[0]
	a.frames[0] = nil
	a.frames = a.frames[1:]
	a.bytes -= size(frame)
	return frame
}

// size is about how many bytes of memory an answer holds.
func size(frame Frame) int64 {
	const floor = 256
	n := floor
	switch f := frame.(type) {
	case Accepted:
		n += receiptsSize(f.Custody)
	case Refused:
		n += receiptsSize(f.Failed) + textSize(f.Recipients)
	case Statements:
		n += receiptsSize(f.Statements)
	case Stored:
		n += 32 * len(f.Digests)
	case NeedFiles:
		n += 32 * len(f.Files)
	}
	return int64(n)
}

// maxReceipts bounds the receipts of one frame, in bytes: half of what a frame may have. Each
// is what its issuer made of it, up to 200 KiB.
const maxReceipts = 4 << 20

// parts cuts receipts into what goes in one frame each.
func parts(list []envelope.Receipt) (out [][]envelope.Receipt) {
	from, bytes := 0, 0
	for i := range list {
		n := receiptsSize(list[i : i+1])
		if i > from && bytes+n > maxReceipts {
			out, from, bytes = append(out, list[from:i]), i, 0
		}
		bytes += n
	}
	if from < len(list) {
		out = append(out, list[from:])
	}
	return out
}

func receiptsSize(list []envelope.Receipt) int {
	n := 0
	for _, r := range list {
		n += sealedSize(r.Statement)
		if r.Proof != nil {
			n += len(r.Proof.Leaf) + 32*len(r.Proof.Path) + sealedSize(r.Proof.Checkpoint)
		}
	}
	return n
}

// sealedSize counts signatures too, of which a stranger sends what the limits allow.
func sealedSize(s envelope.Sealed) int {
	n := 128 + len(s.Payload)
	for _, sig := range s.Signatures {
		n += 64 + len(sig.KeyID) + len(sig.Sig)
	}
	return n
}

func textSize(list []string) int {
	n := 0
	for _, s := range list {
		n += 16 + len(s)
	}
	return n
}
