package main

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/spf13/cobra"

	"lienthong/store"
)

func (a *app) storeCommand() *cobra.Command {
	migrate := &cobra.Command{
		Use:   "migrate URL",
		Short: "Bring the tables of a store up to date, as a node does when it starts",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.storeMigrate(c.Context(), in[0]) },
	}
	var read bool
	check := &cobra.Command{
		Use:   "check URL",
		Short: "Hash the journal of a store again, and look for every file that it names",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.storeCheck(c.Context(), in[0], read) },
	}
	check.Flags().BoolVar(&read, "blobs", false, "read and hash the files, too")
	copyTo := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a store to a new one of any kind: files, rows, and the journal with its root",
		Long: `Copy a store to a new one of any kind: files, rows, and the journal with its root.
The node of FROM must not run. The copy is the same store: use one of the two from then on.`,
		Args: args(2, 2),
		RunE: func(c *cobra.Command, in []string) error { return a.storeCopy(c.Context(), in[0], in[1]) },
	}
	c := group("store", "A node's store, by URL (kho dữ liệu): sqlite:FOLDER or postgres://USER@HOST/DATABASE?blobs=FOLDER", migrate, check, copyTo, a.storeExportCommand(), a.storeImportCommand())
	return c
}

func (a *app) storeMigrate(ctx context.Context, url string) error {
	rows, _, err := store.OpenExisting(ctx, url)
	if err != nil {
		return fail(exitUndecided, err)
	}
	if err := rows.Close(); err != nil {
		return err
	}
	a.printf("%s: %s\n", store.Shown(url), a.t("the tables are up to date", "các bảng đã ở phiên bản mới nhất"))
	return nil
}

func (a *app) storeCheck(ctx context.Context, url string, read bool) error {
	rows, files, err := store.OpenExisting(ctx, url)
	if err != nil {
		return fail(exitUndecided, err, "sqlite: if the node is running, ask it: lienthong journal verify")
	}
	defer rows.Close()
	report, err := store.Check(ctx, rows, files, read)
	if err != nil {
		return err
	}
	return a.printStore(report)
}

func (a *app) storeCopy(ctx context.Context, from, to string) error {
	report, err := store.Copy(ctx, from, to)
	if err != nil {
		return fail(exitUndecided, err)
	}
	return a.printStore(report)
}

func (a *app) printStore(r *store.Report) error {
	root := hex.EncodeToString(r.Root[:])
	if a.json {
		line, err := json.Marshal(struct {
			Leaves   uint64   `json:"leaves"`
			Root     string   `json:"root"`
			Files    int      `json:"files"`
			Problems []string `json:"problems"`
		}{r.Leaves, root, r.Files, append([]string{}, r.Problems...)})
		if err != nil {
			return err
		}
		a.printf("%s\n", line)
	} else {
		a.printf(a.t("%d journal entries, root %s\n%d files\n", "%d mục nhật ký, gốc %s\n%d tệp\n"), r.Leaves, root, r.Files)
		for _, p := range r.Problems {
			a.printf("  ✗ %s\n", p)
		}
	}
	if len(r.Problems) > 0 {
		return quiet(exitNo)
	}
	if !a.json {
		a.printf("%s\n", a.t("nothing was altered, nothing is missing", "không có gì bị sửa hay bị thiếu"))
	}
	return nil
}
