// Chaos breaks a small network of nodes while it carries letters, and looks whether
// anything that was promised is missing afterwards.
//
//	go run ./tools/chaos [-seed N] [-rounds 20] [-first 1] [-only FAMILY,...] [-o docs/chaos-run.md] [-keep DIR]
//
// A ward and a district over SQLite, and a province of three processes over one
// PostgreSQL and one folder of files, are processes of the built command. Clerks send,
// acknowledge and answer in both directions; each round draws one fault of each family
// by seed and number of the round, and lets them happen at moments of that draw. Then
// everything is healed, and checked: docs/chaos.md says what.
//
// It runs in the source tree, on Linux, as root if disks are to be filled; what it lacks
// (PostgreSQL, strace, the right to mount) it says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

type options struct {
	seed          uint64
	rounds, first int
	only          string
	load          time.Duration
	output, keep  string
	binary        string
	fresh         int
}

// errFailed says that a round found something wrong, which has been printed.
var errFailed = errors.New("a round failed; its folder is kept")

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	fl := flag.NewFlagSet("chaos", flag.ContinueOnError)
	fl.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what the rounds are drawn from")
	fl.IntVar(&o.rounds, "rounds", 20, "how many rounds")
	fl.IntVar(&o.first, "first", 1, "number of the first round: with -seed it repeats one")
	fl.StringVar(&o.only, "only", "", "families of faults, separated by commas; all if empty")
	fl.DurationVar(&o.load, "load", 3*time.Second, "how long clerks send in a round, and faults begin")
	fl.StringVar(&o.output, "o", "", "write the table there too, as Markdown")
	fl.StringVar(&o.keep, "dir", "", "folder of the nodes, kept; a temporary one that goes if all is well, if empty")
	fl.StringVar(&o.binary, "binary", "", "built command to break; built here if empty")
	fl.IntVar(&o.fresh, "fresh", 25, "rounds after which the nodes are made anew")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() > 0 || o.rounds < 1 || o.first < 1 || o.fresh < 1 {
		return fmt.Errorf("found %q with %d rounds from %d, want flags alone, and at least one round from 1", fl.Args(), o.rounds, o.first)
	}
	c, err := newCampaign(ctx, o, out)
	if err != nil {
		return err
	}
	defer c.close()
	err = c.run(ctx)
	fmt.Fprintf(out, "\n%s", c.table())
	if o.output != "" {
		err = errors.Join(err, os.WriteFile(o.output, []byte(c.table()), 0o644))
	}
	return err
}

// wants reports whether a family of faults was asked for.
func (o *options) wants(family string) bool {
	if o.only == "" {
		return true
	}
	for _, name := range strings.Split(o.only, ",") {
		if name == family {
			return true
		}
	}
	return false
}
