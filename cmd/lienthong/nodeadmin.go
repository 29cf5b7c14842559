package main

import (
	"context"
	"log/slog"
	"time"

	"lienthong/admin"
	"lienthong/exchange"
)

// startAdmin opens the door for who operates the node, if it is to have one. The node is
// not ready from the moment at which stopping ends; stop closes the door, last.
func (n *node) startAdmin(stopping context.Context, now func() time.Time, log *slog.Logger) (stop func(), err error) {
	if n.metrics == nil {
		return func() {}, nil
	}
	l, err := admin.Listen(n.cfg.Admin.Listen, n.cfg.Admin.Remote)
	if err != nil {
		return nil, fail(exitUndecided, err, "another process has the address, or it is not of this machine: see admin.listen in "+n.cfg.path)
	}
	n.metrics.Watch(admin.Source{Store: n.store, Blobs: n.blobs, Accounts: n.service.Accounts, Connected: n.relay.Connected, Now: now, Log: log,
		Peers: func() []string { return n.service.Directory().Neighbours(n.cfg.Node) },
		Epoch: func() uint64 { return n.service.Directory().Epoch }, Zones: func() []exchange.ZoneInfo { return n.service.Directory().Zones() },
		Binding: n.service.Binding})
	s := &admin.Server{Metrics: n.metrics, Log: log, Ready: &admin.Ready{Store: n.store, Blobs: n.blobs, Stopping: stopping,
		Directory: n.service.Directory, Binding: n.service.Binding, Accounts: n.service.Accounts, Now: now, MinFree: uint64(n.cfg.Admin.MinFree)}}
	log.Info("admin", "address", l.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(ctx, l); err != nil {
			log.Error("admin", "error", err) // letters are carried all the same
		}
	}()
	return func() { cancel(); <-done }, nil
}
