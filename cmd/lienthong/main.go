// Command lienthong signs, sends, receives and proves official documents.
//
// It is the one binary of the project: a node (serve), the client of a node
// (send, inbox, show, …), and a tool for files alone (sign, validate, inspect).
// This package is the edge: it reads flags, files and the clock, and says what
// to do next. What it does not do is decide: that is package signer for files
// and package exchange for letters.
//
// Exit status: 0 ok, 1 the answer is no, 2 usage or unreadable input, 3 it
// cannot be decided or a service does not answer, 4 the file is not signed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks a second time does not wait
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now, env: os.LookupEnv}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
