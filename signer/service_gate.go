package signer

import (
	"context"
	"crypto"
	"errors"
	"io"

	"lienthong/certs/keys"
)

// A gate is asked right before a key is used, and remembers why it was not.
type gate struct {
	service *Service
	entry   KeyEntry
	ctx     context.Context
	err     error
}

func (g *gate) failed() error {
	if g == nil {
		return nil
	}
	return g.err
}

type gated struct {
	keys.Key
	gate *gate
}

// Sign uses the key, unless it was suspended or closed since it was asked for.
func (k gated) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	g := k.gate
	if g.err = g.service.checkSuspended(g.ctx, g.entry.ID); g.err != nil {
		return nil, g.err
	}
	if g.err = g.service.checkTurn(g.ctx, g.entry); g.err != nil {
		return nil, g.err
	}
	if _, g.err = g.service.keyOf(g.entry); g.err != nil {
		return nil, g.err
	}
	value, err := k.Key.Sign(random, digest, opts)
	if err != nil {
		g.err = refusal(RefusedUnavailable, "key %q does not sign: %v", g.entry.ID, err)
		if errors.Is(err, keys.ErrTokenGone) {
			g.service.lost(g.entry, err)
		}
	}
	return value, err
}

// lost closes a key whose token is gone. One that a person opened has to be opened again.
func (s *Service) lost(entry KeyEntry, err error) {
	if entry.Open != nil {
		s.Deactivate(entry.ID)
		return
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if o := s.ring.open[entry.ID]; o != nil {
		_ = keys.Close(o.key)
	}
	s.ring.fail(entry.ID, err)
}
