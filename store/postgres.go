package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"lienthong/exchange"
	"lienthong/store/postgres"
)

// Parameters of a postgres URL that are ours and not the server's.
const (
	paramBlobs    = "blobs"
	paramPassword = "password_file"
)

func openPostgres(ctx context.Context, text string) (exchange.Store, exchange.Blobs, error) {
	u, err := parse(text)
	if err != nil {
		return nil, nil, err
	}
	query := u.Query()
	folder, file := query.Get(paramBlobs), query.Get(paramPassword)
	if folder == "" {
		return nil, nil, fmt.Errorf("store: %q names no place for files, %s", Shown(text), wanted)
	}
	query.Del(paramBlobs)
	query.Del(paramPassword)
	u.RawQuery = query.Encode()
	password, err := readPassword(file)
	if err != nil {
		return nil, nil, err
	}
	open, err := openFiles(ctx, folder)
	if err != nil {
		return nil, nil, err
	}
	s, err := postgres.Open(ctx, u.String(), password)
	if err != nil {
		return nil, nil, fmt.Errorf("store: open %q: %w", Shown(text), err)
	}
	b, err := open(s)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, b, nil
}

// parse reads a postgres URL. Its errors show nothing of it: what does not parse may
// have a password anywhere.
func parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("store: a postgres URL that cannot be read, %s", wanted)
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return nil, fmt.Errorf("store: %q has a password in it; put that into a file, and name the file: ?%s=FILE", Shown(text), paramPassword)
	}
	return u, nil
}

// Shown is a store's URL as it may stand in a log or an error.
func Shown(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, ":")
		return scheme + ":(unreadable)"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	if query := u.Query(); query.Has("password") {
		query.Del("password")
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// readPassword reads the first line of a file; no file is no password.
func readPassword(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("store: %s: %w", paramPassword, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() || lines.Text() == "" {
		return "", fmt.Errorf("store: %s %q: its first line is empty, want the password", paramPassword, name)
	}
	return strings.TrimSuffix(lines.Text(), "\r"), lines.Err()
}

// Rebase makes the names of files in a store's URL relative to the folder of whoever
// names the store; a postgres URL that names no place for its files gets the folder given.
// A URL that Open would refuse is returned as it is, for Open to say so.
func Rebase(text, data string, under func(name string) string) string {
	if !strings.HasPrefix(text, "postgres") {
		return text
	}
	u, err := parse(text)
	if err != nil {
		return text
	}
	query := u.Query()
	if query.Get(paramBlobs) == "" {
		query.Set(paramBlobs, data)
	}
	query.Set(paramBlobs, rebaseFiles(query.Get(paramBlobs), data, under))
	if name := query.Get(paramPassword); name != "" {
		query.Set(paramPassword, under(name))
	}
	u.RawQuery = query.Encode()
	return u.String()
}
