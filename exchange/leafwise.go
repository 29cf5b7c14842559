package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
)

// A fetchAgain fetches one leaf of a file once more from the peer.
type fetchAgain func(offset, length int64) ([]byte, error)

// leafwise takes a file whose leaf hashes are known: only a leaf that is wrong is fetched
// again, whether the peer, the line or the disk here has spoilt it.
type leafwise struct {
	node  *Node
	peer  string
	key   string // of the partial file
	file  LetterFile
	hash  []envelope.Digest
	again fetchAgain
}

// append adds what src gives to the held bytes of the partial file.
func (l *leafwise) append(ctx context.Context, held int64, src io.Reader) error {
	blobs := l.node.cfg.Blobs
	begun := make([]byte, held%envelope.LeafSize)
	if len(begun) > 0 {
		if err := blobs.ReadPartial(ctx, l.key, begun, held-int64(len(begun))); err != nil {
			return err
		}
	}
	c := newLeafCheck(src, int64(l.file.Size), held, begun, l.hash)
	c.again, c.wrong = l.again, func(offset int64) { l.warn("a leaf of a file came wrong", offset) }
	for {
		var bad *badStart
		_, err := blobs.Append(ctx, l.key, held, c)
		if !errors.As(err, &bad) {
			return err
		}
		// Only the first leaf has a start that was held before: nothing was added since.
		if err := blobs.Mend(ctx, l.key, bad.data[:bad.old], bad.start); err != nil {
			return err
		}
		c.next(bad.data)
	}
}

func (l *leafwise) warn(what string, offset int64) {
	l.node.cfg.Log.Warn("relay: "+what+", it is fetched again", "peer", l.peer, "file", l.file.Digest.String(), "byte", offset)
}

// recheck looks at what an earlier link has left: whole leaves from the end on until one
// is right. A power cut may have kept the length of what was written last, and not the
// bytes.
func (l *leafwise) recheck(ctx context.Context, held int64) error {
	last := held / envelope.LeafSize
	if uint64(held) == l.file.Size {
		last = int64(len(l.hash))
	}
	for i := last - 1; i >= 0; i-- {
		mended, err := l.checkLeaf(ctx, i)
		if err != nil || !mended {
			return err
		}
	}
	return nil
}

// checkLeaf reads a leaf that is held, and writes it anew if it is wrong.
func (l *leafwise) checkLeaf(ctx context.Context, i int64) (mended bool, err error) {
	start := i * envelope.LeafSize
	data := make([]byte, min(envelope.LeafSize, int64(l.file.Size)-start))
	if err := l.node.cfg.Blobs.ReadPartial(ctx, l.key, data, start); err != nil {
		return false, err
	}
	if envelope.LeafHash(data) == l.hash[i] {
		return false, nil
	}
	l.warn("a leaf of a partial file is wrong on the disk of this node", start)
	if data, err = fetchLeaf(l.hash[i], start, int64(len(data)), l.again); err != nil {
		return false, err
	}
	return true, l.node.cfg.Blobs.Mend(ctx, l.key, data, start)
}

// finish makes the partial file a blob. Where its digest is wrong the leaves that the disk
// has spoilt since they came are fetched again; where there is none the digest that was
// signed is not that of the bytes that were signed, and the file is refused.
func (l *leafwise) finish(ctx context.Context) error {
	blobs := l.node.cfg.Blobs
	err := blobs.Complete(ctx, l.key, l.file.Digest, int64(l.file.Size))
	if !errors.Is(err, ErrConflict) {
		return err
	}
	spoilt := 0
	for i := range l.hash {
		mended, err := l.checkLeaf(ctx, int64(i))
		if err != nil {
			return err
		}
		if mended {
			spoilt++
		}
	}
	if spoilt > 0 {
		err = blobs.Complete(ctx, l.key, l.file.Digest, int64(l.file.Size))
	}
	if errors.Is(err, ErrConflict) {
		return errors.Join(fmt.Errorf("%d leaves were wrong on disk: %w", spoilt, err), blobs.Discard(ctx, l.key))
	}
	return err
}
