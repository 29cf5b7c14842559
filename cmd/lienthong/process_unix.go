//go:build !windows

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts a child into a group of its own, so that Ctrl-C at the terminal
// reaches the demo alone, which then stops its children in order.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// rotateSignals have a node take another key: see rotateOnSignal.
var rotateSignals = []os.Signal{syscall.SIGHUP}
