package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// frameLimit is what docs/protocol.md, section 1, says of a frame: 8 MiB.
const frameLimit = 8 << 20

// A rogue is the test itself, with the certificate of the ward, on real connections to the
// district, which serves the ward and has dialled the province.
type rogue struct {
	t              *testing.T
	n              *testnode.Network
	district       *testnode.Node
	above, at, low *client.Client // clerks of the province and of the district, and the ward
}

func newRogue(t *testing.T) *rogue {
	t.Helper()
	r := &rogue{t: t, n: testnode.New(t)}
	r.n.Node("ward").Stop(t)
	r.district = r.n.Node("district")
	r.above = r.n.Node("province").User(t, "clerk", clerkOf(testnode.Province))
	r.at = r.district.User(t, "clerk", clerkOf(testnode.District))
	r.low = r.district.Connect(t, r.n.Node("ward").Leaf())
	r.until("the province to be there and the ward to be away", func() bool { return r.linked("province") && !r.linked("ward") })
	return r
}

func (r *rogue) linked(peer string) bool { return slices.Contains(r.district.Relay.Connected(), peer) }

// until waits for what no call tells of: that a link is up, or has ended.
func (r *rogue) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("waited 30 s for %s", what)
		}
	}
}

// A line is one link, as a program speaks that is not ours.
type line struct {
	t      *testing.T
	stream lienthongv1.RelayService_LinkClient
}

func (r *rogue) open(c *client.Client) *line {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	r.t.Cleanup(cancel)
	stream, err := lienthongv1.NewRelayServiceClient(c.Conn()).Link(ctx, grpc.MaxCallSendMsgSize(64<<20))
	if err != nil {
		r.t.Fatal(err)
	}
	return &line{r.t, stream}
}

// greet opens a link as the ward, which is then up.
func (r *rogue) greet(c *client.Client) *line {
	r.t.Helper()
	l := r.open(c)
	l.send(l.frame(exchange.Hello{Node: "ward", Incarnation: envelope.ID{1}, ProtocolMin: 1, ProtocolMax: 1, Clock: r.n.Now().UnixMicro()}))
	if m := l.next(); m.GetHello().GetNode() != "district" {
		r.t.Fatalf("the first frame is %v, want Hello of the district", m)
	}
	return l
}

func (l *line) frame(f exchange.Frame) *lienthongv1.LinkFrame {
	l.t.Helper()
	m, err := wire.FrameToProto(f)
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

// send tells nothing of how it went: the node's answer, or the end of the stream, does.
func (l *line) send(m *lienthongv1.LinkFrame) { _ = l.stream.Send(m) }

func (l *line) next() *lienthongv1.LinkFrame {
	l.t.Helper()
	m, err := l.stream.Recv()
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

// ended reads until the link ends, and tells how, and what the node said as it went away.
func (l *line) ended() (away string, err error) {
	for {
		m, err := l.stream.Recv()
		if err != nil {
			return away, err
		}
		if m.GetGoAway() != nil {
			away = m.GetGoAway().GetReason()
		}
	}
}

// works fails the test unless the link answers: an offer of bytes that are no route is refused.
func (l *line) works() {
	l.t.Helper()
	no := envelope.Sealed{Type: envelope.TypeRoute, Payload: []byte{0xff}, Signatures: []envelope.Signature{{KeyID: strings.Repeat("0", 64), Sig: []byte{1}}}}
	l.send(l.frame(exchange.Offer{Envelope: no, Content: []byte{1}, Recipients: []string{testnode.District}}))
	for {
		if m := l.next(); m.GetRefused() != nil {
			return
		}
	}
}

// wide is a frame of so many bytes: a heartbeat with a field of a later version.
func (l *line) wide(size int) *lienthongv1.LinkFrame {
	l.t.Helper()
	m := l.frame(exchange.Heartbeat{Clock: 1})
	pad := size - proto.Size(m) - protowire.SizeTag(1000)
	pad -= protowire.SizeBytes(pad) - pad // its length
	m.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 1000, protowire.BytesType), make([]byte, pad)))
	if got := proto.Size(m); got != size {
		l.t.Fatalf("a frame of %d bytes has %d", size, got)
	}
	return m
}

