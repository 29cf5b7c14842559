package tracing_test

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/tracing"
)

// A sink is a collector that keeps spans in memory, reached by OTLP over gRPC.
type sink struct {
	collector.UnimplementedTraceServiceServer
	address string
	mu      sync.Mutex
	spans   []span
	text    string // of all that came
}

// A span is one that came, and of which node.
type span struct {
	*tracev1.Span
	node string
}

func newSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, server := &sink{address: l.Addr().String()}, grpc.NewServer()
	collector.RegisterTraceServiceServer(server, s)
	go func() { _ = server.Serve(l) }() // ends with Stop
	t.Cleanup(server.Stop)
	return s
}

func (s *sink) Export(_ context.Context, m *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += protojson.Format(m)
	for _, r := range m.GetResourceSpans() {
		node := ""
		for _, a := range r.GetResource().GetAttributes() {
			if a.GetKey() == "service.instance.id" {
				node = a.GetValue().GetStringValue()
			}
		}
		for _, in := range r.GetScopeSpans() {
			for _, one := range in.GetSpans() {
				s.spans = append(s.spans, span{one, node})
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// A letter from the ward to the province is one trace over three nodes, which has the
// letter's id and hangs together; calls are traces of their own. No word of the letter,
// and no name of a person, is in any of it.
func TestTraceOfALetter(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	ctx := context.Background()
	tracers := map[string]*tracing.Tracer{}
	for _, node := range []string{"ward", "district", "province"} {
		tracer, err := tracing.New(ctx, node, "http://"+s.address, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		tracers[node] = tracer
	}
	n := testnode.NewTraced(t, func(node string) exchange.Tracer { return tracers[node] })
	clerk := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	sent, err := clerk.Documents.SendDocument(ctx, n.Send("41", n.Letter(t, 500), testnode.Province))
	if err != nil {
		t.Fatal(err)
	}
	judged(t, n.Node("province").Service)
	for _, tracer := range tracers {
		if err := tracer.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	id := sent.GetDocument().GetEnvelopeId()
	s.mu.Lock()
	defer s.mu.Unlock()
	steps, root, parents := map[string]bool{}, "", map[string]string{}
	calls := 0
	for _, one := range s.spans {
		if one.GetName() == "/lienthong.v1.DocumentService/SendDocument" {
			calls++
		}
		if !slices.Equal(one.GetTraceId(), id) {
			continue
		}
		steps[one.node+" "+one.GetName()] = true
		parents[string(one.GetSpanId())] = string(one.GetParentSpanId())
		if len(one.GetParentSpanId()) == 0 {
			root = one.GetName()
		}
	}
	for _, want := range []string{"ward letter.send", "ward commit", "ward letter.offer", "district letter.accept", "district commit", "district letter.offer",
		"province letter.accept", "province letter.validate"} {
		if !steps[want] {
			t.Errorf("the letter's trace has no %q", want)
		}
	}
	if root != "letter.send" || calls != 1 {
		t.Errorf("the trace begins with %q, and there are %d calls of SendDocument", root, calls)
	}
	for child, parent := range parents {
		if _, known := parents[parent]; parent != "" && !known {
			t.Errorf("span %x hangs from %x, which is not there", child, parent)
		}
	}
	for _, word := range []string{"Đỗ Nghĩa Sĩ", "thử nghiệm", "BC-UBND", "41.pdf", "clerk"} {
		if strings.Contains(s.text, word) {
			t.Errorf("a span holds %q", word)
		}
	}
}

// judged waits until a letter to the province has its verdict there.
func judged(t *testing.T, service *exchange.Service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for cursor := uint64(0); ; {
		list, next, err := service.Changes(ctx, testnode.Province, cursor, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			if d.Delivery.Verdict != "" {
				return
			}
		}
		cursor = next
	}
}

// An endpoint that is no URL would be passed over by the library, and is refused here.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"127.0.0.1:4317", "ftp://collector", "http://", "http://a b"} {
		if _, err := tracing.New(context.Background(), "ward", endpoint, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q was taken", endpoint)
		}
	}
}

// A collector that is not there costs nothing but its spans.
func TestNoCollector(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	tracer, err := tracing.New(context.Background(), "ward", "http://"+address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 10_000 {
		_, end := tracer.Span(context.Background(), "x", envelope.ID{})
		end(nil)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("10,000 spans took %s", took)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = tracer.Close(ctx) // what waits is lost, as it should be
}
