package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A bar shows how far a transfer is, on a terminal only: what is piped into a file
// or another program stays clean.
type bar struct {
	a       *app
	name    string
	enabled bool
	last    time.Time
	drawn   bool
}

const (
	barWidth = 30
	barEvery = 100 * time.Millisecond
	barFrom  = 1 << 20 // smaller files are gone before a bar would be seen
)

func (a *app) progress(name string) *bar {
	f, ok := a.err.(*os.File)
	return &bar{a: a, name: name, enabled: ok && !a.json && term.IsTerminal(int(f.Fd()))}
}

func (b *bar) show(done, total int64) {
	now := b.a.now()
	if !b.enabled || total < barFrom || done < total && now.Sub(b.last) < barEvery {
		return
	}
	b.last, b.drawn = now, true
	filled := int(done * barWidth / total)
	fmt.Fprintf(b.a.err, "\r%s [%s%s] %3d %%  %s ", b.name, strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled),
		done*100/total, bytesText(total))
}

func (b *bar) end() {
	if b.drawn {
		fmt.Fprintln(b.a.err)
	}
}
