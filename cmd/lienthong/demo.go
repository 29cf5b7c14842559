package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// demoLetter is a ward's report as its office program made it, not signed yet.
//
//go:embed demo/letter.pdf
var demoLetter []byte

// demoLimit is how long the whole demo may take before it gives up.
const demoLimit = 2 * time.Minute

func (a *app) demoCommand() *cobra.Command {
	var dir string
	var keep bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Three nodes on this machine: sign, send, relay, validate, answer, prove",
		Long: `Make a throw-away authority and three nodes on this machine (a ward, its district,
their province), sign a ward's report, send it through the district to the
province, answer it, and check every receipt, signature and journal on the way.
Exit status 0 only if all of it held. Nothing leaves this machine.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			err := a.demo(c.Context(), dir, keep)
			if err != nil && c.Context().Err() != nil {
				return fail(exitUndecided, errors.New("interrupted"))
			}
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "empty or new folder for all of it (default: a temporary one, which stays)")
	c.Flags().BoolVar(&keep, "keep", false, "leave the nodes up until Ctrl-C, and print commands to try")
	return c
}

// A demo is one run of it.
type demo struct {
	*app
	dir     string
	world   *demoWorld
	started time.Time
}

func (a *app) demo(ctx context.Context, dir string, keep bool) (err error) {
	d := &demo{app: a, started: a.now()}
	if d.dir, err = demoFolder(dir); err != nil {
		return err
	}
	a.printf("%s\n%s %s\n\n", a.t("Lienthong: one signed letter from a ward to its province",
		"Liên thông: một văn bản ký số từ phường lên tỉnh"), a.t("everything lies in", "mọi thứ nằm trong"), d.dir)
	limited, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if d.world, err = d.makeWorld(limited, self); err != nil {
		return d.failed("make the authority and the nodes", err)
	}
	defer d.world.stop()
	if err := d.play(limited); err != nil {
		return err
	}
	d.printf(a.t("\nAll of it held, in %.1f s. Everything lies in %s\n", "\nMọi bước đều đúng, trong %.1f giây. Mọi thứ nằm trong %s\n"),
		a.now().Sub(d.started).Seconds(), d.dir)
	d.printPlaces()
	if keep {
		return d.keepUp(ctx)
	}
	return nil
}

// demoFolder makes the folder. One that holds something is refused: the demo must
// not mix with what somebody keeps.
func demoFolder(dir string) (string, error) {
	if dir == "" {
		dir, err := os.MkdirTemp("", "lienthong-demo-")
		return dir, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fail(exitUsage, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fail(exitUsage, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fail(exitUsage, err)
	}
	if len(entries) > 0 {
		return "", fail(exitUsage, fmt.Errorf("%s: is not empty", dir), "give a new folder with --dir, or none")
	}
	return dir, nil
}

// step says that something was done, and when.
func (d *demo) step(en, vi string, args ...any) {
	d.printf("%6.2f s  ✓ %s\n", d.now().Sub(d.started).Seconds(), fmt.Sprintf(d.t(en, vi), args...))
}

// failed says which step did not hold, and where to look.
func (d *demo) failed(step string, err error) error {
	f := d.explain(err)
	hints := append(f.hints, "the logs of the nodes: "+filepath.Join(d.dir, "*", "node.log"))
	return fail(exitNo, fmt.Errorf("%s: %w", step, err), hints...)
}

func (d *demo) printPlaces() {
	for _, p := range []struct{ name, en, vi string }{
		{"letter-sealed.pdf", "the letter, signed and sealed: open it with any reader", "văn bản đã ký và đóng dấu: mở bằng phần mềm đọc PDF"},
		{"received/", "the copies that the recipients took out", "bản mà nơi nhận đã tải"},
		{"ward/ district/ province/", "a node each: config.yaml, node.log, data", "mỗi nút: config.yaml, node.log, data"},
		{"directory.bin", "the signed directory of agencies and nodes", "danh bạ cơ quan và nút, đã ký"},
		{"pki/", "the throw-away authority: trust it nowhere else", "CA thử nghiệm: không tin dùng ở nơi khác"},
	} {
		d.printf("  %-27s %s\n", p.name, d.t(p.en, p.vi))
	}
}

// keepUp waits for Ctrl-C with everything running.
func (d *demo) keepUp(ctx context.Context) error {
	program, err := d.demoProgram(d.world.self)
	if err != nil {
		return err
	}
	d.printf("\n%s\n", d.t("The nodes are up until you press Ctrl-C. In another terminal:", "Các nút còn chạy đến khi bấm Ctrl-C. Ở cửa sổ khác:"))
	for _, line := range []string{
		"inbox --as " + d.world.profile("province"),
		"outbox --as " + d.world.profile("ward"),
		"show --as " + d.world.profile("ward") + " " + d.world.sentID,
		"journal list --as " + d.world.profile("district"),
		"journal verify --as " + d.world.profile("district"),
		"agency list --as " + d.world.profile("ward"),
		"send --as " + d.world.profile("ward") + " --to H55 --number 46 --symbol BC-UBND --type BC --subject \"Báo cáo bổ sung\" --signer \"Đỗ Nghĩa Sĩ\" " + filepath.Join(d.dir, "letter-sealed.pdf"),
		"validate --trust " + d.world.pki.RootFile() + " --crl " + d.world.pki.CRLDir() + " " + filepath.Join(d.dir, "letter-sealed.pdf"),
	} {
		d.printf("  %s %s\n", program, line)
	}
	<-ctx.Done()
	d.printf("\n%s\n", d.t("stopping", "đang dừng"))
	return nil
}
