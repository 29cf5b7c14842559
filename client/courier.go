package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A Dialer reaches peer nodes by the addresses and certificates that the directory
// gives them. It implements [exchange.Dialer].
type Dialer struct {
	Certificate tls.Certificate         // of this node, where it stays the same
	Current     func() *tls.Certificate // of this node, at each handshake; nil: always Certificate
	Now         func() time.Time
	Timeout     time.Duration // of connecting to one address; 10 s if 0
}

// Dial implements [exchange.Dialer]: the first address that answers is taken.
func (d *Dialer) Dial(ctx context.Context, peer envelope.Node) (exchange.Courier, error) {
	pinned := d.certificates(peer)
	if len(pinned) == 0 {
		return nil, fmt.Errorf("client: node %q has no certificate that is valid now", peer.ID)
	}
	if len(peer.Addresses) == 0 {
		return nil, fmt.Errorf("client: node %q has no address", peer.ID)
	}
	var errs []error
	for _, address := range peer.Addresses {
		c, err := d.connect(ctx, Config{Address: address, Certificate: d.own(), Pinned: pinned})
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (d *Dialer) own() *tls.Certificate {
	if d.Current != nil {
		return d.Current()
	}
	return &d.Certificate
}

func (d *Dialer) certificates(peer envelope.Node) []*x509.Certificate {
	now := d.Now()
	at := now.UnixMicro()
	var out []*x509.Certificate
	for _, c := range peer.Certificates {
		if at < c.NotBefore || c.NotAfter != 0 && at > c.NotAfter {
			continue
		}
		if cert, err := x509.ParseCertificate(c.Certificate); err == nil && !now.After(cert.NotAfter) {
			out = append(out, cert)
		}
	}
	return out
}

// connect opens two connections: letters and answers must not wait behind a large
// file, and two streams of one connection share its window.
func (d *Dialer) connect(ctx context.Context, cfg Config) (exchange.Courier, error) {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	control, err := Dial(cfg)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := control.Ready(waiting); err != nil {
		control.Close()
		return nil, err
	}
	files, err := Dial(cfg)
	if err != nil {
		control.Close()
		return nil, err
	}
	streaming, stop := context.WithCancel(ctx)
	stream, err := lienthongv1.NewRelayServiceClient(control.conn).Link(streaming)
	if err != nil {
		stop()
		return nil, errors.Join(err, control.Close(), files.Close())
	}
	return &courier{control: control, files: files, stream: stream, stop: stop}, nil
}

// A courier is a link that this node dialled.
type courier struct {
	control, files *Client
	stream         lienthongv1.RelayService_LinkClient
	stop           context.CancelFunc
}

func (c *courier) Send(f exchange.Frame) error {
	m, err := wire.FrameToProto(f)
	if err != nil {
		return err
	}
	return c.stream.Send(m)
}

func (c *courier) Recv() (exchange.Frame, error) {
	m, err := c.stream.Recv()
	if err != nil {
		return nil, err
	}
	return wire.FrameFromProto(m)
}

func (c *courier) Close() error {
	c.stop()
	return errors.Join(c.control.Close(), c.files.Close())
}

// Put implements [exchange.Courier].
func (c *courier) Put(ctx context.Context, file exchange.FileKey, src io.ReaderAt, size int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := lienthongv1.NewRelayServiceClient(c.files.conn).Put(ctx)
	if err != nil {
		return err
	}
	header := &lienthongv1.PutHeader{OriginNode: file.Letter.Origin, EnvelopeId: file.Letter.ID[:], Recipient: file.Recipient, Sha256: file.Digest[:]}
	if err := stream.Send(&lienthongv1.PutRequest{Header: header}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	begin, err := stream.Recv()
	if err != nil {
		return err
	}
	answers := make(chan error, 1)
	go func() { answers <- c.awaitDone(ctx, stream, file, src, size) }()
	if err := putFrom(stream, src, int64(begin.GetOffset()), size); err != nil {
		return err
	}
	return <-answers
}

// awaitDone reads answers until the peer says that the file is whole. What the peer asks
// for once more goes beside the stream, whose bytes wait meanwhile.
func (c *courier) awaitDone(ctx context.Context, stream lienthongv1.RelayService_PutClient, file exchange.FileKey, src io.ReaderAt, size int64) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil || m.GetDone() {
			return err
		}
		if m.Again != nil {
			if err := c.putLeaf(ctx, file, src, int64(m.GetAgain()), size); err != nil {
				return err
			}
		}
	}
}

func putFrom(stream lienthongv1.RelayService_PutClient, src io.ReaderAt, at, size int64) error {
	if at > size {
		return fmt.Errorf("client: put: the peer holds %d bytes of a file of %d", at, size)
	}
	for at < size {
		data := make([]byte, min(pieceSize, size-at))
		if _, err := src.ReadAt(data, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := stream.Send(&lienthongv1.PutRequest{Offset: uint64(at), Data: data}); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // the answer tells why
			}
			return err
		}
		at += int64(len(data))
	}
	return stream.CloseSend()
}

// Get implements [exchange.Courier].
func (c *courier) Get(ctx context.Context, file exchange.FileKey, offset int64) (io.ReadCloser, error) {
	return c.get(ctx, file, offset, 0)
}

// get fetches length bytes, or all that are left if it is 0.
func (c *courier) get(ctx context.Context, file exchange.FileKey, offset, length int64) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := lienthongv1.NewRelayServiceClient(c.files.conn).Get(ctx, &lienthongv1.GetRequest{OriginNode: file.Letter.Origin,
		EnvelopeId: file.Letter.ID[:], Recipient: file.Recipient, Sha256: file.Digest[:], Offset: uint64(offset), Length: uint64(length)})
	if err != nil {
		cancel()
		return nil, err
	}
	return &download{stream: stream, cancel: cancel}, nil
}

// A download reads the pieces of a file as one run of bytes.
type download struct {
	stream lienthongv1.RelayService_GetClient
	cancel context.CancelFunc
	rest   []byte
}

func (d *download) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		m, err := d.stream.Recv()
		if err != nil {
			return 0, err
		}
		d.rest = m.GetData()
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *download) Close() error {
	d.cancel()
	return nil
}
