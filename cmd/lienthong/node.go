package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"lienthong/admin"
	"lienthong/certs"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/journal"
	"lienthong/server"
	"lienthong/signer"
	"lienthong/signer/tsp"
	"lienthong/store"
	"lienthong/tracing"
)

// A node is all parts of a running node, wired.
type node struct {
	cfg         *config
	certificate atomic.Pointer[tls.Certificate] // in use: see rotate
	door        atomic.Pointer[tls.Certificate] // of the gateway, where it has one of its own
	store       exchange.Store
	blobs       exchange.Blobs
	evidence    *certs.Evidence
	service     *exchange.Service
	relay       *exchange.Relay
	metrics     *admin.Metrics  // nil: nobody can ask for them
	tracer      *tracing.Tracer // nil: nobody is told
	desk        *axis.Desk      // for messages of the national axis, by whichever door
}

// openNode opens the store and wires a node over it. It takes the directory file
// of the configuration if it is newer than what the store has.
func (a *app) openNode(ctx context.Context, cfg *config, log *slog.Logger) (_ *node, err error) {
	if err := a.offsetClock(cfg, log); err != nil {
		return nil, err
	}
	n := &node{cfg: cfg}
	pair, err := cfg.identity()
	if err != nil {
		return nil, err
	}
	n.certificate.Store(&pair)
	parts, err := a.nodeParts(cfg, pair, log)
	if err != nil {
		return nil, err
	}
	n.evidence = parts.Signing.Evidence
	if parts.Store, parts.Blobs, err = store.Open(ctx, cfg.Store); err != nil {
		return nil, fail(exitUndecided, err, "sqlite: if the node is running, it has the store to itself, stop it first",
			"postgres: the server must be running, and its user may create tables in the schema")
	}
	n.store, n.blobs = parts.Store, parts.Blobs
	if cfg.Traces.Endpoint != "" {
		if n.tracer, err = tracing.New(ctx, cfg.Node, cfg.Traces.Endpoint, log); err != nil {
			return nil, fail(exitUsage, errors.Join(err, n.store.Close()), "traces.otlp_endpoint in "+cfg.path)
		}
		parts.Trace = n.tracer
	}
	if cfg.Admin.Listen != "" {
		n.metrics = admin.NewMetrics(cfg.Node)
		parts.Observe = n.metrics
	}
	defer func() {
		if err != nil {
			n.store.Close()
		}
	}()
	core, err := exchange.NewNode(parts)
	if err != nil {
		return nil, err
	}
	n.service, n.relay = exchange.NewService(core), exchange.NewRelay(core)
	if err := n.importDirectory(ctx); err != nil {
		return nil, err
	}
	parts.Signing.Journal = core
	if parts.Signing.RequireNumber, err = agenciesOf(cfg, "order.require_number", cfg.Order.RequireNumber, core.Directory()); err != nil {
		return nil, err
	}
	if parts.Signing.SealUnsigned, err = agenciesOf(cfg, "order.seal_unsigned", cfg.Order.SealUnsigned, core.Directory()); err != nil {
		return nil, err
	}
	if err := checkSendDelay(cfg, core.Directory()); err != nil {
		return nil, err
	}
	parts.Signing.Bind = func(c *x509.Certificate, at time.Time) (signer.Binding, bool) { return core.Directory().Bind(c, at) }
	if n.evidence.Fetcher != nil {
		n.evidence.Fetcher.Cache = exchange.NewFetchCache(n.store, log)
	}
	if err := openKeys(cfg, core.Directory(), a.now(), parts.Signing, log); err != nil {
		return nil, err
	}
	return n, nil
}

