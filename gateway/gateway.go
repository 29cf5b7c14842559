package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/exchange/edxml"
)

// Options are what a door is made of.
type Options struct {
	Service     *exchange.Service
	Desk        *axis.Desk              // of this node's messages; nil: one of its own
	Certificate tls.Certificate         // where it stays the same
	Current     func() *tls.Certificate // at each handshake; nil: always Certificate
	Now         func() time.Time
	Log         *slog.Logger        // nil discards
	Refused     func(reason string) // told of each call that was refused to its caller; nil: nobody is told
	Limits      edxml.Limits        // of messages, where the desk is its own; zero: those of the axis
	MaxCalls    int                 // calls that one token may have in progress; DefaultCalls if 0
	Rate        int                 // calls that one token may begin in a minute; DefaultRate if 0
	// Called is told of every call that has ended, with its path and ErrorCode. May be nil;
	// it must not wait.
	Called func(call, code string, took time.Duration)
}

const (
	// callTime bounds a call, the bytes that come and go included.
	callTime = 10 * time.Minute
	// loggedRefusals is how many refusals of one kind and minute are logged.
	loggedRefusals = 100
)

// A Server is the door of one node.
type Server struct {
	opts   Options
	svc    *exchange.Service
	log    *slog.Logger
	desk   *axis.Desk
	limits limits
	mu     sync.Mutex
	floors map[string]uint64 // user and agency: journal index up to which all statuses are done
}

// New makes the door. It takes no call before Serve.
func New(o Options) (*Server, error) {
	if o.Current == nil {
		o.Current = func() *tls.Certificate { return &o.Certificate }
	}
	if o.Service == nil || o.Now == nil || len(o.Current().Certificate) == 0 {
		return nil, errors.New("gateway: want a service, a clock and a TLS certificate")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Called == nil {
		o.Called = func(string, string, time.Duration) {}
	}
	if o.MaxCalls == 0 {
		o.MaxCalls = DefaultCalls
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	if o.Desk == nil {
		var err error
		if o.Desk, err = axis.New(axis.Options{Service: o.Service, Now: o.Now, Log: o.Log, Limits: o.Limits}); err != nil {
			return nil, err
		}
	}
	return &Server{opts: o, svc: o.Service, log: o.Log, desk: o.Desk, floors: make(map[string]uint64),
		limits: limits{most: o.MaxCalls, rate: o.Rate, of: make(map[string]*use)}}, nil
}

// Listen opens the address of the door.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("gateway: listen on %q: %w", address, err)
	}
	return l, nil
}

// Serve answers until ctx ends, and then finishes the calls in progress for as long as grace.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	h := &http.Server{
		Handler:           s.Handler(),
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       callTime,
		WriteTimeout:      callTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// Adapters of today run on Java 8: TLS 1.2 is what TT 15/2025 asks for at least.
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.opts.Current(), nil }},
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if h.Shutdown(ending) != nil {
			h.Close()
		}
	})
	err := h.ServeTLS(few(l, maxConnections), "", "")
	if !stop() {
		<-stopped
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("gateway: %w", err)
	}
	return nil
}

// Handler is the calls, without the listener. A path that is not here is no call.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(*call) error{
		"POST /sendEdoc":            (*call).sendEdoc,
		"POST /getReceivedEdocList": (*call).receivedList,
		"POST /getEdoc":             (*call).getEdoc,
		"POST /updateStatus":        (*call).updateStatus,
		"POST /getSentEdocList":     (*call).sentList,
		"GET /countReceiveEdoc":     (*call).count,
		"POST /getAgenciesList":     (*call).agencies,
		"POST /getAgenciesListQD20": (*call).agenciesQD20,
		"POST /getSynchronizeUnit":  (*call).units,
		"POST /registerAgency":      (*call).closedDirectory,
		"POST /deleteAgency":        (*call).closedDirectory,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, f) })
	}
	return mux
}
