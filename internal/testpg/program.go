package testpg

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Close stops the server and removes its folder.
func (s *Server) Close() {
	_ = s.stdin.Close()
	_ = s.keeper.Wait() // says how the server ended, which whoever has it has chosen
}

// Do runs statements in the server's first database.
func (s *Server) Do(query string) error { return execute(s.url, query) }

// Socket is the file through which the server is reached.
func (s *Server) Socket() string { return filepath.Join(s.folder, ".s.PGSQL.5432") }

// Immediate stops the server at once, as if it had crashed: it recovers from its log when
// it is started again.
func (s *Server) Immediate() error {
	return s.do("pg_ctl", "-D", filepath.Join(s.folder, "data"), "-m", "immediate", "stop")
}

// Again starts a server that was killed or stopped. It is refused as long as a process
// of the old one lives.
func (s *Server) Again() error {
	var err error
	for range 100 {
		if err = s.run(); err == nil {
			return nil
		}
	}
	return err
}

// Settings reads settings of the server, by name.
func (s *Server) Settings(names ...string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	out := make(map[string]string)
	for _, name := range names {
		var value string
		if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}