// send sends a letter of an agency, and tells its name without the agency.
func (r *rogue) send(c *client.Client, from, to string, size int) string {
	r.t.Helper()
	m := r.n.Send("9", testnode.Draft(size), to)
	m.Agency = from
	answer, err := c.Documents.SendDocument(context.Background(), m)
	if err != nil {
		r.t.Fatal(err)
	}
	return path.Base(answer.GetDocument().GetName())
}

// flows fails the test unless a letter goes from the province to the district.
func (r *rogue) flows() {
	r.t.Helper()
	letter := r.send(r.above, testnode.Province, testnode.District, 1000)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stream, err := r.at.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.District})
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			r.t.Fatalf("letter %s of the province: %v", letter, err)
		}
		if path.Base(m.GetDelivery().GetDocument().GetName()) == letter {
			return
		}
	}
}

// counted is how often the ward was refused for a fault.
func (r *rogue) counted(fault exchange.Fault) (n int64) {
	r.t.Helper()
	rows, err := r.district.Service.Refusals(context.Background(), exchange.Refusal{}, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Reason == string(fault) && row.Principal == exchange.PeerHolder("ward") {
			n += row.Count
		}
	}
	return n
}

// A frame of 8 MiB is read, and a larger one ends the link before it is; the next link is as
// if nothing had been.
func TestFrameAboveTheLimit(t *testing.T) {
	t.Parallel()
	r := newRogue(t)
	l := r.greet(r.low)
	l.send(l.wide(frameLimit))
	l.works()
	l.send(l.wide(frameLimit + 1))
	if _, err := l.ended(); reasonOf(err) != codes.ResourceExhausted.String() || !strings.Contains(err.Error(), "8388609 vs. 8388608") {
		t.Errorf("a frame above the limit: %v, want ResourceExhausted, with both sizes", err)
	}
	r.until("the end of the link", func() bool { return !r.linked("ward") })
	r.flows()
	r.greet(r.low).works()
}

// A halfway passes so many bytes to the district, and none after them. It cuts the connection
// then, or keeps it.
type halfway struct {
	listener net.Listener
	reached  chan struct{} // closed when that is so
}

func (r *rogue) halfway(bytes int64, cut bool) *halfway {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	h := &halfway{listener: l, reached: make(chan struct{})}
	go func() {
		near, err := l.Accept()
		if err != nil {
			return
		}
		l.Close()
		r.t.Cleanup(func() { near.Close() })
		far, err := net.Dial("tcp", r.district.Address())
		if err != nil {
			near.Close()
			return
		}
		r.t.Cleanup(func() { far.Close() })
		go func() { _, _ = io.Copy(near, far) }() // ends with the connection
		_, _ = io.CopyN(far, near, bytes)         // ends with the connection, or there
		if cut {
			far.Close()
			near.Close()
		}
		close(h.reached)
	}()
	return h
}

// A peer writes half a frame, and the connection is cut, or stays as it is: nothing of it
// counts, others go on, and the next link of the peer ends the one that is stuck.
func TestPeerThatWritesHalfAFrame(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]bool{"and is cut": true, "and no more": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRogue(t)
			h := r.halfway(1<<20, cut)
			l := r.greet(r.district.ConnectAt(t, h.listener.Addr().String(), r.n.Node("ward").Leaf()))
			r.until("a link", func() bool { return r.linked("ward") })
			go l.send(l.wide(frameLimit))
			<-h.reached
			if cut {
				if _, err := l.ended(); reasonOf(err) != codes.Unavailable.String() {
					t.Errorf("the link ended with %v (%s), want Unavailable", err, reasonOf(err))
				}
				r.until("the end of the link", func() bool { return !r.linked("ward") })
			}
			r.flows()
			r.greet(r.low).works()
			if !cut {
				if _, err := l.ended(); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("the stuck link ended with %v, want an error", err)
				}
			}
		})
	}
}

