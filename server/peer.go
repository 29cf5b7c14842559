package server

import (
	"context"
	"fmt"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// peerService looks at neighbours.
type peerService struct {
	lienthongv1.UnimplementedPeerServiceServer
	*Server
}

func (p *peerService) ListPeers(ctx context.Context, _ *lienthongv1.ListPeersRequest) (*lienthongv1.ListPeersResponse, error) {
	list, err := p.relay.Neighbours(ctx)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListPeersResponse{}
	for _, n := range list {
		out.Peers = append(out.Peers, peerToProto(n))
	}
	return out, nil
}

func peerToProto(n exchange.Neighbour) *lienthongv1.Peer {
	return &lienthongv1.Peer{Node: n.Node.ID, Name: n.Node.Name, Addresses: n.Node.Addresses, Dialled: n.Dialled, LinkUp: n.Up, Waiting: uint64(n.Waiting)}
}

func (p *peerService) CheckPeer(ctx context.Context, m *lienthongv1.CheckPeerRequest) (*lienthongv1.CheckPeerResponse, error) {
	n, findings, err := p.relay.CheckPeer(ctx, m.GetPeer())
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.CheckPeerResponse{Peer: peerToProto(n), Ok: true}
	for _, f := range findings {
		out.Ok = out.Ok && f.OK
		out.Findings = append(out.Findings, &lienthongv1.PeerFinding{Check: f.Check, Ok: f.OK, Text: f.Text})
	}
	return out, nil
}

func (p *peerService) Probe(ctx context.Context, m *lienthongv1.ProbeRequest) (*lienthongv1.ProbeResponse, error) {
	if hello := m.GetHello(); hello.GetNode() != callerOf(ctx).node {
		return nil, wire.BadField("hello.node", fmt.Errorf("is %.80q, and the certificate is that of node %q", hello.GetNode(), callerOf(ctx).node))
	}
	hello, err := wire.HelloToProto(p.relay.Hello())
	return &lienthongv1.ProbeResponse{Hello: hello}, err
}
