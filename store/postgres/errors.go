package postgres

import (
	"errors"
	"fmt"
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
	codeDivision      = "22012" // see checkHead
	codeDiskFull      = "53100"
)

// failure says a database error in the words of exchange where it has one.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if code(err) == codeDiskFull {
		return fmt.Errorf("postgres: %w: %w", exchange.ErrFull, err)
	}
	if strings.HasPrefix(err.Error(), "postgres: ") {
		return err
	}
	return fmt.Errorf("postgres: %w", err)
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
