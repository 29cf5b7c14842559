package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"lienthong/internal/powercut"
)

// drawPower cuts the power of a node: its process is killed, and its folder becomes what a
// disk would hold if all that was not synced were lost, or, by chance, some of it kept.
//
// The process is recorded by strace from before the load on. Of the province only the
// first process runs then, its files are what is lost, and its database is stopped at once.
func drawPower(r *round, random *rand.Rand) (*fault, error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, powercut.ErrUnavailable)
	}
	node := r.free(random)
	all, torn := r.world.of(node), random.IntN(2) == 0
	p, disk := all[0], r.world.disks[node]
	kept := "nothing"
	if torn {
		kept = "some"
	}
	cut := func(ctx context.Context) error {
		trace, err := p.killTraced()
		if err != nil {
			return err
		}
		if node == "province" {
			if err := r.world.database.stop(); err != nil {
				return err
			}
		}
		rebuild := func(dir string) error { return trace.Rebuild(dir, trace.Last()) }
		if torn {
			rebuild = func(dir string) error { return trace.RebuildTorn(dir, trace.Last(), random) }
		}
		return disk.replace(rebuild)
	}
	return &fault{what: fmt.Sprintf("power of %s cut, of what was not synced %s is kept", node, kept), alone: node,
		prepare: func(ctx context.Context) error {
			for _, p := range all {
				p.kill()
			}
			p.trace(disk.data())
			return p.await(ctx)
		},
		begin: cut,
		end: func(ctx context.Context) error {
			if node == "province" {
				if err := r.world.database.again(); err != nil {
					return err
				}
			}
			var errs []error
			for _, p := range all {
				errs = append(errs, p.start())
			}
			return errors.Join(errs...)
		}}, nil
}

// trace lets the process be recorded when it is started next.
func (p *process) trace(folder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traced = folder
}

// killTraced kills a process that is recorded, and gives what it did. It is recorded no more.
func (p *process) killTraced() (*powercut.Trace, error) {
	p.kill()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traced = ""
	if p.record == nil {
		return nil, fmt.Errorf("%s was not recorded", p.name)
	}
	record := p.record
	p.record = nil
	return record.Trace()
}

// replace puts what rebuild makes in the place of what the disk holds.
func (d *disk) replace(rebuild func(dir string) error) error {
	left := filepath.Join(d.dir, "left")
	if err := os.RemoveAll(left); err != nil {
		return err
	}
	if err := rebuild(left); err != nil {
		return err
	}
	old, err := os.ReadDir(d.data())
	if err != nil {
		return err
	}
	for _, e := range old {
		if err := os.RemoveAll(filepath.Join(d.data(), e.Name())); err != nil {
			return err
		}
	}
	return errors.Join(os.CopyFS(d.data(), os.DirFS(left)), os.RemoveAll(left))
}
