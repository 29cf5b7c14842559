package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// newWorld makes the demo's authority and its three nodes, as processes of this
// test binary.
func newWorld(t *testing.T) *demo {
	t.Helper()
	// TestMain has put the binary on the PATH under the name by which it is the command.
	self, err := exec.LookPath("lienthong")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{in: os.Stdin, out: io.Discard, err: io.Discard, now: time.Now, env: func(string) (string, bool) { return "", false }, lang: "en"}
	d := &demo{app: a, dir: filepath.Join(t.TempDir(), "world"), started: time.Now()}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if d.world, err = d.makeWorld(ctx, self); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.world.stop)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for id, n := range d.world.nodes {
			data, _ := os.ReadFile(filepath.Join(n.dir, "node.log")) // what there is
			t.Logf("log of %s, its end:\n%s", id, data[max(0, len(data)-4000):])
		}
	})
	return d
}
