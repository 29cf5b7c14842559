package server

import (
	"context"
	"io"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// relayService is spoken between nodes. What is said on a link is the relay's; here
// it is carried.
type relayService struct {
	lienthongv1.UnimplementedRelayServiceServer
	*Server
}

func (r *relayService) Link(stream lienthongv1.RelayService_LinkServer) error {
	ctx, cancel := r.untilStopped(stream.Context())
	defer cancel()
	l := &link{ctx: ctx, stream: stream, in: make(chan received)}
	go l.pump()
	return r.relay.Serve(ctx, callerOf(ctx).node, l, nil)
}

// A link carries frames on a stream that a peer opened. The stream's own context
// ends only when Link returns, so a Recv on it would hold a relay that wants to
// stop: frames are pumped, and Recv ends with the context of the link.
type link struct {
	ctx    context.Context
	stream lienthongv1.RelayService_LinkServer
	in     chan received
}

type received struct {
	message *lienthongv1.LinkFrame
	err     error
}

func (l *link) pump() {
	for {
		m, err := l.stream.Recv()
		select {
		case l.in <- received{m, err}:
		case <-l.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (l *link) Send(f exchange.Frame) error {
	m, err := wire.FrameToProto(f)
	if err != nil {
		return err
	}
	return l.stream.Send(m)
}

func (l *link) Recv() (exchange.Frame, error) {
	select {
	case r := <-l.in:
		if r.err != nil {
			return nil, r.err
		}
		return wire.FrameFromProto(r.message)
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	}
}

// Put takes a file from the byte that is held here. Each answer tells what is
// durable, so that the sender goes on from there after a cut.
func (r *relayService) Put(stream lienthongv1.RelayService_PutServer) error {
	ctx, cancel := r.untilStopped(stream.Context())
	defer cancel()
	peer := callerOf(ctx).node
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	h := first.GetHeader()
	file, err := wire.FileKey("header", h.GetOriginNode(), h.GetEnvelopeId(), h.GetRecipient(), h.GetSha256())
	if err != nil {
		return err
	}
	held, err := r.relay.PutOffset(ctx, peer, file)
	if err != nil {
		return err
	}
	if err := stream.Send(&lienthongv1.PutResponse{Offset: uint64(held)}); err != nil {
		return err
	}
	in := &pieces{at: uint64(held), next: func() (piece, error) {
		m, err := stream.Recv()
		return piece{data: m.GetData(), offset: m.GetOffset(), limit: pieceUp}, err
	}}
	again := func(offset int64) error {
		at := uint64(offset)
		return stream.Send(&lienthongv1.PutResponse{Again: &at})
	}
	for done := false; !done; {
		ended := in.done()
		held, done, err = r.relay.PutChecked(ctx, peer, file, held, io.LimitReader(in, syncEvery), again)
		if err != nil {
			return err
		}
		if ended && !done {
			return &exchange.Error{Code: exchange.Invalid, Reason: "SHORT", Text: "the stream ended before the file was whole"}
		}
		if err := stream.Send(&lienthongv1.PutResponse{Offset: uint64(held), Done: done}); err != nil {
			return err
		}
	}
	return nil
}

// Get gives a file of an envelope that this node has offered to the peer.
func (r *relayService) Get(m *lienthongv1.GetRequest, stream lienthongv1.RelayService_GetServer) error {
	file, err := wire.FileKey("file", m.GetOriginNode(), m.GetEnvelopeId(), m.GetRecipient(), m.GetSha256())
	if err != nil {
		return err
	}
	ctx := stream.Context()
	blob, err := r.relay.OpenOffered(ctx, callerOf(ctx).node, file)
	if err != nil {
		return err
	}
	defer blob.Close()
	return sendPieces(upTo(blob, m.GetOffset(), m.GetLength()), m.GetOffset(), func(data []byte) error {
		return stream.Send(&lienthongv1.GetResponse{Data: data})
	})
}
