// Bench measures signing and validation beside the work that none can avoid, and
// beside other programs; and nodes beside what their stores do alone. It says of each
// number that is asked for whether it is met.
//
//	go run ./tools/bench [-o docs/numbers.md] [-only GROUP] [-pairs 51] [-corpus FOLDER]
//	go run ./tools/bench -set exchange [-o docs/exchange-numbers.md] [-only GROUP] [-full]
//
// The exchange is measured in sizes that end in a quarter of an hour; -full takes those
// that are asked for (hours, 60 GB of disk), and a flag of a size goes before either.
//
// Everything is one run on one machine: what is compared runs in interleaved pairs,
// and the median of their ratios counts. What takes memory runs in processes of
// their own, by which the system counts it. Large files are made on the fly in a
// folder of its own, which it removes; 3 GB of disk are enough.
//
// It needs Linux for memory, and go on the PATH in the source tree to build the
// command once. Of pdfsig (poppler) and pyHanko (tools/install.sh gets
// them) it says where they are missing.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

type options struct {
	output, only, corpus, set string
	pairs                     int

	rounds    int   // each rate is measured so often, in turn with the others
	letters10 int   // letters of 10 KB in a round
	backlog   int   // letters
	documents int   // in a large store
	large     int64 // bytes
	cuts      int
	limit     time.Duration // for each group
}

// A size is how much one part of the exchange measures: by itself, and with -full, as much
// as is asked for.
type size struct {
	flag, what  string
	usual, full int64
}

var sizes = []size{
	{"rounds", "how often each rate is measured, in turn with the others", 3, 5},
	{"letters", "letters of 10 KB in each round; an eighth of those of 200 KB", 1200, 3000},
	{"backlog", "letters that wait for a peer", 20_000, 1_000_000},
	{"documents", "letters in a store, beside a hundredth of them in another", 100_000, 1_000_000},
	{"large", "bytes of the large file", 512 << 20, 4 << 30},
	{"cuts", "how often its link is cut", 12, 100},
}

// sizeFlags are those of all sizes; call what it returns after they are parsed.
func sizeFlags(fl *flag.FlagSet, o *options) (take func()) {
	full := fl.Bool("full", false, "exchange: measure in the sizes that are asked for")
	given := make(map[string]*int64, len(sizes))
	for _, x := range sizes {
		given[x.flag] = fl.Int64(x.flag, 0, fmt.Sprintf("exchange: %s; %d, or %d with -full, where it is 0", x.what, x.usual, x.full))
	}
	return func() {
		for _, x := range sizes {
			if *given[x.flag] > 0 {
				continue
			}
			if *given[x.flag] = x.usual; *full {
				*given[x.flag] = x.full
			}
		}
		o.rounds, o.letters10, o.backlog = int(*given["rounds"]), int(*given["letters"]), int(*given["backlog"])
		o.documents, o.large, o.cuts = int(*given["documents"]), *given["large"], int(*given["cuts"])
		if *full && o.limit == usualLimit {
			o.limit = 0
		}
	}
}

// usualLimit is how long one group may take, where nothing else is said.
const usualLimit = 10 * time.Minute

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "child" {
		return child(ctx, args[1:], out)
	}
	if len(args) > 0 && args[0] == "node" {
		return nodeProcess(ctx, args[1:], out)
	}
	var o options
	fl := flag.NewFlagSet("bench", flag.ContinueOnError)
	fl.StringVar(&o.output, "o", "", "write the tables and the method there too, as Markdown")
	fl.StringVar(&o.only, "only", "", "measure only the groups whose name holds this")
	fl.StringVar(&o.corpus, "corpus", "", "folder of hostile files of others, *.pdf and *.pdf.gz, below it; none if empty")
	fl.IntVar(&o.pairs, "pairs", 51, "interleaved pairs of each comparison")
	fl.StringVar(&o.set, "set", "signing", "what is measured: signing (and validation), or exchange")
	fl.DurationVar(&o.limit, "limit", usualLimit, "how long each group may take; what has not ended then is missed, and the next begins; 0, and by itself with -full: any time")
	take := sizeFlags(fl, &o)
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() > 0 {
		return fmt.Errorf("found %q, want flags alone", fl.Args())
	}
	take()
	temp, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	b, err := newBench(temp, o)
	if err != nil {
		return err
	}
	begin := time.Now()
	report := b.all(ctx, out)
	if report.err != nil {
		return report.err
	}
	fmt.Fprintf(out, "\n%d of %d numbers met, in %v\n", report.met, report.asked, time.Since(begin).Round(time.Second))
	if o.output == "" {
		return nil
	}
	return os.WriteFile(o.output, append(report.markdown(ctx, begin, o.set), byHand(o.output)...), 0o644)
}

// byHand is what people have written below the tables of a page: it stays.
func byHand(page string) []byte {
	old, err := os.ReadFile(page)
	if at := bytes.Index(old, []byte("\n## By hand")); err == nil && at >= 0 {
		return old[at:]
	}
	return nil
}

// A group is measurements of one subject.
type group struct {
	name    string
	measure func(ctx context.Context) ([]row, error)
}

// all measures group after group, and prints each as it is ready.
func (b *bench) all(ctx context.Context, out io.Writer) *report {
	r := &report{pairs: b.pairs}
	groups := map[string][]group{"signing": b.signing(), "exchange": b.exchange()}[b.set]
	if groups == nil {
		r.err = fmt.Errorf("-set %q: want signing or exchange", b.set)
	}
	for _, g := range groups {
		if !strings.Contains(strings.ToLower(g.name), strings.ToLower(b.only)) {
			continue
		}
		s, err := b.within(ctx, g)
		if err != nil {
			r.err = fmt.Errorf("%s: %w", g.name, err)
			return r
		}
		r.add(s)
		var text bytes.Buffer
		s.write(&text)
		fmt.Fprintf(out, "%s\n", text.Bytes())
	}
	return r
}

// within measures a group, for as long as it may take.
func (b *bench) within(ctx context.Context, g group) (section, error) {
	limited, cancel := ctx, func() {}
	if b.limit > 0 {
		limited, cancel = context.WithTimeout(ctx, b.limit)
	}
	defer cancel()
	begin := time.Now()
	rows, err := g.measure(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		rows, err = []row{{what: "all of it", found: fmt.Sprintf("not ended in %v (-limit)", b.limit), asked: true}}, nil
	}
	return section{g.name, rows, time.Since(begin)}, err
}

func (b *bench) exchange() []group {
	return []group{
		{"Carrying letters", b.carrying},
		{"One letter to many", b.many},
		{"An evidence file", b.verifyEvidence},
		{"A large file", b.hugeFile},
		{"A backlog", b.waiting},
		{"A store that grows", b.growth},
	}
}

func (b *bench) signing() []group {
	return []group{
		{"Signing a letter", b.signLetter},
		{"Signing 10 MB", b.signTen},
		{"Validating a letter", b.validateLetter},
		{"Parts, apart", b.parts},
		{"A scan of 200 MB", b.scan},
		{"200 MB of a million objects", b.manyObjects},
		{"Hostile files", b.hostile},
	}
}
