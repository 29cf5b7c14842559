package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/spf13/cobra"

	"lienthong/server"
)

func (a *app) serveCommand() *cobra.Command {
	var path string
	var help bool
	c := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run a node (chạy nút liên thông)",
		Long: `Run a node until it is interrupted: it serves its clients and peers, keeps a link
to its parent, and relays. --help-config describes every key of the file.
Told to stop (SIGTERM, Ctrl-C), it takes no new calls and finishes those in progress; told
twice, it ends at once, and loses nothing that it has acknowledged.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if help {
				describeConfig(a.out)
				return nil
			}
			if path == "" {
				return fail(exitUsage, errors.New("no configuration"), "name it: --config FILE; its keys: lienthong serve --help-config",
					"to try things out: lienthong demo --keep")
			}
			cfg, err := loadConfig(path, a.env)
			if err != nil {
				return err
			}
			return a.serve(c.Context(), cfg)
		},
	}
	c.Flags().StringVar(&path, "config", "", "YAML file")
	c.Flags().BoolVar(&help, "help-config", false, "describe every key of the file, and stop")
	return c
}

// serve runs a node until ctx ends. What stops first stops the rest: a node that
// serves without relaying would look healthy and carry nothing.
func (a *app) serve(ctx context.Context, cfg *config) error {
	log, err := a.logger(cfg)
	if err != nil {
		return err
	}
	n, err := a.openNode(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer n.close()
	s, err := n.newServer(a, log)
	if err != nil {
		return err
	}
	l, err := server.Listen(cfg.Listen)
	if err != nil {
		return fail(exitUndecided, err, "another process has the address, or it is not of this machine: see listen in "+cfg.path)
	}
	if days, err := loadCalendar(cfg.Calendar); err == nil { // read when the node was opened
		warnCalendar(cfg.Calendar, days, a.now(), log)
	}
	log.Info("serving", "address", l.Addr().String(), "epoch", n.service.Directory().Epoch)
	return a.runNode(ctx, n, s, l, log)
}

func (a *app) runNode(ctx context.Context, n *node, s *server.Server, l net.Listener, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := n.ready(ctx, a.now)
	closeAdmin, err := n.startAdmin(ready, a.now, log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer closeAdmin()
	context.AfterFunc(ctx, func() { log.Info("stopping", "grace", n.cfg.Limits.Grace.String()) })
	var wg sync.WaitGroup
	parts := []func() error{
		func() error { return s.Serve(ctx, l, n.cfg.Limits.Grace) },
		func() error { return mirror(ctx, ready, s, log) },
		func() error { return n.relay.Run(ctx, n.dialer(a)) },
		func() error { return n.refresh(ctx, log) },
		func() error { return n.rotateOnSignal(ctx, a, log) },
		func() error { return n.sweep(ctx, a.now, log) },
		func() error { return n.scrub(ctx, a.now, log) },
	}
	door, err := n.openGateway(a.now, log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if door != nil {
		parts = append(parts, func() error { return door(ctx) })
	}
	errs := make(chan error, len(parts))
	for _, part := range parts {
		wg.Go(func() {
			defer cancel()
			errs <- part()
		})
	}
	wg.Wait()
	log.Info("stopped")
	close(errs)
	var all []error
	for err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

func (a *app) logger(cfg *config) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return nil, failf(exitUsage, "%s: log.level %q: want debug, info, warn or error", cfg.path, cfg.Log.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch cfg.Log.Format {
	case "json":
		return slog.New(slog.NewJSONHandler(a.err, options)).With("node", cfg.Node), nil
	case "text":
		return slog.New(slog.NewTextHandler(a.err, options)).With("node", cfg.Node), nil
	}
	return nil, fail(exitUsage, fmt.Errorf("%s: log.format %q: want json or text", cfg.path, cfg.Log.Format))
}
