package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"lienthong/internal/powercut"
)

// A process is one of a node.
type process struct {
	name, node, dir string
	address, admin  string
	binary          string

	mu     sync.Mutex
	offset time.Duration // of its clock, from the next start on
	traced string        // folder that is recorded, from the next start on; none if empty
	cmd    *exec.Cmd
	exited chan struct{}
	record *powercut.Recording
	log    *os.File
	ready  bool // it has answered since it was started
	ends   int  // how often it ended by itself although it had been ready
}

func (p *process) config() string  { return filepath.Join(p.dir, "config.yaml") }
func (p *process) logFile() string { return filepath.Join(p.dir, "node.log") }

// start starts the process, if it does not run.
func (p *process) start() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	if p.log, err = os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	cmd := exec.Command(p.binary, "serve", "--config", p.config())
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GOMAXPROCS=2", "GOTRACEBACK=all"}
	if p.offset != 0 {
		cmd.Env = append(cmd.Env, "LIENTHONG_CLOCK_OFFSET="+p.offset.String())
	}
	fmt.Fprintf(p.log, "chaos: %s start, clock %s\n", time.Now().Format(stamp), p.offset)
	p.record = nil
	if p.traced != "" {
		p.record, err = powercut.Start(cmd, p.traced)
	} else {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited, p.ready = cmd, exited, false
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	return nil
}

// stamp is how times are written in logs of a campaign.
const stamp = "15:04:05.000"

// running needs the lock.
func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		if p.ready {
			p.ends++
		}
		p.cmd, p.ready = nil, false
		p.log.Close()
		return false
	default:
		return true
	}
}

// kill ends the process with SIGKILL, if it runs.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself just now
	<-p.exited
	fmt.Fprintf(p.log, "chaos: %s killed\n", time.Now().Format(stamp))
	p.cmd, p.ready = nil, false
	p.log.Close()
}

// dump ends the process with SIGQUIT: what each of its goroutines does goes to its log.
func (p *process) dump() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended by itself just now
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
	}
	p.ready = false
}

// setClock makes the clock wrong from the next start on.
func (p *process) setClock(offset time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset = offset
}

// heal makes the process as it should be from the next start on, and reports whether it
// must be started again for that.
func (p *process) heal() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	wrong := p.offset != 0 || p.traced != ""
	p.offset, p.traced = 0, ""
	return wrong
}

// restart kills the process and starts it again.
func (p *process) restart() error {
	p.kill()
	return p.start()
}

// awaitLimit bounds how long a process may take until it answers: it may have to wait
// for a database that recovers, or for what a power cut left.
const awaitLimit = 40 * time.Second

// await waits until the process takes connections, and starts it again where it ended:
// so does whatever supervises it on a real machine.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, awaitLimit)
	defer cancel()
	for {
		if err := p.start(); err != nil {
			return err
		}
		if conn, err := net.DialTimeout("tcp", p.address, time.Second); err == nil {
			conn.Close()
			p.mu.Lock()
			p.ready = true
			p.mu.Unlock()
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("%s does not answer: %s", p.name, p.lastLog())
		}
	}
}

// ended tells how often the process ended by itself since it was asked last.
func (p *process) ended() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running()
	n := p.ends
	p.ends = 0
	return n
}

func (p *process) lastLog() string {
	data, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-3):], []byte(" | ")))
}

// pause waits, and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
