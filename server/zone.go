package server

import (
	"context"
	"errors"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// GetDirectory gives a peer what the directory here has beyond its own.
func (r *relayService) GetDirectory(m *lienthongv1.GetDirectoryRequest, stream lienthongv1.RelayService_GetDirectoryServer) error {
	have, err := wire.EpochsFromProto("have", m.GetHave())
	if err != nil {
		return wire.BadField("have", err)
	}
	return r.relay.GiveDirectory(stream.Context(), have, func(sealed envelope.Sealed) error {
		return wire.SendFile(sealed, func(c *lienthongv1.DirectoryChunk) error {
			return stream.Send(&lienthongv1.GetDirectoryResponse{Chunk: c})
		})
	})
}

// PutDirectory takes files from a peer that dialled.
func (r *relayService) PutDirectory(stream lienthongv1.RelayService_PutDirectoryServer) error {
	ctx, cancel := r.untilStopped(stream.Context())
	defer cancel()
	next := wire.ReceiveFiles(func() (*lienthongv1.DirectoryChunk, error) {
		m, err := stream.Recv()
		return m.GetChunk(), err
	})
	if err := r.relay.TakeDirectory(ctx, callerOf(ctx).node, next); err != nil {
		return err
	}
	return stream.SendAndClose(&lienthongv1.PutDirectoryResponse{Epochs: wire.EpochsToProto(r.svc.Directory().Epochs())})
}

// ImportFiles takes files from an administrator. What came before one that is refused
// stays taken: each file stands for itself.
func (d *directoryService) ImportFiles(stream lienthongv1.DirectoryService_ImportFilesServer) error {
	ctx, out := stream.Context(), &lienthongv1.ImportFilesResponse{}
	next := wire.ReceiveFiles(func() (*lienthongv1.DirectoryChunk, error) {
		m, err := stream.Recv()
		return m.GetChunk(), err
	})
	for {
		sealed, err := next()
		if errors.Is(err, io.EOF) {
			out.Zones = zones(d.svc.Directory())
			return stream.SendAndClose(out)
		}
		if err != nil {
			return err
		}
		taken, err := d.svc.TakeFile(ctx, callerOf(ctx).actor(envelope.Staff{}), sealed)
		if err != nil {
			return err
		}
		if taken {
			out.Taken++
		} else {
			out.Known++
		}
	}
}

// ExportFiles gives the files of which the directory is made.
func (d *directoryService) ExportFiles(m *lienthongv1.ExportFilesRequest, stream lienthongv1.DirectoryService_ExportFilesServer) error {
	ctx := stream.Context()
	for _, ref := range d.svc.Directory().FilesBeyond(nil) {
		if m.GetZone() != "" && ref.Zone != "" && ref.Zone != m.GetZone() {
			continue
		}
		sealed, err := d.svc.DirectoryFile(ctx, ref)
		if err != nil {
			return err
		}
		if err := wire.SendFile(sealed, func(c *lienthongv1.DirectoryChunk) error {
			return stream.Send(&lienthongv1.ExportFilesResponse{Chunk: c})
		}); err != nil {
			return err
		}
	}
	return nil
}

// ListZones tells how new each zone is.
func (d *directoryService) ListZones(context.Context, *lienthongv1.ListZonesRequest) (*lienthongv1.ListZonesResponse, error) {
	dir := d.svc.Directory()
	return &lienthongv1.ListZonesResponse{Zones: zones(dir), ListEpoch: dir.ListEpoch(), Node: d.svc.ID()}, nil
}

func zones(dir *exchange.Directory) []*lienthongv1.ZoneInfo {
	var out []*lienthongv1.ZoneInfo
	for _, z := range dir.Zones() {
		out = append(out, &lienthongv1.ZoneInfo{Zone: z.Zone, Epoch: z.Epoch, Issued: z.Issued, Root: z.Root, Parent: z.Parent, Agencies: uint32(z.Agencies),
			Nodes: uint32(z.Nodes), State: z.State[:], SnapshotEpoch: z.Snapshot, Deltas: uint32(z.Deltas)})
	}
	return out
}
