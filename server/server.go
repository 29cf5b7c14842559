// Package server is the door of a node: gRPC over mutual TLS, who the caller is,
// whether they may call, and the answer. Each service is a thin layer over
// package exchange; what a caller may see of an agency's things is decided there.
//
// It does not store, sign or route, and it converts nothing by itself: that is
// package internal/wire.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/internal/wire"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Options is what a server is made of. Service, Relay, Certificate and Now are required.
type Options struct {
	Service     *exchange.Service
	Relay       *exchange.Relay
	Certificate tls.Certificate // of this node, where it stays the same
	// Current is the node's certificate at each handshake. nil: always Certificate.
	Current func() *tls.Certificate
	// Rotate has the node take the certificate that its configuration names now; with check
	// it looks and changes nothing. nil: this node cannot. See [exchange.Relay.Rotate].
	Rotate   func(ctx context.Context, actor journal.Actor, check, force bool) (exchange.Binding, error)
	Now      func() time.Time
	Log      *slog.Logger // nil discards
	Limit    int          // bytes of a request of a client; DefaultLimit if 0
	MaxFile  uint64       // bytes of a file, as told to clients that upload
	MaxCalls int          // calls that one caller may have in progress, over all its connections; DefaultCalls if 0
	// Judge is for how long a stream goes on by one judgement of its caller; DefaultJudge if 0.
	Judge time.Duration
	// Called is told of every call that has ended: "/package.Service/Method", and the
	// gRPC code. Links and watches end late. May be nil; it must not wait.
	Called func(method, code string, took time.Duration)
	// Trace is told of every call, as a span that is named by its method. May be nil.
	Trace exchange.Tracer
	// Refused is told of every call that was refused to its caller, with the reason. May be
	// nil; it must not wait.
	Refused func(reason string)
	// Desk takes messages of the national axis in and gives them out, shared with the node's
	// other doors. nil: one of its own.
	Desk *axis.Desk
}

// DefaultLimit is the largest request of a client: files go in pieces.
const DefaultLimit = 4 << 20

// linkLimit is the largest frame between nodes: a route, content, inline files and
// a chain, each at its own limit, and something for the rest.
const linkLimit = 8 << 20

// maxStreams is how many calls one connection may have in progress; further ones
// wait at the client. A document-management system with a watch for each of its
// agencies needs some hundred.
const maxStreams = 512

// A Server serves one node.
type Server struct {
	opts   Options
	svc    *exchange.Service
	relay  *exchange.Relay
	now    func() time.Time
	log    *slog.Logger
	grpc   *grpc.Server
	health *health.Server
	rules  map[string]rule
	inside inProgress
	desk   *axis.Desk
	// stopping ends what waits for news and would else never end: links and watches.
	stopping context.Context
	stop     context.CancelFunc
}

// New makes a server. It is an error if any method lacks its rule of access.
func New(opts Options) (*Server, error) {
	if opts.Service == nil || opts.Relay == nil || opts.Now == nil {
		return nil, errors.New("server: service, relay and clock are required")
	}
	if opts.Current == nil {
		opts.Current = func() *tls.Certificate { return &opts.Certificate }
	}
	creds, err := transport(opts.Current)
	if err != nil {
		return nil, err
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Called == nil {
		opts.Called = func(string, string, time.Duration) {}
	}
	if opts.Refused == nil {
		opts.Refused = func(string) {}
	}
	if opts.MaxCalls == 0 {
		opts.MaxCalls = DefaultCalls
	}
	if opts.Judge == 0 {
		opts.Judge = DefaultJudge
	}
	if opts.Limit == 0 {
		opts.Limit = DefaultLimit
	}
	if opts.Desk == nil {
		if opts.Desk, err = axis.New(axis.Options{Service: opts.Service, Now: opts.Now, Log: opts.Log}); err != nil {
			return nil, err
		}
	}
	s := &Server{opts: opts, desk: opts.Desk, svc: opts.Service, relay: opts.Relay, now: opts.Now, log: opts.Log, health: health.NewServer()}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.grpc = grpc.NewServer(
		grpc.Creds(creds),
		grpc.MaxRecvMsgSize(linkLimit),
		grpc.MaxSendMsgSize(linkLimit),
		grpc.InitialWindowSize(wire.StreamWindow),
		grpc.InitialConnWindowSize(wire.ConnectionWindow),
		// What a stranger can make this node hold before it is asked who it is.
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(64<<10),
		grpc.ConnectionTimeout(20*time.Second),
		grpc.ChainUnaryInterceptor(s.unary),
		grpc.ChainStreamInterceptor(s.stream),
		// A link through NAT dies silently: both sides ask after half a minute.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 15 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	s.register()
	if s.rules, err = readRules(s.grpc.GetServiceInfo()); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) register() {
	lienthongv1.RegisterFileServiceServer(s.grpc, &fileService{Server: s})
	lienthongv1.RegisterSigningServiceServer(s.grpc, &signingService{Server: s})
	lienthongv1.RegisterValidationServiceServer(s.grpc, &validationService{Server: s})
	lienthongv1.RegisterDocumentServiceServer(s.grpc, &documentService{Server: s})
	lienthongv1.RegisterDeliveryServiceServer(s.grpc, &deliveryService{Server: s})
	lienthongv1.RegisterDirectoryServiceServer(s.grpc, &directoryService{Server: s})
	lienthongv1.RegisterJournalServiceServer(s.grpc, &journalService{Server: s})
	lienthongv1.RegisterIdentityServiceServer(s.grpc, &identityService{Server: s})
	lienthongv1.RegisterRegisterServiceServer(s.grpc, &registerService{Server: s})
	lienthongv1.RegisterStatisticsServiceServer(s.grpc, &statisticsService{Server: s})
	lienthongv1.RegisterDossierServiceServer(s.grpc, &dossierService{Server: s})
	lienthongv1.RegisterGroupServiceServer(s.grpc, &groupService{Server: s})
	lienthongv1.RegisterRelayServiceServer(s.grpc, &relayService{Server: s})
	lienthongv1.RegisterPeerServiceServer(s.grpc, &peerService{Server: s})
	lienthongv1.RegisterRetentionServiceServer(s.grpc, &retentionService{Server: s})
	lienthongv1.RegisterJoinServiceServer(s.grpc, &joinService{Server: s})
	lienthongv1.RegisterEdXMLServiceServer(s.grpc, &edxmlService{Server: s})
	lienthongv1.RegisterNodeServiceServer(s.grpc, &nodeService{Server: s})
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
}

// SetServing says by the health service whether this node can do its work; until it is said,
// it can. After a stop it cannot, whatever is said.
func (s *Server) SetServing(ready bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		status = healthpb.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", status)
}

// Listen opens the address on which Serve then serves.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	return l, nil
}

// Serve serves until ctx ends, and then lets calls in progress finish for at most
// the given time. Links and watches are told to end at once: what they carry is
// offered again.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- s.grpc.Serve(l) }()
	select {
	case err := <-done:
		s.stop()
		return err
	case <-ctx.Done():
	}
	s.health.Shutdown()
	s.stop()
	quiet := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(quiet) }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-quiet:
	case <-timer.C:
		s.log.Warn("calls did not finish in time and are cut", "grace", grace)
		s.grpc.Stop()
	}
	if err := <-done; !errors.Is(err, grpc.ErrServerStopped) {
		return err // nil after a stop in order
	}
	return nil // it was told to stop before it began
}

// untilStopped is ctx that also ends when the server stops.
func (s *Server) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.stopping, cancel)
	return ctx, func() { stop(); cancel() }
}
