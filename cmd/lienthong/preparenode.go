package main

import (
	"context"
	"errors"
	"os"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// prepareAtNode has a node prepare a draft: the result is a file of the agency, and
// is fetched too.
func (a *app) prepareAtNode(ctx context.Context, path string, f prepareFlags, opts signer.DraftOptions) error {
	if f.repair {
		return fail(exitUsage, errors.New("--at-node: a node prepares sound files"), "leave out --repair, or --at-node")
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	up, err := a.upload(ctx, c, agency, path)
	if err != nil {
		return err
	}
	req := &lienthongv1.PrepareFileRequest{Agency: agency, Sha256: up.GetSha256(), Number: placement(opts.Number), Date: placement(opts.Date), Seal: placement(opts.Seal)}
	for _, name := range opts.Without {
		req.Without = append(req.Without, preparedFieldNumbers[name])
	}
	answer, err := c.Signing.PrepareFile(ctx, req)
	if err != nil {
		return err
	}
	digest, err := envelope.DigestFromBytes(answer.GetFile().GetSha256())
	if err != nil {
		return err
	}
	err = writeOutput(f.output, path, func(out *os.File) error {
		_, err := c.Download(ctx, agency, digest, out, nil)
		return err
	})
	if err != nil {
		return err
	}
	made := &signer.Drafted{Digest: digest, Size: int64(answer.GetFile().GetSize()), Number: answer.GetNumber(), Date: answer.GetDate(), Warnings: answer.GetWarnings()}
	for _, field := range answer.GetFields() {
		p := field.GetPlacement()
		made.Fields = append(made.Fields, signer.DraftField{Name: field.GetName(), Placement: signer.Placement{Page: int(p.GetPage()),
			Rect: [4]float64{p.GetX(), p.GetY(), p.GetX() + p.GetWidth(), p.GetY() + p.GetHeight()}}})
	}
	return a.printDrafted(f.output, made)
}

var preparedFieldNumbers = map[string]lienthongv1.PreparedField{
	signer.FieldNumber: lienthongv1.PreparedField_PREPARED_FIELD_NUMBER,
	signer.FieldDate:   lienthongv1.PreparedField_PREPARED_FIELD_DATE,
	signer.FieldSeal:   lienthongv1.PreparedField_PREPARED_FIELD_SEAL,
}
