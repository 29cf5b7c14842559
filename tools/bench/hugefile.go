package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// most of what a hop may have resident, in MiB, whatever the file.
const hopMemory = 150

// hugeFile moves a large file from the ward to the province, through processes of their
// own, over lines that break; and a part of it past a district that is killed as often
// for its size.
func (b *bench) hugeFile(ctx context.Context) ([]row, error) {
	const part = 5
	cut, err := b.moveLarge(ctx, b.large, b.cuts, false)
	if err != nil {
		return nil, err
	}
	killed, err := b.moveLarge(ctx, b.large/part, max(b.cuts/part, 1), true)
	return append(cut, killed...), err
}

// moveLarge sends one file and counts what passed beyond its bytes: those that came
// twice, and what frames and TLS add.
func (b *bench) moveLarge(ctx context.Context, size int64, cuts int, kill bool) (_ []row, err error) {
	h, err := b.newHops(ctx, size/int64(cuts+1)+1, kill)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	path := filepath.Join(h.folder, "large")
	if err := randomFile(path, size); err != nil {
		return nil, err
	}
	c, err := h.clerk(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	begin := time.Now()
	if err := sendLarge(ctx, c, path); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	how, limit := fmt.Sprintf("%d times cut", h.broken()), 1.0
	if kill {
		how, limit = fmt.Sprintf("the district killed %d times", h.killed.Load()), 5
	}
	name := fmt.Sprintf("%.2f GiB, %s", float64(size)/(1<<30), how)
	var rows []row
	for _, line := range h.lines {
		if kill && line.to != "district" {
			continue
		}
		x := most(fmt.Sprintf("%s: more than once over the line to the %s", name, line.to), 100*float64(line.passed.Load()-size)/float64(size), limit, "%")
		x.base = fmt.Sprintf("%.1f MiB passed; %s to Delivered", float64(line.passed.Load())/mebibyte, took.Round(time.Second))
		rows = append(rows, x)
	}
	for _, id := range treeNodes {
		mib, err := h.peak(id)
		if err != nil {
			return nil, err
		}
		x := most(fmt.Sprintf("%s: memory of the %s", name, id), mib, hopMemory, "MiB")
		rows = append(rows, x)
	}
	return rows, nil
}

// randomFile writes bytes that no disk or line can make smaller.
func randomFile(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, size)
	return errors.Join(err, f.Close())
}

// sendLarge uploads a file at the ward, sends it to the province with a small letter, and
// waits until it is delivered.
func sendLarge(ctx context.Context, c *client.Client, path string) error {
	in, err := open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	annex, err := c.Upload(ctx, "a-ward", "phu-luc.bin", "application/octet-stream", in, in.size, nil)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	m := opaque().message(1, "a-province")
	m.Files = append(m.Files, &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole_FILE_ROLE_ANNEX, Sha256: annex.GetSha256()})
	sent, err := c.Documents.SendDocument(ctx, m)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: sent.GetDocument().GetName()})
		if err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		if d.GetDocument().GetDeliveries()[0].GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
