// Package testpg gives tests a PostgreSQL server: one that LIENTHONG_POSTGRES names, or
// a throw-away one of their own, which ends with the test's process however that ends.
//
// It starts the programs of the machine, as a user that may (root may not), with a
// socket in a temporary folder and no network. Its settings are the server's own:
// what is acknowledged is synced. Where there is no PostgreSQL, tests skip and say so;
// with CI=true they fail.
package testpg

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Variable names a server to use instead of a throw-away one: a URL of a database in
// which schemas may be created. It is set for child processes, too.
const Variable = "LIENTHONG_POSTGRES"

// shared is the server of all tests of this process. It is kept as a whole: were its
// input collected as garbage, it would stop.
var shared = sync.OnceValues(func() (*Server, error) {
	if u := os.Getenv(Variable); u != "" {
		return &Server{url: u}, nil
	}
	s, err := Run()
	if err != nil {
		return nil, err
	}
	return s, os.Setenv(Variable, s.url)
})

// Schema is the URL of a schema that belongs to name alone: the same one each time. It is
// made empty when it is first asked for, and dropped when the test ends.
func Schema(t testing.TB, name string) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		Missing(t, err)
	}
	return s.Schema(t, name)
}

// New is the URL of a new schema.
func New(t testing.TB) string {
	t.Helper()
	return Schema(t, t.Name()+t.TempDir())
}

func schema(t testing.TB, base, name string) string {
	t.Helper()
	h := fnv.New64a()
	fmt.Fprint(h, name)
	id := pgx.Identifier{fmt.Sprintf("t%x", h.Sum64())}
	const duplicate = "42P06"
	err := execute(base, `CREATE SCHEMA `+id.Sanitize())
	if e, ok := errors.AsType[*pgconn.PgError](err); err != nil && (!ok || e.Code != duplicate) {
		t.Fatal(err)
	}
	if err == nil {
		// A server that the test has killed takes it along.
		t.Cleanup(func() { _ = execute(base, `DROP SCHEMA IF EXISTS `+id.Sanitize()+` CASCADE`) })
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", id[0])
	u.RawQuery = q.Encode()
	return u.String()
}

// Exec runs one statement in the database or schema of a URL.
func Exec(t testing.TB, u, query string) {
	t.Helper()
	if err := execute(u, query); err != nil {
		t.Fatal(err)
	}
}

func execute(u, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, u)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, query).ReadAll()
	return err
}

// Missing skips a test that needs what is not here, and fails it where CI=true.
func Missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("PostgreSQL: %v; CI=true: install it (tools/install.sh)", err)
	}
	t.Skipf("PostgreSQL: %v; install it (tools/install.sh), or name a server with %s", err, Variable)
}
