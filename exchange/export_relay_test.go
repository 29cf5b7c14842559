package exchange

import (
	"context"
	"time"
)

// Patience changes for how long nothing may come of files that a peer is asked for, and the
// pause before a transfer is begun again.
func (r *Relay) Patience(quiet, try time.Duration) { r.putQuiet, r.tryPause = quiet, try }

// PutFiles gives a peer what it asks for of an offer, as a link would.
func (r *Relay) PutFiles(ctx context.Context, peer string, courier Courier, need NeedFiles, recipients ...string) error {
	s := r.session(peer, courier, courier)
	var keys []DeliveryKey
	for _, recipient := range recipients {
		keys = append(keys, DeliveryKey{need.Letter.Origin, need.Letter.ID, recipient})
	}
	s.window.add(keys)
	return s.put(ctx, need)
}