// nodeParts makes all of a node that needs no store.
func (a *app) nodeParts(cfg *config, certificate tls.Certificate, log *slog.Logger) (exchange.Config, error) {
	own, err := nodeSigner(certificate)
	if err != nil {
		return exchange.Config{}, failf(exitUsage, "%s: %v", cfg.TLS.Key, err)
	}
	authorities, err := loadAll(cfg.Directory.Authority)
	if err != nil {
		return exchange.Config{}, err
	}
	trust, evidence, err := loadTrust(cfg.Trust.Anchors, cfg.Trust.CRLs, cfg.Trust.CRLHosts)
	if err != nil {
		return exchange.Config{}, err
	}
	signing := &signer.Service{Trust: trust, Evidence: evidence, Now: a.now, Repair: cfg.Repair, KeyLife: cfg.Signing.KeyLife,
		AllowUnknownRevocation: cfg.Signing.Revocation == "warn",
		Dynamic:                func(string) signer.DynamicPolicy { return signer.DynamicPolicy(cfg.Signing.Dynamic) }}
	a.nodeAuthorities(cfg, signing)
	child, err := newApart(cfg, evidence)
	if err != nil {
		return exchange.Config{}, err
	}
	check, err := newSecondOpinion(cfg.CrossCheck)
	if err != nil {
		return exchange.Config{}, fail(exitUsage, fmt.Errorf("%s: %w", cfg.path, err), "cross_check: pdfsign")
	}
	if check != nil {
		signing.CrossCheck = check.check
	}
	if _, err := signer.BuiltinPolicy(cfg.Trust.Policy); err != nil || cfg.Trust.Policy == "integrity" {
		return exchange.Config{}, failf(exitUsage, "%s: trust.policy %q: want default or strict", cfg.path, cfg.Trust.Policy)
	}
	days, err := loadCalendar(cfg.Calendar)
	if err != nil {
		return exchange.Config{}, err
	}
	retention, err := cfg.retention()
	if err != nil {
		return exchange.Config{}, failf(exitUsage, "%s: retention.documents: %v", cfg.path, err)
	}
	return exchange.Config{ID: cfg.Node, CheckpointEvery: cfg.Journal.CheckpointEvery, StampEvery: cfg.Journal.StampEvery, Stamp: headStamper(signing), Calendar: days, Signer: own, Authorities: authorities,
		Validate: withPolicy(cfg.Trust.Policy, judgeValidator(trust, evidence)), ValidateApart: withPolicy(cfg.Trust.Policy, child.validate), Signing: signing, Now: a.now, Log: log, MaxFile: int64(cfg.Limits.File), Reserve: int64(cfg.Limits.Reserve),
		Quotas: exchange.Quotas{PeerBytes: int64(cfg.Limits.Quota.PeerBytes), PeerLetters: int64(cfg.Limits.Quota.PeerLetters),
			AgencyBytes: int64(cfg.Limits.Quota.AgencyBytes), AgencyLetters: int64(cfg.Limits.Quota.AgencyLetters), LowWater: cfg.Limits.Quota.LowWater},
		WaitLevel: cfg.Signing.WaitLevel, GiveUp: cfg.TSA.GiveUp, RenewBefore: cfg.TSA.RenewBefore,
		Retention: retention, SendDelay: cfg.Order.SendDelay}, nil
}

// nodeAuthorities has two clients for each time-stamping authority: one for people who
// wait, one for queued jobs. They share what the authority bears.
func (a *app) nodeAuthorities(cfg *config, signing *signer.Service) {
	if cfg.TSA.URL == "" {
		return
	}
	var quick, patient signer.TSAs
	for _, url := range append([]string{cfg.TSA.URL}, cfg.TSA.Fallback...) {
		slots := make(chan struct{}, tsp.MaxParallel)
		quick = append(quick, &tsp.Client{URL: url, Timeout: cfg.TSA.Timeout, Now: a.now, Slots: slots})
		patient = append(patient, &tsp.Client{URL: url, Timeout: cfg.TSA.QueueTimeout, Now: a.now, Slots: slots})
	}
	signing.TSA, signing.PatientTSA = quick, patient
}

// headStamper has heads of the journal time-stamped by the authorities of queued jobs.
func headStamper(signing *signer.Service) exchange.StampFunc {
	if signing.PatientTSA == nil {
		return nil
	}
	return func(ctx context.Context, digest envelope.Digest) ([]byte, time.Time, error) {
		token, err := signing.PatientTSA.Stamp(ctx, crypto.SHA256, digest[:])
		if err != nil {
			return nil, time.Time{}, err
		}
		return token.Raw, token.Time, nil
	}
}

// withPolicy judges by the node's own policy where nobody asks for another.
func withPolicy(id string, validate exchange.ValidateFunc) exchange.ValidateFunc {
	return func(ctx context.Context, file exchange.Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
		if policy == "" {
			policy = id
		}
		return validate(ctx, file, at, policy, claim)
	}
}

