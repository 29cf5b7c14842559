package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"lienthong/envelope"
)

// What a broken transfer leaves here stays for who goes on with it, and counts for who
// sent it: partial files of a peer's letters for the peer, those of uploads for the agency,
// and files that came whole, of a letter that did not, for the peer for a day. While an
// offer is being taken its promise counts its files, and they are not counted here.
//
// What is on disk is read with each look, so that it counts after a restart too, and the
// key of a partial file says whose it is. Whole files have rows, and are read once.
type unfinished struct {
	files   map[string]leftover // by key
	sums    holdings
	busy    map[string]int   // keys of what is being taken
	whole   map[string]int64 // sizes of busy files that have come whole
	pressed map[account]bool // was refused something while it had unfinished files
	uploads map[string]string
	read    bool // what was whole before the process began
}

// A leftover is one file that nobody goes on with at the moment.
type leftover struct {
	account account
	bytes   int64
	since   int64 // when it was last gone on with, or first seen by this process
	noted   int64 // a look that began before this knows less
	whole   bool
}

// Bounds of what is unfinished.
const (
	maxUnfinished = 256                 // files of one peer or agency, with those that are being taken
	idleLife      = 3600 * 1_000_000    // a peer's file that nobody goes on with makes room then, in microseconds
	wholeLife     = 24 * 3600 * 1000000 // whole files of no letter are swept after it, in microseconds
)

func (u *unfinished) begin() {
	*u = unfinished{files: map[string]leftover{}, sums: holdings{}, busy: map[string]int{}, whole: map[string]int64{}, pressed: map[account]bool{}, uploads: map[string]string{}}
}

// set notes a file; one of no account is not counted.
func (u *unfinished) set(key string, f leftover) {
	u.drop(key)
	if f.account.kind == 0 || f.bytes == 0 {
		return
	}
	u.files[key] = f
	u.sums.add(f.account, usage{bytes: f.bytes, files: 1})
}

func (u *unfinished) drop(key string) {
	if f, ok := u.files[key]; ok {
		delete(u.files, key)
		u.sums.add(f.account, usage{bytes: -f.bytes, files: -1})
	}
}

// take begins to count files by a promise. It gives what was counted of them before.
func (u *unfinished) take(keys []string) map[string]leftover {
	out := map[string]leftover{}
	for _, key := range keys {
		if f, ok := u.files[key]; ok {
			if out[key] = f; f.whole {
				u.whole[key] = f.bytes
			}
		}
		u.drop(key)
		u.busy[key]++
	}
	return out
}

// untake is what take was not done for.
func (u *unfinished) untake(keys []string, was map[string]leftover) {
	for _, key := range keys {
		if u.release(key) {
			u.set(key, was[key])
			delete(u.whole, key)
		}
	}
}

// release reports whether nobody takes a file any more.
func (u *unfinished) release(key string) bool {
	u.busy[key]--
	if u.busy[key] > 0 {
		return false
	}
	delete(u.busy, key)
	return true
}

// A larger is a file that comes by a transfer.
type larger struct {
	key   string // of the partial file
	whole string // of the file once it is whole; empty: of an upload
}

// largerFiles are those of an offer that did not come in its frame.
func (o *offered) largerFiles(f Offer) (out []larger) {
	for i, file := range o.letter.Files {
		if len(f.Files[i].Data) == 0 && file.Size > 0 {
			out = append(out, larger{o.partialKey(file.Digest), wholeKey(o.peer, file.Digest)})
		}
	}
	return out
}

func keysOf(files []larger) (out []string) {
	for _, f := range files {
		if out = append(out, f.key); f.whole != "" {
			out = append(out, f.whole)
		}
	}
	return out
}

// wholeKey names a file of a peer that has come whole.
func wholeKey(peer string, file envelope.Digest) string {
	return PeerHolder(peer) + " " + file.String()
}

// peerTag begins the digest in the keys of a peer's partial files.
func peerTag(peer string) string {
	sum := sha256.Sum256([]byte("peer\n" + peer))
	return hex.EncodeToString(sum[:8])
}

// cameWhole notes that a file that is being taken is whole.
func (n *Node) cameWhole(peer string, file LetterFile) {
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	if key := wholeKey(peer, file.Digest); n.space.unfinished.busy[key] > 0 {
		n.space.unfinished.whole[key] = int64(file.Size)
	}
}

// finish ends a promise. Where it was not kept, what has come counts on.
func (p *promise) finish(ctx context.Context, kept bool) {
	if p == nil {
		return
	}
	if kept || len(p.larger) == 0 {
		p.end(kept)
		return
	}
	p.left = make(map[string]int64, len(p.larger))
	for _, f := range p.larger {
		held, err := p.node.cfg.Blobs.Held(context.WithoutCancel(ctx), f.key)
		if err == nil { // else the next look tells
			p.left[f.key] = held
		}
	}
	p.end(false)
}

// settle counts what a promise leaves. The caller has the lock.
func (p *promise) settle(kept bool) {
	u, now := &p.node.space.unfinished, p.node.now()
	for _, f := range p.larger {
		if u.release(f.key) && !kept {
			u.set(f.key, leftover{account: p.whose, bytes: p.left[f.key], since: now, noted: now})
		}
		if f.whole == "" || !u.release(f.whole) {
			continue
		}
		if !kept {
			u.set(f.whole, leftover{account: p.whose, bytes: u.whole[f.whole], since: now, noted: now, whole: true})
		}
		delete(u.whole, f.whole)
	}
}

// overFiles reports whether so many files more are too many that are unfinished. The
// caller has the lock.
func (n *Node) overFiles(a account, u usage) bool {
	held := n.space.held(a).files
	return u.files > 0 && held > 0 && held+u.files > maxUnfinished
}

// tooMany refuses so many files. The caller has the lock.
func (n *Node) tooMany(a account, u usage) *refusal {
	out := &refusal{account: a, need: u, retry: spaceRetry, reason: quotaReasons[a.kind]}
	out.text = fmt.Sprintf("node %q has %d unfinished files of %s; at most %d are kept, and these are %d more: go on with those that have begun, or wait until they are given up",
		n.cfg.ID, n.space.held(a).files, a, maxUnfinished, u.files)
	return out
}

// admitUpload sets space aside in the account of its agency for an upload that holds so
// many bytes and goes on.
func (n *Node) admitUpload(ctx context.Context, up Upload, held int64) (*promise, error) {
	if err := n.seen(ctx); err != nil {
		return nil, storeError(err)
	}
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	a, file := account{quotaAgency, up.Agency}, []larger{{key: up.Partial()}}
	want := usage{bytes: max(held, int64(min(up.Size, 1<<60))), files: 1}
	was := n.space.unfinished.take(keysOf(file))
	if why := n.refuseAt(a, want, len(was) > 0); why != nil {
		n.space.unfinished.untake(keysOf(file), was)
		return nil, why.error()
	}
	n.space.pending.add(a, want)
	return &promise{node: n, what: holdings{a: want}, larger: file, whose: a}, nil
}
