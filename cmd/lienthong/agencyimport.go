package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/envelope"
	"lienthong/exchange/roster"
	"lienthong/internal/sheet"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) agencyImportCommand() *cobra.Command {
	var f authorFlags
	var file string
	var o roster.Options
	c := &cobra.Command{
		Use:   "import SIGNED | --file LIST --key URI",
		Short: "Take in signed files of the directory, or a list of agencies as its authority",
		Long: `Give a node signed files: snapshots, deltas, the list of zones. Or, as the authority
of a zone (--key), work a list of agencies into it: CSV whose first line names the
columns (id, code, old_code, name, parent, home_node, successor, from, ended), or the
JSON of the axis (getAgenciesList, getAgenciesListQD20). An agency that is known by
its id, or else by its code, is changed; what the list does not name stays, unless
--complete. Nothing is ever removed: agencies and codes end.`,
		Example: `  lienthong agency import directory.bin --as admin.yaml
  lienthong agency import --file agencies.csv --home province --key pem:zone.key --as admin.yaml --dry-run
  lienthong agency import --file axis.json --home province --key pem:zone.key --directory now.bin -o next.bin`,
		Args: args(0, 1),
		RunE: func(c *cobra.Command, in []string) error {
			switch {
			case len(in) == 1 && file == "":
				return a.agencyImportSigned(c.Context(), in[0])
			case len(in) == 0 && file != "":
				return a.agencyImportList(c.Context(), file, f, o)
			}
			return fail(exitUsage, errors.New("want a signed file, or --file with a list"), c.CommandPath()+" -h")
		},
	}
	c.Flags().StringVar(&file, "file", "", "list of agencies, CSV or JSON (*.json)")
	c.Flags().StringVar(&o.Home, "home", "", "node that is home to new agencies for which the list names none")
	c.Flags().BoolVar(&o.AnyCode, "any-code", false, "take codes of neither form, as test systems have them")
	c.Flags().BoolVar(&o.Complete, "complete", false, "the list is all: end the agencies that it leaves out")
	return a.authorFlags(c, &f)
}

func (a *app) agencyImportSigned(ctx context.Context, path string) error {
	files, err := readDirectoryFiles(path)
	if err != nil {
		return err
	}
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.ImportFiles(ctx, files)
	if err != nil {
		return err
	}
	if a.json {
		return a.printProto(answer)
	}
	a.printf(a.t("%d files taken, %d were there already\n", "đã nhận %d tệp, %d tệp đã có\n"), answer.GetTaken(), answer.GetKnown())
	for _, z := range answer.GetZones() {
		a.printZone(z)
	}
	return nil
}

func (a *app) printZone(z *lienthongv1.ZoneInfo) {
	if z.GetEpoch() == 0 {
		a.printf(a.t("zone %q: not here yet\n", "vùng %q: chưa có ở đây\n"), z.GetZone())
		return
	}
	a.printf(a.t("zone %q, epoch %d: %d agencies, %d nodes, issued %s\n", "vùng %q, phiên bản %d: %d cơ quan, %d nút, ban hành %s\n"),
		z.GetZone(), z.GetEpoch(), z.GetAgencies(), z.GetNodes(), vnMicro(z.GetIssued()))
}

