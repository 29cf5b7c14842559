package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A campaign is all rounds.
type campaign struct {
	options options
	out     io.Writer
	dir     string
	binary  string
	commit  string
	world   *world
	worlds  int
	known   map[string]bool
	missing map[string]string // families that cannot run, and why
	tally   tally
	begun   time.Time
}

func newCampaign(ctx context.Context, o options, out io.Writer) (_ *campaign, err error) {
	c := &campaign{options: o, out: out, dir: o.keep, binary: o.binary, missing: make(map[string]string), begun: time.Now()}
	c.tally.faults = make(map[string]int)
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "chaos-"); err != nil {
			return nil, err
		}
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return nil, err
	}
	if hash, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		c.commit = string(hash[:max(0, len(hash)-1)])
	}
	if c.binary == "" {
		c.binary = filepath.Join(c.dir, "lienthong")
		build := exec.CommandContext(ctx, "go", "build", "-o", c.binary, "lienthong/cmd/lienthong")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the command (chaos runs in the source tree): %w: %s", err, text)
		}
	}
	return c, nil
}

// run runs round after round, until one fails.
func (c *campaign) run(ctx context.Context) error {
	for n := c.options.first; n < c.options.first+c.options.rounds; n++ {
		if err := c.fresh(ctx, n); err != nil {
			return err
		}
		r := &round{world: c.world, seed: c.options.seed, number: n, load: c.options.load, ledger: newLedger(), known: c.known,
			restoring: c.options.wants("restore")}
		if err := c.drawFaults(r); err != nil {
			return err
		}
		begun := time.Now()
		if err := r.run(ctx); err != nil {
			return errors.Join(err, c.report(r))
		}
		if len(r.ledger.wrong) > 0 {
			return c.report(r)
		}
		c.tally.add(r, time.Since(begun))
		fmt.Fprintf(c.out, "round %d: %s\n", n, c.tally.last)
	}
	return nil
}

// fresh makes the nodes, and makes them anew after some rounds, so that what is checked
// does not grow.
func (c *campaign) fresh(ctx context.Context, n int) (err error) {
	if c.world != nil && (n-c.options.first)%c.options.fresh != 0 {
		return nil
	}
	if c.world != nil {
		c.world.close()
		if err := os.RemoveAll(c.world.dir); err != nil {
			return err
		}
		c.world = nil
	}
	c.worlds++
	dir := filepath.Join(c.dir, fmt.Sprintf("world-%d", c.worlds))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c.known = make(map[string]bool)
	c.world, err = newWorld(ctx, dir, c.binary)
	return err
}

// report tells of a round that failed, and how to repeat it.
func (c *campaign) report(r *round) error {
	c.tally.failed++
	fmt.Fprintf(c.out, "\nround %d failed, seed %d, folder %s\n", r.number, r.seed, c.dir)
	for _, line := range r.log {
		fmt.Fprintf(c.out, "  %s\n", line)
	}
	const most = 40
	for i, line := range r.ledger.wrong {
		if i == most {
			fmt.Fprintf(c.out, "  and %d more\n", len(r.ledger.wrong)-most)
			break
		}
		fmt.Fprintf(c.out, "  WRONG: %s\n", line)
	}
	fmt.Fprintf(c.out, "repeat it: go run ./tools/chaos -seed %d -first %d -rounds 1\n", r.seed, r.number)
	return errFailed
}

// close ends the nodes. What a failed round left stays.
func (c *campaign) close() {
	if c.world != nil {
		if c.tally.failed > 0 {
			c.world.save()
		}
		c.world.close()
	}
	if c.tally.failed == 0 && c.options.keep == "" {
		_ = os.RemoveAll(c.dir) // it is below the system's temporary folder
	}
}
