package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"lienthong/envelope"
)

// offerPrefix begins the keys of partial files of offers, and so many letters of the peer's
// tag follow.
const (
	offerPrefix = "offer-"
	tagLength   = 16
)

// partialKey names the partial file of an offer. It stays the same over links and
// restarts, so that a transfer goes on at the byte that is held; and it says when the
// letter expires, so that the file goes then, whatever has become of the offer; and from
// which peer it is, for whom it counts until then.
func (o *offered) partialKey(file envelope.Digest) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", o.peer, o.letter.Digest, file)
	return offerPrefix + peerTag(o.peer) + hex.EncodeToString(h.Sum(nil))[tagLength:] + "-" + strconv.FormatInt(o.route.ExpiresAt, 10)
}

// PartialExpires tells when the offer of a partial file expires, in microseconds. ok is
// false where the key says nothing of it: of an upload, or of an earlier version.
func PartialExpires(key string) (expires int64, ok bool) {
	rest, is := strings.CutPrefix(key, offerPrefix)
	if _, last, more := strings.Cut(rest, "-"); is && more {
		expires, err := strconv.ParseInt(last, 10, 64)
		return expires, err == nil
	}
	return 0, false
}

// dropPartials removes what has come of the files of an offer that has ended: the letter
// was taken, with bytes that came another way, or never will be. What another link is
// writing this moment stays, and goes when the letter expires.
func (n *Node) dropPartials(ctx context.Context, o *offered, f Offer) {
	for i, file := range o.letter.Files {
		if len(f.Files[i].Data) > 0 || file.Size == 0 {
			continue // it came in the frame
		}
		if err := n.cfg.Blobs.Discard(ctx, o.partialKey(file.Digest)); err != nil && ctx.Err() == nil {
			n.cfg.Log.Warn("relay: remove a partial file", "peer", o.peer, "file", file.Digest.String(), "error", err)
		}
	}
}
