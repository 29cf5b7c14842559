package server

import (
	"context"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// fileService moves files between a client and its node.
type fileService struct {
	lienthongv1.UnimplementedFileServiceServer
	*Server
}

const (
	pieceDown = 256 << 10 // of a download
	pieceUp   = 1 << 20   // the most that a client may put into one message
	// syncEvery is after how many bytes what has come is made durable: a crash costs
	// the sender at most these, and a large file does not sync at every message.
	syncEvery = 8 << 20
)

func (f *fileService) StartUpload(ctx context.Context, m *lienthongv1.StartUploadRequest) (*lienthongv1.StartUploadResponse, error) {
	upload, err := f.svc.StartUpload(ctx, callerOf(ctx).actor(envelope.Staff{}), exchange.UploadRequest{Agency: m.GetAgency(),
		Name: m.GetName(), MediaType: m.GetMediaType(), Size: m.GetSize(), RequestID: m.GetRequestId()})
	if err != nil {
		return nil, err
	}
	_, held, err := f.svc.GetUpload(ctx, callerOf(ctx).actor(envelope.Staff{}), upload.ID)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.StartUploadResponse{Upload: upload.ID.String(), Offset: uint64(held), MaxSize: f.opts.MaxFile}, nil
}

func (f *fileService) GetUpload(ctx context.Context, m *lienthongv1.GetUploadRequest) (*lienthongv1.GetUploadResponse, error) {
	id, err := uploadID(m.GetUpload())
	if err != nil {
		return nil, err
	}
	upload, held, err := f.upload(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.GetUploadResponse{Upload: m.GetUpload(), Offset: uint64(held)}
	if upload.Done {
		file, err := f.svc.File(ctx, upload.Agency, upload.Digest)
		if err != nil {
			return nil, err
		}
		out.File, out.Offset = wire.FileToProto(file), file.Size
	}
	return out, nil
}

// upload finds an upload of the caller and holds the rest of the call to its agency, which
// no request names: an upload is its agency's, and not for whoever began it and has no
// role there any more, or shows a token that is for another.
func (f *fileService) upload(ctx context.Context, id envelope.ID) (exchange.Upload, int64, error) {
	upload, held, err := f.svc.GetUpload(ctx, callerOf(ctx).actor(envelope.Staff{}), id)
	if err != nil {
		return upload, held, err
	}
	return upload, held, callOf(ctx).holdTo(upload.Agency)
}

func uploadID(s string) (envelope.ID, error) {
	id, err := envelope.ParseID(s)
	if err != nil {
		return id, &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the upload cannot be read",
			Fields: []exchange.Field{{Path: "upload", Reason: "BAD_FIELD", Text: err.Error()}}}
	}
	return id, nil
}

// UploadFile takes pieces until one says size and SHA-256. A stream that breaks
// loses at most what came after the last sync; GetUpload tells where to go on.
func (f *fileService) UploadFile(stream lienthongv1.FileService_UploadFileServer) error {
	ctx := stream.Context()
	actor := callerOf(ctx).actor(envelope.Staff{})
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	id, err := uploadID(first.GetUpload())
	if err != nil {
		return err
	}
	if _, _, err := f.upload(ctx, id); err != nil {
		return err
	}
	var end *lienthongv1.UploadEnd
	in := &pieces{at: first.GetOffset()}
	in.next = func() (piece, error) {
		m := first
		if first = nil; m == nil {
			if m, err = stream.Recv(); err != nil {
				return piece{}, err
			}
		}
		end = m.GetEnd()
		return piece{data: m.GetData(), offset: m.GetOffset(), last: end != nil, limit: pieceUp}, nil
	}
	for held := int64(first.GetOffset()); !in.done(); {
		if held, err = f.svc.WriteUpload(ctx, actor, id, held, io.LimitReader(in, syncEvery)); err != nil {
			return err
		}
	}
	if end == nil {
		return &exchange.Error{Code: exchange.Invalid, Reason: wire.ReasonMissingField, Text: "the stream ended without size and SHA-256",
			Fields: []exchange.Field{{Path: "end", Reason: wire.ReasonMissingField, Text: "want it in the last message; what was sent is kept, go on from GetUpload"}}}
	}
	digest, err := wire.DigestField("end.sha256", end.GetSha256())
	if err != nil {
		return err
	}
	if err := callOf(ctx).judge(); err != nil { // the file becomes the agency's only now, after what may be hours
		return err
	}
	file, err := f.svc.FinishUpload(ctx, actor, id, int64(end.GetSize()), digest)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&lienthongv1.UploadFileResponse{File: wire.FileToProto(file)})
}

func (f *fileService) GetFile(ctx context.Context, m *lienthongv1.GetFileRequest) (*lienthongv1.GetFileResponse, error) {
	agency, err := f.agencyOf(m)
	if err != nil {
		return nil, err
	}
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	file, err := f.svc.File(ctx, agency, digest)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GetFileResponse{File: wire.FileToProto(file)}, nil
}

func (f *fileService) DownloadFile(m *lienthongv1.DownloadFileRequest, stream lienthongv1.FileService_DownloadFileServer) error {
	agency, err := f.agencyOf(m)
	if err != nil {
		return err
	}
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return err
	}
	file, blob, err := f.svc.OpenFile(stream.Context(), agency, digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	described := wire.FileToProto(file)
	return sendPieces(blob, m.GetOffset(), func(data []byte) error {
		err := stream.Send(&lienthongv1.DownloadFileResponse{File: described, Data: data})
		described = nil
		return err
	})
}
