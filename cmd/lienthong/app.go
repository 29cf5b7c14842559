package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// An app is one run of the command: where it reads and writes, its clock and
// its environment, so that nothing below reads any of them by itself.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	env      func(string) (string, bool)

	lang string // "en" or "vi"
	json bool
	wide bool // lists as they are piped, on a terminal too
	as   clientFlags
}

// Exit statuses.
const (
	exitNo        = 1
	exitUsage     = 2
	exitUndecided = 3
	exitUnsigned  = 4
)

// A failure ends the run with a status. Hints say what to do; they are made here
// at the edge, where it is known which command would help.
type failure struct {
	code  int
	err   error
	hints []string

	// What it means and what to do, in Vietnamese, where [meaning] cannot know it.
	vi      string
	viHints []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, err error, hints ...string) error {
	return &failure{code: code, err: err, hints: hints}
}

func failf(code int, format string, args ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, args...)}
}

// quiet ends the run with a status when all that is to say has been said.
type quiet int

func (q quiet) Error() string { return fmt.Sprintf("exit status %d", int(q)) }

// run runs one command line and returns its exit status. All that it says about
// a failure is here: "lienthong: error: …", lower case and without a full stop,
// then "lienthong: hint: …" for each thing that the reader can do.
func (a *app) run(ctx context.Context, args []string) int {
	a.lang = a.languageOf("")
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	var q quiet
	switch {
	case err == nil:
		return 0
	case errors.As(err, &q):
		return int(q)
	}
	return a.complain(err)
}

// complain says what went wrong and what to do, and gives the exit status.
func (a *app) complain(err error) int {
	f := a.explain(err)
	lines, hints := plainText(f.err), f.hints
	if a.lang == "vi" {
		lines, hints = f.inVietnamese()
	}
	for _, line := range lines {
		fmt.Fprintf(a.err, "lienthong: %s: %s\n", a.t("error", "lỗi"), line)
	}
	for _, h := range hints {
		fmt.Fprintf(a.err, "lienthong: %s: %s\n", a.t("hint", "gợi ý"), h)
	}
	return f.code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lienthong",
		Short: "Sign, exchange and prove official documents (ký số, liên thông văn bản)",
		Long: `lienthong signs official documents (PDF, PAdES), carries them between agencies
from node to node, and proves what was sent, received and answered.

Start with "lienthong demo": three nodes on this machine, one signed letter.`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       noCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	root.PersistentFlags().BoolVar(&a.wide, "wide", false, "print lists whole, however narrow the terminal is")
	lang := root.PersistentFlags().String("lang", "", "language of what is printed: en or vi (default: by LANG)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if *lang != "" && *lang != "en" && *lang != "vi" {
			return failf(exitUsage, "--lang %q: want en or vi", *lang)
		}
		a.lang = a.languageOf(*lang)
		return nil
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fail(exitUsage, err, fmt.Sprintf("%s -h", c.CommandPath()))
	})
	root.AddCommand(a.commands()...)
	return root
}

// noCommand names a command that does not exist, with the likely one.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hints := []string{c.CommandPath() + " -h"}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hints = []string{"did you mean " + c.CommandPath() + " " + strings.Join(near, ", ") + "?"}
	}
	return fail(exitUsage, fmt.Errorf("unknown command %q", args[0]), hints...)
}

// args checks the number of arguments: at least least, and at most most unless that
// is negative. A wrong number is status 2, with the line that would be right.
func args(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) >= least && (most < 0 || len(given) <= most) {
			return nil
		}
		return fail(exitUsage, fmt.Errorf("%s: %d arguments, want: %s", c.CommandPath(), len(given), c.UseLine()), c.CommandPath()+" -h")
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noCommand, SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}

// languageOf picks the language: what was asked for, else Vietnamese where the
// locale is, else English.
func (a *app) languageOf(asked string) string {
	if asked != "" {
		return asked
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, ok := a.env(name); ok && v != "" {
			if strings.HasPrefix(v, "vi") {
				return "vi"
			}
			return "en"
		}
	}
	return "en"
}

// t is a text in the language of the run. Both languages stand side by side where
// they are used, so that neither is forgotten when the other changes.
func (a *app) t(en, vi string) string {
	if a.lang == "vi" {
		return vi
	}
	return en
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// printJSON prints one object on one line.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
