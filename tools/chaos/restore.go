package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A node is restored in each round whose number restoreEvery divides, from a backup that was
// made backupAge rounds before. What was submitted to a node after its backup is lost by
// design, so its own agencies send nothing from the backup on; letters of all others go to
// it and through it, and its agencies acknowledge and answer.
const (
	restoreEvery = 10
	backupAge    = 3
)

// restored is the node whose turn it is, and whether a round is in its time.
func (r *round) restored() (node string, now bool) {
	turn := (r.number + restoreEvery - 1) / restoreEvery // the same for the rounds before a restore
	h := rand.New(rand.NewPCG(r.seed, uint64(turn)))
	return nodes[h.IntN(len(nodes))].id, r.number%restoreEvery == 0 || r.number%restoreEvery >= restoreEvery-backupAge
}

// silent is the node whose agencies send nothing in this round; empty for none.
func (r *round) silent() string {
	node, now := r.restored()
	if !now || !r.restoring {
		return ""
	}
	return node
}

// backUp makes the backup for a restore that comes, if it is not there.
func (r *round) backUp(ctx context.Context) error {
	node := r.silent()
	if node == "" {
		return nil
	}
	if _, err := os.Stat(r.world.backup()); err == nil {
		return nil
	}
	p := r.world.of(node)[0]
	r.note("backup of %s", node)
	return r.world.command(ctx, "backup", "--config", p.config(), "--to", r.world.backup())
}

func (w *world) backup() string { return filepath.Join(w.dir, "backup") }

func (w *world) command(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, w.binary, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("lienthong %s: %w: %s", args[0], err, out)
	}
	return nil
}

// drawRestore lets a node burn down, and go on from its backup in an empty place.
func drawRestore(r *round, _ *rand.Rand) (*fault, error) {
	node, _ := r.restored()
	all := r.world.of(node)
	return &fault{what: node + " burns down, and is restored from a backup", alone: node,
		begin: func(ctx context.Context) error {
			for _, p := range all {
				p.kill()
			}
			r.ledger.burned(node)
			if err := r.world.burn(node); err != nil {
				return err
			}
			if err := r.restore(ctx, all[0].config()); err != nil {
				return err
			}
			var errs []error
			for _, p := range all {
				errs = append(errs, p.start())
			}
			return errors.Join(append(errs, os.RemoveAll(r.world.backup()))...)
		}}, nil
}

// restoreLimit is how long the database may be away while a node is restored into it.
const restoreLimit = 10 * time.Second

// restore runs the command until it succeeds, as whoever restores a node does while another
// fault keeps the database away.
func (r *round) restore(ctx context.Context, config string) error {
	limited, cancel := context.WithTimeout(ctx, restoreLimit)
	defer cancel()
	for {
		err := r.world.command(ctx, "restore", "--config", config, "--from", r.world.backup())
		if err == nil || !pause(limited, 300*time.Millisecond) {
			return err
		}
	}
}

// burn empties all that a node keeps.
func (w *world) burn(node string) error {
	if node == "province" {
		if err := w.database.server.Do(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
			return err
		}
	}
	return os.RemoveAll(w.disks[node].data())
}
