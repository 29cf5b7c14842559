package exchange_test

import (
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// chunks is what a link of the test moves, in the order in which it does. The transfers
// of normal letters stand in their first chunk until the urgent one has moved its first.
type chunks struct {
	mu     sync.Mutex
	normal map[envelope.Digest]bool
	begun  map[envelope.Digest]bool
	order  []envelope.Digest
	all    chan struct{} // closed when all of the normal ones have begun
	urgent chan struct{} // closed when the urgent one has
}

// move counts a chunk before it is read.
func (c *chunks) move(file envelope.Digest) {
	c.mu.Lock()
	c.order = append(c.order, file)
	first := !c.begun[file]
	c.begun[file] = true
	stand := first && c.normal[file]
	switch {
	case first && !c.normal[file]:
		close(c.urgent)
	case stand && len(c.begun) == len(c.normal):
		close(c.all)
	}
	c.mu.Unlock()
	if stand {
		<-c.urgent
	}
}

type chunkReader struct {
	c    *chunks
	file envelope.Digest
	io.Reader
}

func (r chunkReader) Read(p []byte) (int, error) {
	r.c.move(r.file)
	return r.Reader.Read(p[:min(len(p), 64<<10)])
}

type chunkCourier struct {
	*courier
	c *chunks
}

func (c *chunkCourier) Put(ctx context.Context, file exchange.FileKey, src io.ReaderAt, size int64) error {
	offset, err := c.other.relay.PutOffset(ctx, c.from, file)
	if err != nil {
		return err
	}
	_, done, err := c.other.relay.PutAppend(ctx, c.from, file, offset, &movedAt{c.c, file.Digest, src, offset, size})
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// movedAt reads what is put: as the gRPC client does, it asks for a chunk of the file, and
// then it moves.
type movedAt struct {
	c    *chunks
	file envelope.Digest
	src  io.ReaderAt
	at   int64
	size int64
}

func (r *movedAt) Read(p []byte) (int, error) {
	n, err := r.src.ReadAt(p[:min(int64(len(p)), 64<<10, r.size-r.at)], r.at)
	if n > 0 {
		r.c.move(r.file)
		r.at += int64(n)
		return n, nil
	}
	return n, err
}

func (c *chunkCourier) Get(ctx context.Context, file exchange.FileKey, offset int64) (io.ReadCloser, error) {
	src, err := c.courier.Get(ctx, file, offset)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{chunkReader{c.c, file.Digest, src}, src}, nil
}

// A flash letter (hỏa tốc) that comes while four normal ones are on their way has its file
// moved first: the others stand at their byte, and go on from it.
func TestUrgentFileSuspendsOthers(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, tt := range []struct{ name, from, at, to string }{
		{"up, put", "xa", "ward", "so"},
		{"down, got", "so", "district", "xa"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"xa", "ward"}, agencySpec{"so", "district"})
			c := &chunks{normal: map[envelope.Digest]bool{}, begun: map[envelope.Digest]bool{}, all: make(chan struct{}), urgent: make(chan struct{})}
			w.mu.Lock()
			w.courier = func(with *courier) exchange.Courier { return &chunkCourier{with, c} }
			w.mu.Unlock()
			n := w.node(tt.at)
			send := func(seed byte, urgency envelope.Urgency) *exchange.Document {
				annex := make([]byte, size)
				rand.NewChaCha8([32]byte{seed}).Read(annex)
				digest := n.upload(tt.from, annex)
				c.mu.Lock()
				if urgency == envelope.UrgencyNormal {
					c.normal[digest] = true
				}
				c.mu.Unlock()
				req := letter(t, tt.from, tt.to)
				req.Urgency = urgency
				req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: digest, Name: "phụ lục.bin"})
				return n.send(req)
			}
			w.setDown("ward", "district", true)
			docs := []*exchange.Document{send(1, 1), send(2, 1), send(3, 1), send(4, 1)}
			w.setDown("ward", "district", false)
			<-c.all
			docs = append(docs, send(5, envelope.UrgencyFlash))
			for _, doc := range docs {
				n.eventually("delivered", n.delivered(doc.Letter.Key, tt.to))
			}
			c.check(t, size/(64<<10))
		})
	}
}

// check holds the order in which chunks moved against what urgency asks for.
func (c *chunks) check(t *testing.T, each int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	moved, urgent := map[envelope.Digest]int{}, 0
	for _, file := range c.order {
		moved[file]++
		if !c.normal[file] {
			urgent++
		} else if urgent > 0 && urgent < each {
			t.Errorf("chunk %d of a normal file moved after chunk %d of %d of the urgent one", moved[file], urgent, each)
		}
	}
	for file, n := range moved {
		if n != each {
			t.Errorf("file %s moved in %d chunks, want %d: none twice", file, n, each)
		}
	}
	if len(moved) != 5 {
		t.Errorf("%d files moved, want 5", len(moved))
	}
}
