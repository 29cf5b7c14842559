package client

import (
	"context"
	"errors"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// GetDirectory implements [exchange.DirectoryCourier].
func (c *courier) GetDirectory(ctx context.Context, have []exchange.Epoch, take func(envelope.Sealed) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := lienthongv1.NewRelayServiceClient(c.files.conn).GetDirectory(ctx, &lienthongv1.GetDirectoryRequest{Have: wire.EpochsToProto(have)})
	if err != nil {
		return err
	}
	return eachFile(func() (*lienthongv1.DirectoryChunk, error) {
		m, err := stream.Recv()
		return m.GetChunk(), err
	}, take)
}

func eachFile(recv func() (*lienthongv1.DirectoryChunk, error), take func(envelope.Sealed) error) error {
	next := wire.ReceiveFiles(recv)
	for {
		sealed, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(sealed)
		}
		if err != nil {
			return err
		}
	}
}

// PutDirectory implements [exchange.DirectoryCourier].
func (c *courier) PutDirectory(ctx context.Context, next func() (envelope.Sealed, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := lienthongv1.NewRelayServiceClient(c.files.conn).PutDirectory(ctx)
	if err != nil {
		return err
	}
	err = putFiles(next, func(chunk *lienthongv1.DirectoryChunk) error {
		return stream.Send(&lienthongv1.PutDirectoryRequest{Chunk: chunk})
	})
	if err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

// putFiles sends files until next gives io.EOF. What the other side has against them it
// says in its answer.
func putFiles(next func() (envelope.Sealed, error), send func(*lienthongv1.DirectoryChunk) error) error {
	for {
		sealed, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := wire.SendFile(sealed, send); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// ImportFiles gives a node files of a directory.
func (c *Client) ImportFiles(ctx context.Context, files []envelope.Sealed) (*lienthongv1.ImportFilesResponse, error) {
	stream, err := c.Directory.ImportFiles(ctx)
	if err != nil {
		return nil, err
	}
	next := func() (envelope.Sealed, error) {
		if len(files) == 0 {
			return envelope.Sealed{}, io.EOF
		}
		file := files[0]
		files = files[1:]
		return file, nil
	}
	if err := putFiles(next, func(chunk *lienthongv1.DirectoryChunk) error {
		return stream.Send(&lienthongv1.ImportFilesRequest{Chunk: chunk})
	}); err != nil {
		return nil, err
	}
	return stream.CloseAndRecv()
}

// ExportFiles gives all files of which a node's directory is made, or those of one zone.
func (c *Client) ExportFiles(ctx context.Context, zone string) ([]envelope.Sealed, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Directory.ExportFiles(ctx, &lienthongv1.ExportFilesRequest{Zone: zone})
	if err != nil {
		return nil, err
	}
	var out []envelope.Sealed
	err = eachFile(func() (*lienthongv1.DirectoryChunk, error) {
		m, err := stream.Recv()
		return m.GetChunk(), err
	}, func(s envelope.Sealed) error { out = append(out, s); return nil })
	return out, err
}
