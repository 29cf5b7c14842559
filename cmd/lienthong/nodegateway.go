package main

import (
	"context"
	"log/slog"
	"time"

	httpdoor "lienthong/gateway"
)

// openGateway opens the door for programs of the national document axis, if there is to be
// one: what it gives serves it until ctx ends.
func (n *node) openGateway(now func() time.Time, log *slog.Logger) (serve func(ctx context.Context) error, err error) {
	if n.cfg.Gateway.Listen == "" {
		return nil, nil
	}
	options := httpdoor.Options{Service: n.service, Desk: n.desk, Current: n.certificate.Load, Now: now, Log: log,
		MaxCalls: n.cfg.Gateway.Calls, Rate: n.cfg.Gateway.Rate}
	if n.cfg.Gateway.Certificate != "" {
		pair, err := loadKeyPair(n.cfg.Gateway.Certificate, n.cfg.Gateway.Key)
		if err != nil {
			return nil, err
		}
		n.door.Store(&pair)
		options.Current = n.door.Load
	}
	if n.metrics != nil {
		options.Refused, options.Called = n.metrics.Refused, n.metrics.AxisCalled
	}
	door, err := httpdoor.New(options)
	if err != nil {
		return nil, err
	}
	l, err := httpdoor.Listen(n.cfg.Gateway.Listen)
	if err != nil {
		return nil, fail(exitUndecided, err, "another process has the address, or it is not of this machine: see gateway.listen in "+n.cfg.path)
	}
	log.Info("gateway", "address", l.Addr().String())
	return func(ctx context.Context) error { return door.Serve(ctx, l, n.cfg.Limits.Grace) }, nil
}
