package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// nodeService is for who operates the node itself.
type nodeService struct {
	lienthongv1.UnimplementedNodeServiceServer
	*Server
}

func (n *nodeService) GetNodeCertificate(context.Context, *lienthongv1.GetNodeCertificateRequest) (*lienthongv1.GetNodeCertificateResponse, error) {
	return &lienthongv1.GetNodeCertificateResponse{Certificate: bindingToProto(n.svc.Binding())}, nil
}

func (n *nodeService) RotateCertificate(ctx context.Context, m *lienthongv1.RotateCertificateRequest) (*lienthongv1.RotateCertificateResponse, error) {
	if n.opts.Rotate == nil {
		return nil, &exchange.Error{Code: exchange.Precondition, Reason: "NO_CONFIGURATION", Text: "this node has no configuration that names another certificate"}
	}
	binding, err := n.opts.Rotate(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetCheck(), m.GetForce())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.RotateCertificateResponse{Certificate: bindingToProto(binding)}, nil
}

func bindingToProto(b exchange.Binding) *lienthongv1.NodeCertificateState {
	return &lienthongv1.NodeCertificateState{Sha256: b.Certificate[:], Bound: b.Bound, EndsAt: b.Ends.UnixMicro(), Others: uint32(b.Others)}
}