func (a *app) agencyImportList(ctx context.Context, path string, f authorFlags, o roster.Options) error {
	rows, err := a.readRoster(path)
	if err != nil {
		return err
	}
	w, err := a.author(ctx, f)
	if err != nil {
		return err
	}
	defer w.close()
	o.Now = a.now().UnixMicro()
	var sum roster.Summary
	next, err := w.publish(ctx, func(d *envelope.Directory) (err error) {
		if sum, err = roster.Merge(d, rows, o); err != nil {
			return a.faults(path, err, a.t("nothing was changed", "chưa thay đổi gì"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"zone": next.Zone, "epoch": next.Epoch, "agencies": len(next.Agencies), "added": sum.Added, "changed": sum.Changed,
			"ended": sum.Ended, "unchanged": sum.Unchanged, "homeless": sum.Homeless, "dry_run": f.dryRun})
	}
	a.printf(a.t("%s: %d added, %d changed, %d ended, %d unchanged\n", "%s: thêm %d, đổi %d, kết thúc %d, giữ nguyên %d\n"), path, sum.Added, sum.Changed, sum.Ended, sum.Unchanged)
	if sum.Homeless > 0 {
		a.printf(a.t("%d active agencies have no home node, and get no letters (--home NODE)\n", "%d cơ quan chưa có nút phục vụ, chưa nhận được văn bản (--home NODE)\n"), sum.Homeless)
	}
	if sum.Later > 0 {
		a.printf(a.t("%d ends that lie in the past take effect now\n", "%d mốc kết thúc trong quá khứ có hiệu lực từ bây giờ\n"), sum.Later)
	}
	w.said(next)
	return nil
}

// readRoster reads a list, with a bar on a terminal.
func (a *app) readRoster(path string) ([]roster.Row, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	bar := a.progress(filepath.Base(path))
	defer bar.end()
	r := &shownReader{r: in, bar: bar, total: info.Size()}
	read := roster.ReadCSV
	if strings.EqualFold(filepath.Ext(path), ".json") {
		read = roster.ReadJSON
	}
	rows, err := read(r)
	if err != nil {
		return nil, a.faults(path, err, a.t("nothing was changed", "chưa thay đổi gì"))
	}
	return rows, nil
}

// faults makes each line of a fault say in which file it is; nothing says what has not
// happened for them.
func (a *app) faults(path string, err error, nothing string) error {
	var f *sheet.Faults
	if !errors.As(err, &f) {
		return fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	for _, fault := range f.List {
		fmt.Fprintf(a.err, "%s:%d: %s: %s\n", path, fault.Line, fault.Field, fault.Text)
	}
	return failf(exitUsage, a.t("%s: %d faults, %s", "%s: %d lỗi, %s"), path, len(f.List)+f.More, nothing)
}

// A shownReader shows how much of a file was read.
type shownReader struct {
	r           io.Reader
	bar         *bar
	done, total int64
}

// Read implements [io.Reader].
func (s *shownReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.done += int64(n)
	s.bar.show(s.done, s.total)
	return n, err
}

func (a *app) agencyExportCommand() *cobra.Command {
	var output, zone string
	c := &cobra.Command{
		Use:   "export -o OUT",
		Short: "Write the signed files of the directory, to carry them to another node",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if output == "" {
				return fail(exitUsage, errors.New("no output"), "-o FILE")
			}
			return a.agencyExport(c.Context(), zone, output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	c.Flags().StringVar(&zone, "zone", "", "this zone alone, with the list of zones")
	return a.nodeFlags(c)
}

func (a *app) agencyExport(ctx context.Context, zone, output string) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	files, err := c.ExportFiles(ctx, zone)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return failf(exitNo, "the node has no file of the directory, or none of zone %q", zone)
	}
	data := envelope.MarshalFiles(files)
	if err := writeOutput(output, "", func(out *os.File) error { _, err := out.Write(data); return err }); err != nil {
		return err
	}
	a.printf(a.t("%s: %d files, %s\n", "%s: %d tệp, %s\n"), output, len(files), bytesText(int64(len(data))))
	return nil
}

func (a *app) agencyZonesCommand() *cobra.Command {
	c := a.nodeFlags(&cobra.Command{
		Use:   "zones",
		Short: "List the zones of the directory, with how new each is",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			n, _, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer n.Close()
			answer, err := n.Directory.ListZones(c.Context(), &lienthongv1.ListZonesRequest{})
			if err != nil {
				return err
			}
			if a.json {
				return a.printProto(answer)
			}
			t := a.zoneTable()
			for _, z := range answer.GetZones() {
				if t != nil {
					t.addZone(z)
					continue
				}
				a.printZone(z)
			}
			t.end()
			return nil
		},
	})
	c.AddCommand(a.zonesSealCommand(), a.zonesShowCommand(), a.zonesCheckCommand())
	return c
}
