package exchange

import (
	"context"
	"log/slog"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
)

// NewFetchCache keeps in a store what was fetched from authorities, so that a restart
// does not ask all of them again. What comes out is judged as if it came from the
// network: signature, issuer, freshness. Failures of the store are logged, and cost a
// request.
func NewFetchCache(store Store, log *slog.Logger) certs.Cache {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &fetchCache{store, log}
}

type fetchCache struct {
	store Store
	log   *slog.Logger
}

// Load implements [certs.Cache].
func (c *fetchCache) Load(ctx context.Context, key string) ([]byte, time.Time, bool) {
	row, err := c.store.Fetched(ctx, envelope.Sum([]byte(key)))
	if err != nil {
		return nil, time.Time{}, false // mostly: nothing is there
	}
	return row.Data, time.UnixMicro(row.At), true
}

// Store implements [certs.Cache].
func (c *fetchCache) Store(ctx context.Context, key string, data []byte, fetched, due time.Time) {
	if due.IsZero() {
		due = fetched
	}
	row := Fetched{Key: envelope.Sum([]byte(key)), Data: data, At: fetched.UnixMicro(), Due: due.UnixMicro()}
	if err := c.store.PutFetched(context.WithoutCancel(ctx), row); err != nil {
		c.log.Warn("fetched: not kept", "what", key, "error", err)
	}
}
