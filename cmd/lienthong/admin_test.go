package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { scriptCommands["get"] = get }

// get URL prints the status and what HTTP gives, whatever the status; it fails where
// nobody answers.
func get() {
	client := &http.Client{Timeout: 5 * time.Second}
	r, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	defer r.Body.Close()
	fmt.Println(r.Status)
	if _, err := io.Copy(os.Stdout, r.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// A gateway carries connections on, but holds back what they send until it is opened.
type gateway struct {
	listener net.Listener
	reached  chan struct{} // a token for each connection
	open     chan struct{} // closed when it is
}

// gates is the key of a script's gateways, which are kept by address.
type gates struct{}

// gate new ADDRESS TARGET makes a gateway; gate reached ADDRESS waits until somebody is
// held at it; gate open ADDRESS lets everybody through.
func gate(ts *testscript.TestScript, neg bool, args []string) {
	all := ts.Value(gates{}).(map[string]*gateway)
	switch address := args[1]; args[0] {
	case "new":
		l, err := net.Listen("tcp", address)
		ts.Check(err)
		g := &gateway{l, make(chan struct{}, 100), make(chan struct{})}
		all[address] = g
		ts.Defer(func() { l.Close() })
		go g.serve(args[2])
	case "reached":
		select {
		case <-all[address].reached:
		case <-time.After(20 * time.Second):
			ts.Fatalf("nobody came to %s", address)
		}
	case "open":
		close(all[address].open)
	}
}

func (g *gateway) serve(target string) {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.carry(c, target)
	}
}

func (g *gateway) carry(c net.Conn, target string) {
	defer c.Close()
	g.reached <- struct{}{}
	<-g.open
	to, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { _, _ = io.Copy(to, c) }()
	_, _ = io.Copy(c, to)
}

// terminate TEXT asks the background command that has this argument to stop, as a service
// manager does; kill of testscript knows SIGINT alone.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	tell(ts, args[0], interrupt)
}

// hangup TEXT has the background command that has this argument take its key anew.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	tell(ts, args[0], func(p *os.Process) error { return p.Signal(rotateSignals[0]) })
}

func tell(ts *testscript.TestScript, text string, signal func(*os.Process) error) {
	for _, c := range ts.BackgroundCmds() {
		if slices.Contains(c.Args, text) {
			ts.Check(signal(c.Process))
			return
		}
	}
	ts.Fatalf("no background command with %q", text)
}
