package server

import (
	"context"
	"sort"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// directoryService answers who is who, from the directory that was imported.
type directoryService struct {
	lienthongv1.UnimplementedDirectoryServiceServer
	*Server
}

func (d *directoryService) GetAgency(ctx context.Context, m *lienthongv1.GetAgencyRequest) (*lienthongv1.GetAgencyResponse, error) {
	list, err := d.svc.Resolve(ctx, []string{m.GetAgency()})
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || list[0].Agency.ID == "" {
		return nil, &exchange.Error{Code: exchange.NotFound, Reason: "UNKNOWN_AGENCY", Text: "agency is not in the directory"}
	}
	return &lienthongv1.GetAgencyResponse{Agency: list[0].Agency.Proto(), NextHop: list[0].NextHop}, nil
}

// ListAgencies goes through the directory by id. The page token is the last id.
func (d *directoryService) ListAgencies(_ context.Context, m *lienthongv1.ListAgenciesRequest) (*lienthongv1.ListAgenciesResponse, error) {
	dir := d.svc.Directory()
	agencies := dir.Agencies
	after := strings.TrimPrefix(m.GetPageToken(), "a:")
	from := 0
	if after != "" {
		from = sort.Search(len(agencies), func(i int) bool { return agencies[i].ID > after })
	}
	to := min(from+pageSize(m.GetPageSize()), len(agencies))
	out := &lienthongv1.ListAgenciesResponse{Epoch: dir.Epoch, Node: d.svc.ID()}
	for _, a := range agencies[from:to] {
		out.Agencies = append(out.Agencies, a.Proto())
	}
	if to < len(agencies) {
		out.NextPageToken = "a:" + agencies[to-1].ID
	}
	return out, nil
}

func (d *directoryService) ImportDirectory(ctx context.Context, m *lienthongv1.ImportDirectoryRequest) (*lienthongv1.ImportDirectoryResponse, error) {
	sealed, err := envelope.SealedFromProto(m.GetDirectory())
	if err != nil {
		return nil, wire.BadField("directory", err)
	}
	dir, err := d.svc.ImportDirectory(ctx, callerOf(ctx).actor(envelope.Staff{}), sealed)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ImportDirectoryResponse{Zone: dir.Zone, Epoch: dir.Epoch, Agencies: uint32(len(dir.Agencies)), Nodes: uint32(len(dir.Nodes))}, nil
}

func (d *directoryService) ExportDirectory(ctx context.Context, _ *lienthongv1.ExportDirectoryRequest) (*lienthongv1.ExportDirectoryResponse, error) {
	sealed, err := d.svc.ExportDirectory(ctx)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ExportDirectoryResponse{Directory: sealed.Proto()}, nil
}
