package powercut

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A call is one system call as strace saw it. A call appears twice in the order
// of events: where it began and where it returned.
type call struct {
	pid    int
	name   string
	args   []string
	result int64  // negative if it failed
	opened string // what strace says that a returned descriptor is
	begun  int    // number of the line on which it began
	ended  int    // number of the line on which it returned
	at     float64
}

// parse reads the output of strace -f -y -ttt -T -xx, and returns the calls that
// returned, in the order in which they did.
func parse(r io.Reader) ([]*call, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	open := map[int]pending{} // by thread
	var all []*call
	for n := 0; ; n++ {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return all, nil // a last line that is cut short was never finished
		}
		if err != nil {
			return nil, fmt.Errorf("powercut: read trace: %w", err)
		}
		c, err := parseLine(strings.TrimSuffix(line, "\n"), n, open)
		if err != nil {
			return nil, fmt.Errorf("powercut: trace line %d: %w", n+1, err)
		}
		if c != nil {
			all = append(all, c)
		}
	}
}

// A pending call has begun and not returned.
type pending struct {
	text string
	line int
}

const (
	unfinished = " <unfinished ...>"
	resumed    = " resumed>"
)

// parseLine returns the call that returned on this line, if one did.
func parseLine(line string, n int, open map[int]pending) (*call, error) {
	pidText, rest, _ := strings.Cut(line, " ")
	pid, err := strconv.Atoi(pidText)
	if err != nil {
		return nil, fmt.Errorf("no process number in %.80q", line)
	}
	stamp, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	at, err := strconv.ParseFloat(stamp, 64)
	if err != nil {
		return nil, fmt.Errorf("no time in %.80q", line)
	}
	if strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") || killed(rest) {
		delete(open, pid)
		return nil, nil
	}
	if head, ok := strings.CutSuffix(rest, unfinished); ok {
		open[pid] = pending{head, n}
		return nil, nil
	}
	begun, whole := n, true
	if strings.HasPrefix(rest, "<... ") {
		_, tail, ok := strings.Cut(rest, resumed)
		p, known := open[pid]
		if !ok || !known {
			return nil, fmt.Errorf("thread %d resumes what it did not begin: %.100q", pid, line)
		}
		delete(open, pid)
		rest, begun, whole = p.text+tail, p.line, false
	}
	c, took, err := parseCall(rest)
	if c == nil || err != nil {
		return nil, err
	}
	c.pid, c.begun, c.ended, c.at = pid, begun, n, at
	if whole { // else the stamp is that of the return
		c.at += took
	}
	return c, nil
}

// killed reports whether this line is about a call during which its thread was
// killed: it may have done anything, and nothing that anybody was told of.
func killed(rest string) bool {
	return strings.HasPrefix(rest, "???") || strings.HasPrefix(rest, "<... ???") || strings.HasSuffix(rest, " <detached ...>") || strings.HasSuffix(rest, ":No such process>")
}

// parseCall reads "name(arg, arg) = result <seconds>".
func parseCall(s string) (*call, float64, error) {
	name, rest, ok := strings.Cut(s, "(")
	if !ok {
		return nil, 0, fmt.Errorf("no call in %.80q", s)
	}
	args, rest, err := splitArgs(rest)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	value, ok := strings.CutPrefix(strings.TrimLeft(rest, " "), "= ")
	if !ok {
		return nil, 0, fmt.Errorf("%s: no result in %.80q", name, rest)
	}
	if strings.HasPrefix(value, "?") {
		return nil, 0, nil // killed within the call
	}
	c := &call{name: name, args: args}
	var took float64
	if i := strings.LastIndex(value, " <"); i >= 0 {
		took, err = strconv.ParseFloat(strings.TrimSuffix(value[i+2:], ">"), 64)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: no duration in %.80q", name, value)
		}
		value = value[:i]
	}
	number, _, _ := strings.Cut(value, " ")
	number, what, described := strings.Cut(number, "<")
	if c.result, err = strconv.ParseInt(number, 0, 64); err != nil {
		return nil, 0, fmt.Errorf("%s: result %.80q", name, value)
	}
	if described {
		c.opened, err = unescape(strings.TrimSuffix(what, ">"))
	}
	return c, took, err
}

// splitArgs cuts the arguments at their commas, up to the closing parenthesis.
// Strings and names hold nothing but \x escapes, so brackets are brackets.
func splitArgs(s string) (args []string, rest string, err error) {
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '(' || b == '[' || b == '{' || b == '<':
			depth++
		case b == ')' && depth == 0:
			if a := strings.TrimSpace(s[start:i]); a != "" {
				args = append(args, a)
			}
			return args, s[i+1:], nil
		case b == ')' || b == ']' || b == '}' || b == '>' && i > 0 && s[i-1] != '=':
			depth--
		case b == ',' && depth == 0:
			args = append(args, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return nil, "", fmt.Errorf("arguments do not end in %.80q", s)
}

// unescape reads \x escapes, and takes other bytes as they are.
func unescape(s string) (string, error) {
	b, err := unescapeBytes(s)
	return string(b), err
}

func unescapeBytes(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)/4+8)
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		if i+3 >= len(s) || s[i+1] != 'x' {
			return nil, fmt.Errorf("escape in %.80q", s[i:])
		}
		hi, ok1 := nibble(s[i+2])
		lo, ok2 := nibble(s[i+3])
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("escape in %.80q", s[i:])
		}
		out = append(out, hi<<4|lo)
		i += 3
	}
	return out, nil
}

func nibble(b byte) (byte, bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	}
	return 0, false
}

// text reads an argument that is a string: "\x2f\x61".
func text(arg string) ([]byte, error) {
	if strings.HasSuffix(arg, "...") {
		return nil, fmt.Errorf("a string longer than %d bytes was cut", maxWrite)
	}
	if len(arg) < 2 || arg[0] != '"' || arg[len(arg)-1] != '"' {
		return nil, fmt.Errorf("want a string, got %.80q", arg)
	}
	return unescapeBytes(arg[1 : len(arg)-1])
}

// descriptor reads an argument like 5<\x2f\x61>: its number and what it names.
func descriptor(arg string) (fd int, name string, err error) {
	number, what, _ := strings.Cut(arg, "<")
	if number == "AT_FDCWD" {
		fd = -100
	} else if fd, err = strconv.Atoi(number); err != nil {
		return 0, "", fmt.Errorf("want a descriptor, got %.80q", arg)
	}
	what, _, _ = strings.Cut(what, ">")
	name, err = unescape(what)
	return fd, name, err
}
