package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lienthong/exchange"
)

var _ exchange.SharedStore = (*Store)(nil)

// channel is that of all nodes in a database; the payload begins with the schema, and
// tells a change of the directory by what follows.
const (
	channel        = "lienthong"
	withDirectory  = " directory"
	notify         = `SELECT pg_notify('` + channel + `', current_schema() || $1)`
	listenPause    = time.Second // before a connection that broke is made again
	selectOwnNames = `SELECT current_schema()::text`
)

// Listen implements [exchange.SharedStore]: one connection, which is made again when
// it breaks. What was missed meanwhile is told by one call.
func (s *Store) Listen(ctx context.Context, changed func(directory bool)) {
	for ctx.Err() == nil && s.writer.ctx.Err() == nil {
		s.listen(ctx, changed)
		timer := time.NewTimer(listenPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-s.writer.ctx.Done():
		}
		timer.Stop()
	}
}

// listen tells changes until its connection breaks. Its errors are those of a server
// that is not there, which every call says; the caller tries again.
func (s *Store) listen(ctx context.Context, changed func(directory bool)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.writer.ctx, cancel)()
	conn, err := pgx.ConnectConfig(ctx, s.read.Config().ConnConfig)
	if err != nil {
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var schema string
	if err := conn.QueryRow(ctx, selectOwnNames).Scan(&schema); err != nil {
		return
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return
	}
	changed(true)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		what, ours := strings.CutPrefix(n.Payload, schema)
		if ours && (what == "" || what == withDirectory) && n.PID != s.writer.pid.Load() {
			changed(what == withDirectory)
		}
	}
}
