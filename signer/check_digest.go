package signer

import (
	"context"
	"crypto"
	_ "crypto/sha1" // to say of an old signature whether it is intact; the policy refuses SHA-1
	"crypto/sha256"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sort"
	"sync"

	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }

// startDigests hashes the file once: all signatures by one hash share the state up to
// their holes, since every sound range begins at byte 0. What is left for each is
// the end of its own revision. A large file is hashed while others look at its
// structure: of both, this is what takes long.
func (c *check) startDigests() *pass {
	p := &pass{running: map[crypto.Hash]hash.Hash{crypto.SHA256: sha256.New()}}
	for _, it := range c.items {
		if !it.sound {
			continue
		}
		it.hash = c.hashOf(it)
		if it.hash == 0 || !it.hash.Available() {
			continue
		}
		if _, ok := p.running[it.hash].(hash.Cloner); !ok {
			h := it.hash.New()
			if _, ok := h.(hash.Cloner); !ok {
				continue
			}
			p.running[it.hash] = h
		}
		p.waiting = append(p.waiting, it)
	}
	sort.SliceStable(p.waiting, func(i, j int) bool { return p.waiting[i].rng[1] < p.waiting[j].rng[1] })
	p.done = make(chan error, 1)
	if c.file.Size() > largeFile {
		go func() { p.done <- p.read(c.ctx, c.file.Source()) }()
	} else {
		p.done <- p.read(c.ctx, c.file.Source())
	}
	return p
}

// largeFile is how large a file is whose hash takes milliseconds.
const largeFile = 4 << 20

// digests waits for the hashes.
func (c *check) digests(p *pass) error {
	if err := <-p.done; err != nil {
		return err
	}
	c.report.SHA256 = hex.EncodeToString(p.running[crypto.SHA256].Sum(nil))
	return nil
}

// hashOf asks the signature value by which hash the document was digested.
func (c *check) hashOf(it *item) crypto.Hash {
	if it.sig.SubFilter == subFilterX509 && !it.timestamp {
		c.readBare(it)
		return it.hash
	}
	it.parseCMS(c.policy)
	if it.signed == nil {
		return 0
	}
	if it.timestamp {
		token, err := tsp.ParseToken(it.signed.Raw)
		if err != nil {
			return 0
		}
		it.token = token
		return token.Hash
	}
	if it.sig.SubFilter == subFilterSHA1 {
		return crypto.SHA1
	}
	if si := it.signed.Signer(); si != nil {
		return si.Hash
	}
	return 0
}

// pass is one reading of the file.
type pass struct {
	running map[crypto.Hash]hash.Hash
	waiting []*item // ranges whose hole is still ahead, nearest first
	active  []*tail
	done    chan error
}

// tail is a range whose hole has begun.
type tail struct {
	it *item
	h  hash.Hash
}

// chunkSize is how much of the file is read at a time.
const chunkSize = 128 << 10

var buffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

func (p *pass) read(ctx context.Context, src pdf.Source) error {
	buf := buffers.Get().(*[chunkSize]byte)
	defer buffers.Put(buf)
	for at := int64(0); at < src.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := src.ReadAt(buf[:min(int64(chunkSize), src.Size()-at)], at)
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read byte %d of %d: %w", at, src.Size(), err)
		}
		if err := p.chunk(buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
	}
	for _, t := range p.active {
		t.it.digest = t.h.Sum(nil)
	}
	return nil
}

// chunk takes in the bytes of the file from at on.
func (p *pass) chunk(b []byte, at int64) error {
	done := int64(0)
	for len(p.waiting) > 0 && p.waiting[0].rng[1] < at+int64(len(b)) {
		it := p.waiting[0]
		p.waiting = p.waiting[1:]
		upto := it.rng[1] - at
		p.feed(b[done:upto])
		done = upto
		clone, err := p.running[it.hash].(hash.Cloner).Clone()
		if err != nil {
			return fmt.Errorf("copy the state of %v: %w", it.hash, err)
		}
		p.active = append(p.active, &tail{it, clone})
	}
	p.feed(b[done:])
	kept := p.active[:0]
	for _, t := range p.active {
		from, to := max(t.it.rng[2], at), min(t.it.end, at+int64(len(b)))
		if from < to {
			t.h.Write(b[from-at : to-at])
		}
		if t.it.end <= at+int64(len(b)) {
			t.it.digest = t.h.Sum(nil)
			continue
		}
		kept = append(kept, t)
	}
	p.active = kept
	return nil
}

func (p *pass) feed(b []byte) {
	for _, h := range p.running {
		h.Write(b)
	}
}
