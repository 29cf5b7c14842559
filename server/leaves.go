package server

import (
	"context"

	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func transferFile(m *lienthongv1.TransferFile) (exchange.FileKey, error) {
	return wire.FileKey("file", m.GetOriginNode(), m.GetEnvelopeId(), m.GetRecipient(), m.GetSha256())
}

// GetLeaves gives the leaf hashes of a file that Get would serve.
func (r *relayService) GetLeaves(ctx context.Context, m *lienthongv1.GetLeavesRequest) (*lienthongv1.GetLeavesResponse, error) {
	file, err := transferFile(m.GetFile())
	if err != nil {
		return nil, err
	}
	leaves, err := r.relay.OfferedLeaves(ctx, callerOf(ctx).node, file)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GetLeavesResponse{Leaves: leaves}, nil
}

// PutLeaves takes the leaf hashes of a file that the peer is about to put.
func (r *relayService) PutLeaves(ctx context.Context, m *lienthongv1.PutLeavesRequest) (*lienthongv1.PutLeavesResponse, error) {
	file, err := transferFile(m.GetFile())
	if err != nil {
		return nil, err
	}
	wanted, err := r.relay.TakeLeaves(ctx, callerOf(ctx).node, file, m.GetLeaves())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.PutLeavesResponse{Wanted: wanted}, nil
}

// PutLeaf takes one leaf that a Put was asked for once more.
func (r *relayService) PutLeaf(ctx context.Context, m *lienthongv1.PutLeafRequest) (*lienthongv1.PutLeafResponse, error) {
	file, err := transferFile(m.GetFile())
	if err != nil {
		return nil, err
	}
	if err := r.relay.TakeLeaf(ctx, callerOf(ctx).node, file, int64(m.GetOffset()), m.GetData()); err != nil {
		return nil, err
	}
	return &lienthongv1.PutLeafResponse{}, nil
}

// upTo is a file as far as length bytes behind an offset; all of it if that is 0.
func upTo(blob exchange.Blob, offset, length uint64) exchange.Blob {
	size := uint64(blob.Size())
	if length == 0 || offset > size || length >= size-offset {
		return blob
	}
	return shortened{blob, int64(offset + length)}
}

// A shortened is the beginning of a file.
type shortened struct {
	exchange.Blob
	size int64
}

func (s shortened) Size() int64 { return s.size }
