package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func clerk(t *testing.T, n *testnode.Network) *client.Client {
	t.Helper()
	return n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// What goes up comes down, whatever its size; progress ends at the whole.
func TestUploadDownload(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := clerk(t, n)
	for _, size := range []int{1, 256 << 10, 256<<10 + 1, 9 << 20} {
		data := randomBytes(size)
		var last int64
		file, err := c.Upload(context.Background(), testnode.Ward, "x.bin", "application/octet-stream", bytes.NewReader(data), int64(size), func(done, total int64) { last = done })
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if last != int64(size) || file.GetSize() != uint64(size) || !bytes.Equal(file.GetSha256(), digestOf(data)) {
			t.Errorf("%d bytes: progress ended at %d, file of %d", size, last, file.GetSize())
		}
		var got bytes.Buffer
		if _, err := c.Download(context.Background(), testnode.Ward, envelope.Sum(data), &got, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), data) {
			t.Errorf("%d bytes: others came back", size)
		}
	}
}

func digestOf(data []byte) []byte {
	d := envelope.Sum(data)
	return d[:]
}

// A proxy passes bytes to a node, and breaks the connection after each budget.
type proxy struct {
	listener net.Listener
	to       string
	budget   int64
	cuts     atomic.Int64 // how often it still breaks
	passed   atomic.Int64 // bytes towards the node
}

func newProxy(t *testing.T, to string, budget, cuts int64) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: to, budget: budget}
	p.cuts.Store(cuts)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(c)
		}
	}()
	return p
}

func (p *proxy) carry(near net.Conn) {
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		near.Close()
		return
	}
	var once sync.Once
	end := func() { once.Do(func() { near.Close(); far.Close() }) }
	go func() {
		defer end()
		_, _ = io.Copy(near, far) // ends with the connection
	}()
	defer end()
	left, buffer := p.budget, make([]byte, 32<<10)
	for {
		n, err := near.Read(buffer)
		if err != nil {
			return
		}
		p.passed.Add(int64(n))
		if left -= int64(n); left < 0 && p.cuts.Add(-1) >= 0 {
			return
		}
		if _, err := far.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// An upload over a line that breaks goes on from what the node holds: little is
// sent twice.
func TestUploadResumes(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	node := n.Node("ward")
	clerk(t, n)
	leaf := n.PKI.Issue(testpki.Client("far clerk", ""))
	node.Admit(t, "far", leaf, exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	const size = 40 << 20
	p := newProxy(t, node.Address(), 12<<20, 3)
	c := node.ConnectAt(t, p.listener.Addr().String(), leaf)
	data := randomBytes(size)
	file, err := c.Upload(context.Background(), testnode.Ward, "large.bin", "application/octet-stream", bytes.NewReader(data), size, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.GetSha256(), digestOf(data)) {
		t.Error("another file arrived")
	}
	if got := p.cuts.Load(); got > 0 {
		t.Errorf("the line broke %d times less than wanted", got)
	}
	// Each cut costs at most what was on its way and not synced yet.
	if passed, most := p.passed.Load(), int64(size+3*10<<20); passed > most {
		t.Errorf("%d bytes were sent for a file of %d, want at most %d", passed, size, most)
	}
}

// Bytes that are not those of the digest are reported, and never quietly kept.
func TestUploadRefusesWrongDigest(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := clerk(t, n)
	ctx := context.Background()
	started, err := c.Files.StartUpload(ctx, &lienthongv1.StartUploadRequest{Agency: testnode.Ward, Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.Files.UploadFile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	end := &lienthongv1.UploadEnd{Size: 4, Sha256: digestOf([]byte("nhau"))}
	if err := stream.Send(&lienthongv1.UploadFileRequest{Upload: started.GetUpload(), Data: []byte("khác"), End: end}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.CloseAndRecv(); err == nil {
		t.Error("a file with another digest was taken")
	}
}

// Pieces that do not follow one another are refused at once.
func TestUploadRefusesGaps(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := clerk(t, n)
	ctx := context.Background()
	for _, tt := range []struct {
		name   string
		second *lienthongv1.UploadFileRequest
		reason string
	}{
		{"gap", &lienthongv1.UploadFileRequest{Offset: 11, Data: []byte("x")}, "BAD_PIECE"},
		{"overlap", &lienthongv1.UploadFileRequest{Offset: 5, Data: []byte("x")}, "BAD_PIECE"},
		{"too large", &lienthongv1.UploadFileRequest{Data: make([]byte, 1<<20+1)}, "BAD_PIECE"},
		{"no end", nil, "MISSING_FIELD"},
	} {
		started, err := c.Files.StartUpload(ctx, &lienthongv1.StartUploadRequest{Agency: testnode.Ward, Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.Files.UploadFile(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(&lienthongv1.UploadFileRequest{Upload: started.GetUpload(), Data: make([]byte, 10)}) // the answer tells
		if tt.second != nil {
			_ = stream.Send(tt.second) // the answer tells
		}
		_, err = stream.CloseAndRecv()
		var e *exchange.Error
		if !errors.As(err, &e) || e.Reason != tt.reason {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.reason)
		}
	}
}

// A node that shows another certificate than the directory's is not spoken to.
func TestDialerPinsCertificate(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	impostor := n.PKI.Issue(testpki.Node("district"))
	ward := n.Node("ward").Leaf()
	d := client.Dialer{Certificate: testnode.TLS(ward), Now: n.Now}
	real := n.Node("district").Leaf().Certificate.Raw
	for _, tt := range []struct {
		name, want string
		node       envelope.Node
	}{
		{"other certificate", "does not answer", envelope.Node{ID: "district", Addresses: []string{n.Node("district").Address()}, Certificates: []envelope.NodeCertificate{{Certificate: impostor.Certificate.Raw}}}},
		{"no certificate", "no certificate that is valid now", envelope.Node{ID: "district", Addresses: []string{n.Node("district").Address()}}},
		{"certificate of the past", "no certificate that is valid now", envelope.Node{ID: "district", Addresses: []string{n.Node("district").Address()},
			Certificates: []envelope.NodeCertificate{{Certificate: real, NotAfter: 1}}}},
		{"no address", "has no address", envelope.Node{ID: "district", Certificates: []envelope.NodeCertificate{{Certificate: real}}}},
	} {
		c, err := d.Dial(ctx, tt.node)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	// The second address is tried where the first does not answer.
	c, err := d.Dial(ctx, envelope.Node{ID: "district", Addresses: []string{"127.0.0.1:1", n.Node("district").Address()}, Certificates: []envelope.NodeCertificate{{Certificate: real}}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// Nobody listens: the error says so at once, and can be tried again.
func TestReadyGivesUp(t *testing.T) {
	t.Parallel()
	c, err := client.Dial(client.Config{Address: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Ready(ctx); !errors.Is(err, client.ErrUnreachable) || !client.Retryable(err) {
		t.Errorf("ready: %v, want ErrUnreachable", err)
	}
}
