package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"lienthong/exchange"
)

// SQLSTATE of errors that mean something here.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeNotAvailable  = "55P03" // another replica has the journal's head at this moment
	codeUnique        = "23505"
	codePrivilege     = "42501"
	codeDivision      = "22012" // see checkHead
	codeDiskFull      = "53100"
	classConnection   = "08"
	codeShutdown      = "57P01" // the server stops
	codeCrash         = "57P02" // one of its processes ended, and it ends all
	codeStarting      = "57P03" // it does not take connections yet, or any more
)

// failure says a database error in the words of exchange where it has one.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if code(err) == codeDiskFull {
		return fmt.Errorf("postgres: %w: %w", exchange.ErrFull, err)
	}
	if away(err) && !errors.Is(err, exchange.ErrAway) {
		return fmt.Errorf("postgres: %w: %w", exchange.ErrAway, err)
	}
	if strings.HasPrefix(err.Error(), "postgres: ") {
		return err
	}
	return fmt.Errorf("postgres: %w", err)
}

// away reports whether an error says that the server could not be reached, is starting or
// ending, or that the connection to it broke.
func away(err error) bool {
	switch c := code(err); {
	case strings.HasPrefix(c, classConnection), c == codeShutdown, c == codeCrash, c == codeStarting:
		return true
	case c != "":
		return false
	}
	if errors.Is(err, context.Canceled) {
		return false // the caller's own
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

func notFound(what fmt.Stringer) error {
	return fmt.Errorf("postgres: %s: %w", what, exchange.ErrNotFound)
}

// errBehind: another replica committed while an attempt ran.
var errBehind = errors.New("postgres: another replica was faster")

// again reports whether a batch may succeed if it is run once more, from its begin:
// another replica was in its way.
func again(err error) bool {
	switch code(err) {
	case codeSerialization, codeDeadlock, codeNotAvailable:
		return true
	}
	return errors.Is(err, errBehind)
}

// code is the SQLSTATE of an error; empty if the server has not said it.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