// A peer asks without end and never reads, while letters wait for it: its link ends, it costs
// what may wait for it and no more, and others do not notice. Not parallel: it measures memory.
func TestPeerThatNeverReadsItsConnection(t *testing.T) {
	r := newRogue(t)
	letter := r.send(r.at, testnode.District, testnode.Ward, 1000)
	l := r.greet(r.low)
	var offered *lienthongv1.Offer
	for offered == nil {
		offered = l.next().GetOffer()
	}
	custody := l.frame(exchange.Statements{Statements: []envelope.Receipt{r.custody(letter, offered)}})
	for range 10 {
		r.send(r.at, testnode.District, testnode.Ward, 200_000) // more than the windows of the connection
	}
	before := heap()
	stopped := make(chan struct{})
	go func() { // each is acknowledged
		defer close(stopped)
		for l.stream.Send(custody) == nil {
		}
	}()
	r.until("the end of the link", func() bool { return !r.linked("ward") })
	if n := r.counted(exchange.FaultNotReading); n != 1 {
		t.Errorf("the fault %s was counted %d times, want 1", exchange.FaultNotReading, n)
	}
	if used := int64(heap()) - int64(before); used > 64<<20 {
		t.Errorf("%d MiB are held after a peer that never reads, want at most 64", used>>20)
	}
	r.flows()
	r.greet(r.district.Connect(t, r.n.Node("ward").Leaf())).works()
	// What it was sent before stands between it and the end, of which it hears when it reads.
	if _, err := l.ended(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the link ended with %v, want an error", err)
	}
	<-stopped
}

// custody is the ward's signature that it answers for a letter.
func (r *rogue) custody(letter string, offered *lienthongv1.Offer) envelope.Receipt {
	r.t.Helper()
	frame, err := wire.FrameFromProto(&lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Offer{Offer: offered}})
	if err != nil {
		r.t.Fatal(err)
	}
	o := frame.(exchange.Offer)
	route, err := envelope.ParseRoute(o.Envelope)
	if err != nil || route.ID.String() != letter {
		r.t.Fatalf("the offer is of %s, %v, want %s", route.ID, err, letter)
	}
	leaf := r.n.Node("ward").Leaf()
	sealed, err := envelope.SealStatement(&envelope.Statement{Kind: envelope.Custody, Envelope: o.Envelope.Digest(), OriginNode: route.OriginNode, EnvelopeID: route.ID,
		Recipient: testnode.Ward, Issuer: "ward", Incarnation: envelope.ID{1}, Sequence: 1, Time: r.n.Now().UnixMicro(), Previous: o.Chain[len(o.Chain)-1].Digest()},
		envelope.Signer{Key: leaf.Signer, Certificate: leaf.Certificate})
	if err != nil {
		r.t.Fatal(err)
	}
	return envelope.Receipt{Statement: sealed}
}

// heap is what the process has in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Only a node opens a link, by the certificate that the directory gives it, and as itself.
func TestLinksOfStrangers(t *testing.T) {
	t.Parallel()
	r := newRogue(t)
	user := r.n.PKI.Issue(testpki.Client("clerk of nobody", ""))
	r.district.Admit(t, "somebody", user, clerkOf(testnode.District))
	for _, tt := range []struct {
		name, reason string
		leaf         *testpki.Leaf
	}{
		{"without a certificate", wire.ReasonNoCertificate, nil},
		{"with a user's certificate", wire.ReasonForbidden, user},
		{"with a certificate for the ward that the directory does not name", wire.ReasonUnknownCertificate, r.n.PKI.Issue(testpki.Node("ward"))},
	} {
		l := r.open(r.district.Connect(t, tt.leaf))
		l.send(l.frame(exchange.Hello{Node: "ward", Incarnation: envelope.ID{1}, ProtocolMin: 1, ProtocolMax: 1}))
		if m, err := l.stream.Recv(); reasonOf(err) != tt.reason {
			t.Errorf("%s: %v, %v (%s), want %s", tt.name, m, err, reasonOf(err), tt.reason)
		}
	}
	l := r.open(r.low)
	l.send(l.frame(exchange.Hello{Node: "province", Incarnation: envelope.ID{1}, ProtocolMin: 1, ProtocolMax: 1}))
	if away, err := l.ended(); err == nil || !strings.Contains(away, `"province"`) {
		t.Errorf("the ward as the province: %v, %q, want the end, and why", err, away)
	}
	if n := r.counted(exchange.FaultHello); n != 1 {
		t.Errorf("the fault %s was counted %d times, want 1", exchange.FaultHello, n)
	}
	if r.linked("ward") || !r.linked("province") {
		t.Errorf("links: %v, want the province's alone", r.district.Relay.Connected())
	}
	r.flows()
}
