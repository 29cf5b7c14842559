package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func transferFile(file exchange.FileKey) *lienthongv1.TransferFile {
	return &lienthongv1.TransferFile{OriginNode: file.Letter.Origin, EnvelopeId: file.Letter.ID[:], Recipient: file.Recipient, Sha256: file.Digest[:]}
}

// noLeaves says an answer of a peer that does not know leaf hashes, or not of this file,
// as [exchange.ErrNoLeaves].
func noLeaves(err error) error {
	var known *exchange.Error
	if errors.As(err, &known) && (known.Reason == codes.Unimplemented.String() || known.Reason == exchange.ReasonNoLeaves) {
		return fmt.Errorf("%w: %w", exchange.ErrNoLeaves, err)
	}
	return err
}

// GetLeaves implements [exchange.LeafCourier].
func (c *courier) GetLeaves(ctx context.Context, file exchange.FileKey) ([]byte, error) {
	m, err := lienthongv1.NewRelayServiceClient(c.files.conn).GetLeaves(ctx, &lienthongv1.GetLeavesRequest{File: transferFile(file)})
	return m.GetLeaves(), noLeaves(err)
}

// PutLeaves implements [exchange.LeafCourier].
func (c *courier) PutLeaves(ctx context.Context, file exchange.FileKey, leaves func() ([]byte, error)) error {
	relay := lienthongv1.NewRelayServiceClient(c.files.conn)
	m, err := relay.PutLeaves(ctx, &lienthongv1.PutLeavesRequest{File: transferFile(file)})
	if err != nil || !m.GetWanted() {
		return noLeaves(err)
	}
	list, err := leaves()
	if err != nil {
		return err
	}
	_, err = relay.PutLeaves(ctx, &lienthongv1.PutLeavesRequest{File: transferFile(file), Leaves: list})
	return err
}

// GetLeaf implements [exchange.LeafCourier]. A peer that does not know the length sends on,
// and is stopped.
func (c *courier) GetLeaf(ctx context.Context, file exchange.FileKey, offset, length int64) ([]byte, error) {
	src, err := c.get(ctx, file, offset, length)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	data := make([]byte, length)
	_, err = io.ReadFull(src, data)
	return data, err
}

// putLeaf sends one leaf once more.
func (c *courier) putLeaf(ctx context.Context, file exchange.FileKey, src io.ReaderAt, offset, size int64) error {
	if offset < 0 || offset >= size || offset%envelope.LeafSize != 0 {
		return fmt.Errorf("client: put: the peer asks for the leaf from byte %d of a file of %d", offset, size)
	}
	data := make([]byte, min(envelope.LeafSize, size-offset))
	if _, err := src.ReadAt(data, offset); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, err := lienthongv1.NewRelayServiceClient(c.files.conn).PutLeaf(ctx, &lienthongv1.PutLeafRequest{File: transferFile(file), Offset: uint64(offset), Data: data})
	return err
}
