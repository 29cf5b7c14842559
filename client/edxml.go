package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// edxmlMediaType is that of a message among the files of its letter.
const edxmlMediaType = "application/vnd.lienthong.edxml+xml"

// ImportMessage uploads a message of the national axis (edXML) for an agency, and lets the
// node do what it asks for. The same message is one act, however often it is imported.
func (c *Client) ImportMessage(ctx context.Context, agency string, message []byte, acceptProblems bool) (*lienthongv1.ImportMessageResponse, error) {
	file, err := c.Upload(ctx, agency, "message.edxml", edxmlMediaType, bytes.NewReader(message), int64(len(message)), nil)
	if err != nil {
		return nil, err
	}
	return c.EdXML.ImportMessage(ctx, &lienthongv1.ImportMessageRequest{Agency: agency, Sha256: file.GetSha256(), AcceptProblems: acceptProblems})
}

// ExportMessage writes a letter or a status as a message to w, and checks size and digest at
// the end: an error means that what was written must not be used. Where the connection
// breaks it goes on from the byte that has come, and gives up when several attempts in a row
// have brought nothing.
func (c *Client) ExportMessage(ctx context.Context, request *lienthongv1.ExportMessageRequest, w io.Writer) (*lienthongv1.MessageInfo, error) {
	in := &export{to: w, sum: sha256.New()}
	for vain := 0; ; {
		before := in.done
		err := in.goOn(ctx, c.EdXML, request)
		if err == nil || !Retryable(err) || vain == patience {
			return in.info, err
		}
		if vain++; in.done > before {
			vain = 1
		}
		if !wait(ctx, time.Duration(vain)*pause) {
			return nil, err
		}
	}
}

// An export is a message on its way here.
type export struct {
	to   io.Writer
	sum  hash.Hash
	done uint64
	info *lienthongv1.MessageInfo
}

// goOn reads from where the last attempt ended, which must be of the same message.
func (e *export) goOn(ctx context.Context, from lienthongv1.EdXMLServiceClient, request *lienthongv1.ExportMessageRequest) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := from.ExportMessage(ctx, &lienthongv1.ExportMessageRequest{Name: request.GetName(), Status: request.GetStatus(), Wrap: request.GetWrap(), Offset: e.done})
	if err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return e.whole()
		}
		if err != nil {
			return err
		}
		if info := m.GetMessage(); info != nil {
			if e.info != nil && !bytes.Equal(e.info.GetSha256(), info.GetSha256()) {
				return fmt.Errorf("client: export %s: the message has become another one: begin again", request.GetName())
			}
			e.info = info
		}
		if _, err := io.MultiWriter(e.to, e.sum).Write(m.GetData()); err != nil {
			return err
		}
		e.done += uint64(len(m.GetData()))
	}
}

func (e *export) whole() error {
	want, err := envelope.DigestFromBytes(e.info.GetSha256())
	if err != nil {
		return fmt.Errorf("client: export: the node did not say which message: %w", err)
	}
	if got := envelope.Digest(e.sum.Sum(nil)); got != want || e.done != e.info.GetSize() {
		return fmt.Errorf("client: export: %d bytes came with SHA-256 %s, want %d with %s", e.done, got, e.info.GetSize(), want)
	}
	return nil
}
