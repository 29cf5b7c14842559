// Package client is the way to a node: for the command line and document
// management systems ([Dial]), and for other nodes ([Courier]).
//
// It keeps no state of letters and decides nothing about them. Answers of a node
// come back as *exchange.Error, as the node's own code saw them.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A Config says which node, and who asks.
type Config struct {
	Address     string           // host:port
	Certificate *tls.Certificate // of the client; nil for none, which opens nothing but health without a token
	Token       string           // API token, sent with every call instead of a certificate; empty for none
	Roots       *x509.CertPool   // authorities of node certificates; nil for the system's
	ServerName  string           // in the node's certificate; the host of Address if empty
	// Pinned, where it is given, are the only certificates that the node may show, and
	// no authority is asked: between nodes the directory says which certificate is whose.
	Pinned []*x509.Certificate
}

// A Client is a connection to a node with a stub for each service. It connects when
// it is first used, and again when the connection breaks.
type Client struct {
	Files      lienthongv1.FileServiceClient
	Signing    lienthongv1.SigningServiceClient
	Validation lienthongv1.ValidationServiceClient
	Documents  lienthongv1.DocumentServiceClient
	Deliveries lienthongv1.DeliveryServiceClient
	Directory  lienthongv1.DirectoryServiceClient
	Journal    lienthongv1.JournalServiceClient
	Identity   lienthongv1.IdentityServiceClient
	Registers  lienthongv1.RegisterServiceClient
	Statistics lienthongv1.StatisticsServiceClient
	Dossiers   lienthongv1.DossierServiceClient
	Groups     lienthongv1.GroupServiceClient
	EdXML      lienthongv1.EdXMLServiceClient
	Retention  lienthongv1.RetentionServiceClient

	conn *grpc.ClientConn
}

// frameLimit is the largest answer: a frame between nodes is the largest of all.
const frameLimit = 8 << 20

// Dial makes a client. It does not wait for the connection: see [Client.Ready].
func Dial(cfg Config) (*Client, error) {
	creds, err := cfg.credentials()
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithChainUnaryInterceptor(unaryErrors),
		grpc.WithChainStreamInterceptor(streamErrors),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(frameLimit), grpc.MaxCallSendMsgSize(frameLimit)),
		grpc.WithInitialWindowSize(wire.StreamWindow),
		grpc.WithInitialConnWindowSize(wire.ConnectionWindow),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 15 * time.Second, PermitWithoutStream: false}),
	}
	if cfg.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(Bearer(cfg.Token)))
	}
	conn, err := grpc.NewClient("passthrough:///"+cfg.Address, options...)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", cfg.Address, err)
	}
	return &Client{
		Files:      lienthongv1.NewFileServiceClient(conn),
		Signing:    lienthongv1.NewSigningServiceClient(conn),
		Validation: lienthongv1.NewValidationServiceClient(conn),
		Documents:  lienthongv1.NewDocumentServiceClient(conn),
		Deliveries: lienthongv1.NewDeliveryServiceClient(conn),
		Directory:  lienthongv1.NewDirectoryServiceClient(conn),
		Journal:    lienthongv1.NewJournalServiceClient(conn),
		Identity:   lienthongv1.NewIdentityServiceClient(conn),
		Registers:  lienthongv1.NewRegisterServiceClient(conn),
		Statistics: lienthongv1.NewStatisticsServiceClient(conn),
		Dossiers:   lienthongv1.NewDossierServiceClient(conn),
		Groups:     lienthongv1.NewGroupServiceClient(conn),
		EdXML:      lienthongv1.NewEdXMLServiceClient(conn),
		Retention:  lienthongv1.NewRetentionServiceClient(conn),
		conn:       conn,
	}, nil
}

// Conn is the connection itself, for services that have no stub here: health,
// reflection, and those that a later version adds.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// ErrUnreachable says that no connection to the node came about.
var ErrUnreachable = errors.New("the node does not answer")

// Ready waits until the connection is up, and gives up at the first attempt that
// fails: a person at a terminal wants to know.
func (c *Client) Ready(ctx context.Context) error {
	c.conn.Connect()
	for {
		state := c.conn.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.TransientFailure, connectivity.Shutdown:
			return fmt.Errorf("client: %s: %w", c.conn.Target(), ErrUnreachable)
		}
		if !c.conn.WaitForStateChange(ctx, state) {
			return fmt.Errorf("client: %s: %w: %w", c.conn.Target(), ErrUnreachable, ctx.Err())
		}
	}
}

func (cfg Config) credentials() (credentials.TransportCredentials, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: cfg.Roots, ServerName: cfg.ServerName, NextProtos: []string{"h2"}}
	if cfg.Certificate != nil {
		t.Certificates = []tls.Certificate{*cfg.Certificate}
	}
	if len(cfg.Pinned) > 0 {
		// The name and the authority are not asked, since the certificate itself is known.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(state tls.ConnectionState) error {
			for _, known := range cfg.Pinned {
				if len(state.PeerCertificates) > 0 && state.PeerCertificates[0].Equal(known) {
					return nil
				}
			}
			return fmt.Errorf("client: %s shows a certificate that the directory does not bind to it", cfg.Address)
		}
	}
	return credentials.NewTLS(t), nil
}

// unaryErrors and streamErrors give callers the errors of the domain back.
func unaryErrors(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return wire.ErrorFromStatus(invoke(ctx, method, req, reply, cc, opts...))
}

func streamErrors(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, wire.ErrorFromStatus(err)
	}
	return &errorStream{s}, nil
}

type errorStream struct{ grpc.ClientStream }

func (s *errorStream) RecvMsg(m any) error { return wire.ErrorFromStatus(s.ClientStream.RecvMsg(m)) }
