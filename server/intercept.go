package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"lienthong/envelope"
	"lienthong/internal/wire"
)

// requestIDHeader names a call in the logs of both sides.
const requestIDHeader = "x-request-id"

// A call is one call in progress, for the log.
type call struct {
	s      *Server
	method string
	id     string
	caller caller
	inside string // counted among the calls in progress of this caller; empty: it is not
	log    *slog.Logger
	began  time.Time
	end    func(error) // of its span

	ctx    context.Context // of the caller, as it was let in
	open   bool            // to anyone: nobody is judged
	mu     sync.Mutex      // a stream sends and receives at once
	named  bool            // the request names an agency, or touches what belongs to one
	agency string          // its id
	judged time.Time       // when the caller was last found to be one who may
}

type callKey struct{}

func (s *Server) begin(ctx context.Context, method string) (context.Context, *call) {
	id := ""
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		if given := md.Get(requestIDHeader); len(given) > 0 && len(given[0]) <= 64 && printable(given[0]) {
			id = given[0]
		}
	}
	if id == "" {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		id = hex.EncodeToString(b[:])
	}
	c := &call{s: s, method: method, id: id, began: s.now(), log: s.log.With("request_id", id, "method", method), end: func(error) {}}
	if s.opts.Trace != nil {
		ctx, c.end = s.opts.Trace.Span(ctx, method, envelope.ID{})
	}
	return ctx, c
}

func printable(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

// admit finds out who calls and whether they may. A method without a rule cannot
// be reached: the server would not have started; the check here denies it anyway.
func (c *call) admit(ctx context.Context, request any) (context.Context, error) {
	r, ok := c.s.rules[c.method]
	if !ok {
		return ctx, forbidden("method %s has no rule of access", c.method)
	}
	if c.open = r.open; c.open {
		return ctx, nil
	}
	who, err := c.s.identify(ctx)
	c.caller = who
	if err != nil {
		return ctx, err
	}
	if err := who.checkToken(r, c.method); err != nil {
		return ctx, err
	}
	if err := c.permit(request); err != nil {
		return ctx, err
	}
	if err := c.enter(); err != nil {
		return ctx, err
	}
	c.ctx, c.judged = ctx, c.s.now()
	return context.WithValue(ctx, callKey{}, c), nil
}

// permit judges a request, or the first message of a stream, and remembers for which
// agency it was: a request that names none is judged by any.
func (c *call) permit(request any) error {
	agency, err := c.s.permit(c.caller, c.s.rules[c.method], request)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agency, c.named = agency, namesAgency(request)
	return nil
}

// answer turns the outcome of a call into what leaves the node. An error that no
// one expected is logged whole, and answered with a reference to find it by.
func (c *call) answer(err error) error {
	took := c.s.now().Sub(c.began)
	c.leave()
	out := c.logged(err, took)
	c.end(wire.ErrorFromStatus(out))
	c.s.opts.Called(c.method, status.Code(out).String(), took)
	return out
}

func (c *call) logged(err error, took time.Duration) error {
	log := c.log.With("caller", c.caller.name(), "ms", took.Milliseconds())
	if c.caller.token != nil {
		log = log.With("token", c.caller.token.ID.String())
	}
	if err == nil {
		log.Debug("call", "code", codes.OK.String())
		return nil
	}
	s := wire.ErrorToStatus(err)
	if s == nil {
		log.Error("call", "code", codes.Internal.String(), "error", err.Error())
		return wire.NewStatus(codes.Internal, wire.ReasonInternal, "internal error, reference "+c.id).Err()
	}
	level := slog.LevelInfo
	if s.Code() == codes.Canceled || c.refused(s) > loggedRefusals {
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, "call", "code", s.Code().String(), "error", s.Message())
	return s.Err()
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
	ctx, c := s.begin(ctx, info.FullMethod)
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDHeader, c.id)) // fails only after the first answer
	defer func() { err = c.answer(err) }()
	defer c.recover(&err)
	if err := s.checkSize(request); err != nil {
		return nil, err
	}
	ctx, err = c.admit(ctx, request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxUnary) // the caller's own deadline, where it has one, is there already
	defer cancel()
	return handler(ctx, request)
}

func (s *Server) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx, c := s.begin(ss.Context(), info.FullMethod)
	_ = ss.SetHeader(metadata.Pairs(requestIDHeader, c.id)) // fails only after the first answer
	defer func() { err = c.answer(err) }()
	defer c.recover(&err)
	ctx, err = c.admit(ctx, nil)
	if err != nil {
		return err
	}
	_ = ss.SendHeader(nil) // a caller who waits for news sees that it is let in; a stream that is broken says so later
	return handler(srv, &guardedStream{ServerStream: ss, ctx: ctx, call: c})
}

// A guardedStream judges the first message of a stream, which names the agency. Later
// messages of our streams name nothing, and go on by that judgement for as long as
// [call.judgeInTime] lets them.
type guardedStream struct {
	grpc.ServerStream
	ctx    context.Context
	call   *call
	judged bool
}

func (g *guardedStream) Context() context.Context { return g.ctx }

func (g *guardedStream) SendMsg(m any) error {
	if err := g.call.judgeInTime(); err != nil {
		return err
	}
	return g.ServerStream.SendMsg(m)
}

func (g *guardedStream) RecvMsg(m any) error {
	if err := g.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if g.judged || g.call.open {
		return g.call.judgeInTime()
	}
	g.judged = true
	if g.call.caller.node == "" {
		if err := g.call.s.checkSize(m); err != nil {
			return err
		}
	}
	return g.call.permit(m)
}

// checkSize holds clients to their limit; the transport's own is wider, for the
// frames between nodes.
func (s *Server) checkSize(request any) error {
	m, ok := request.(proto.Message)
	if !ok {
		return nil
	}
	if size := proto.Size(m); size > s.opts.Limit {
		return wire.NewStatus(codes.ResourceExhausted, "TOO_LARGE",
			fmt.Sprintf("request of %d bytes, want at most %d: upload files with FileService", size, s.opts.Limit)).Err()
	}
	return nil
}

// recover keeps one broken call from ending the node. It is a last line: no input
// is known to reach it.
func (c *call) recover(err *error) {
	if r := recover(); r != nil {
		c.log.Error("panic", "value", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error, reference "+c.id)
	}
}