// nodeSigner is the key of a certificate, for what a node or an authority signs.
func nodeSigner(pair tls.Certificate) (envelope.Signer, error) {
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return envelope.Signer{}, fmt.Errorf("its key of type %T cannot sign", pair.PrivateKey)
	}
	return envelope.Signer{Key: key, Certificate: pair.Leaf}, nil
}

func loadAll(paths []string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, path := range paths {
		list, err := certs.LoadCertificates(path)
		if err != nil {
			return nil, fail(exitUsage, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// importDirectory takes the directory of the configuration, if it is newer. A file
// that is missing is an error only where the store has none either: an operator may
// import by hand and keep no file.
func (n *node) importDirectory(ctx context.Context) error {
	path, have := n.cfg.Directory.File, n.service.Directory()
	if path == "" || !fileExists(path) {
		if have.Zone == "" {
			return fail(exitUsage, fmt.Errorf("node %q has no directory", n.cfg.Node),
				"name the signed directory: directory.file in "+n.cfg.path)
		}
		return nil
	}
	files, err := readDirectoryFiles(path)
	if err != nil {
		return err
	}
	for _, file := range files {
		_, err := n.service.TakeFile(ctx, journal.System, file)
		var refused *exchange.Error
		if errors.As(err, &refused) && (refused.Reason == "OLD_EPOCH" || refused.Reason == "TWO_STATES") {
			continue // what is here came by the network, and stays; the second is in log and journal
		}
		if err != nil {
			return fail(exitUsage, fmt.Errorf("%s: %w", path, err), "directory.authority names who may sign it")
		}
	}
	return nil
}

// agenciesOf tells whether an agency (id) is on a list of the configuration. Names
// that the directory does not know are refused: a policy must not fail in silence.
func agenciesOf(cfg *config, key string, names []string, dir *exchange.Directory) (func(agency string) bool, error) {
	on := make(map[string]bool)
	for _, name := range names {
		if name == "*" {
			return func(string) bool { return true }, nil
		}
		agency, ok := dir.Agency(name)
		if !ok {
			return nil, failf(exitUsage, "%s: %s: agency %q is not in the directory", cfg.path, key, name)
		}
		on[agency.ID] = true
	}
	return func(agency string) bool { return on[agency] }, nil
}

// newServer makes the door of the node.
func (n *node) newServer(a *app, log *slog.Logger) (*server.Server, error) {
	var err error
	if n.desk, err = axis.New(axis.Options{Service: n.service, Now: a.now, Log: log}); err != nil {
		return nil, err
	}
	options := server.Options{Service: n.service, Relay: n.relay, Desk: n.desk, Current: n.certificate.Load, Now: a.now, Log: log,
		Rotate: func(ctx context.Context, actor journal.Actor, check, force bool) (exchange.Binding, error) {
			return n.rotate(ctx, a, actor, check, force)
		},
		Limit: int(n.cfg.Limits.Message), MaxFile: uint64(n.cfg.Limits.File), MaxCalls: n.cfg.Limits.Calls}
	if n.tracer != nil {
		options.Trace = n.tracer
	}
	if n.metrics != nil {
		options.Called, options.Refused = n.metrics.Called, n.metrics.Refused
	}
	return server.New(options)
}

// refreshEvery is how often the revocation lists of the configuration are read
// again: on closed networks somebody copies new ones there, every day or so.
const refreshEvery = 5 * time.Minute

// refresh keeps the revocation lists up to date until ctx ends. A list that cannot
// be read is logged, and the old ones serve until they are stale.
func (n *node) refresh(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, path := range n.cfg.Trust.CRLs {
			lists, err := certs.LoadCRLs(path)
			if err != nil {
				log.Error("revocation lists", "path", path, "error", err)
				continue
			}
			n.evidence.AddCRLs(certs.SourceFile, lists...)
		}
	}
}

func (n *node) dialer(a *app) exchange.Dialer {
	return &client.Dialer{Current: n.certificate.Load, Now: a.now}
}

// close keeps what was counted last, and closes the store.
func (n *node) close() error {
	var kept error
	if n.tracer != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = n.tracer.Close(ctx) // what the collector does not take in time is lost, and nothing else
	}
	if n.service != nil {
		kept = n.service.KeepRefusals(context.Background(), math.MaxInt64)
	}
	return errors.Join(kept, n.store.Close())
}
