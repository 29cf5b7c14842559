package main

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts a child into a group of its own, so that Ctrl-C at the terminal
// reaches the demo alone, which then stops its children.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interrupt ends a process: Windows has no signal that asks for it. What was
// acknowledged is durable, so a node bears it.
func interrupt(p *os.Process) error { return p.Kill() }

// rotateSignals are none: lienthong node rotate.
var rotateSignals []os.Signal
