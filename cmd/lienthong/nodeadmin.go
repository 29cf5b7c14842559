package main

import (
	"context"
	"log/slog"
	"time"

	"lienthong/admin"
	"lienthong/exchange"
	"lienthong/server"
)

// startAdmin opens the door for who operates the node, if it is to have one. The node is
// not ready from the moment at which it is told to stop; stop closes the door, last.
func (n *node) startAdmin(ready *admin.Ready, now func() time.Time, log *slog.Logger) (stop func(), err error) {
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
	s := &admin.Server{Metrics: n.metrics, Log: log, Ready: ready}
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

// ready is what says whether the node can do its work, over HTTP and by gRPC.
func (n *node) ready(stopping context.Context, now func() time.Time) *admin.Ready {
	return &admin.Ready{Store: n.store, Blobs: n.blobs, Stopping: stopping, Writing: n.service.Writing,
		Directory: n.service.Directory, Binding: n.service.Binding, Accounts: n.service.Accounts, Now: now, MinFree: uint64(n.cfg.Admin.MinFree)}
}

// healthPause is how old what gRPC's health service says may be.
const healthPause = 3 * time.Second

// mirror has the health service say what /readyz says, until ctx ends.
func mirror(ctx context.Context, ready *admin.Ready, s *server.Server, log *slog.Logger) error {
	ready.Mirror(ctx, healthPause, func(serving bool, text string) {
		s.SetServing(serving)
		if !serving {
			log.Warn("not ready", "checks", text)
			return
		}
		log.Info("ready")
	})
	<-ctx.Done()
	return nil
}
