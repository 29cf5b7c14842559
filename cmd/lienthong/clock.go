package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// clockVariable moves the clock of a node's process by a duration, so that tests can
// try what happens when clocks differ.
const clockVariable = "LIENTHONG_CLOCK_OFFSET"

// What the key environment may say.
const (
	environmentProduction = "production"
	environmentTest       = "test"
)

// offsetClock moves the clock of this run by [clockVariable]. A node that is not there
// for tests must not run with a wrong clock because of what is left in an environment:
// it is refused, and the file alone says that a node is there for tests.
func (a *app) offsetClock(cfg *config, log *slog.Logger) error {
	text, ok := a.env(clockVariable)
	if !ok {
		return nil
	}
	if cfg.Environment != environmentTest {
		return fail(exitUsage, fmt.Errorf("environment: %s=%q: only a node whose file says environment: test may have a wrong clock, and %s says %q",
			clockVariable, text, cfg.path, cfg.Environment), "unset "+clockVariable)
	}
	offset, err := time.ParseDuration(text)
	if err != nil {
		return failf(exitUsage, "environment: %s=%q: want a duration, such as -10m", clockVariable, text)
	}
	log.Warn("the clock is wrong on purpose", "offset", offset.String())
	now := a.now
	a.now = func() time.Time { return now().Add(offset) }
	return nil
}

// checkEnvironment refuses what the key environment cannot say, and a variable that would
// say it in place of the file.
func (c *config) checkEnvironment(env func(string) (string, bool)) error {
	if text, ok := env("LIENTHONG_ENVIRONMENT"); ok && text != c.Environment {
		return fail(exitUsage, errors.New("environment: LIENTHONG_ENVIRONMENT: only the file says whether a node is there for tests"), "environment: test in "+c.path)
	}
	if c.Environment != environmentProduction && c.Environment != environmentTest {
		return failf(exitUsage, "%s: environment %q: want %s or %s", c.path, c.Environment, environmentProduction, environmentTest)
	}
	return nil
}
