package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"
)

// readLimited reads a small file that the user named; a larger one is refused
// before it is in memory.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	if int64(len(data)) > limit {
		return nil, failf(exitUsage, "%s: more than %s, want less", path, bytesText(limit))
	}
	return data, nil
}

// secretFile reads a password: the first line of a file. Secrets are never
// arguments, since every user of a machine can read those of a process.
func secretFile(path string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if path == "" {
			return nil, fail(exitUsage, fmt.Errorf("the key needs a password"), "--password-file FILE")
		}
		data, err := readLimited(path, 4096)
		if err != nil {
			return nil, err
		}
		line, _, _ := bytes.Cut(data, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
}

// bytesText is a size for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffix := float64(n)/unit, 0
	for value >= unit && suffix < 3 {
		value, suffix = value/unit, suffix+1
	}
	return fmt.Sprintf("%.4g %ciB", value, "KMGT"[suffix])
}

// hanoi is Vietnam's time, which has had no summer time since 1975: no zone
// database is needed.
var hanoi = time.FixedZone("+07", 7*3600)

// vnTime is a time for people.
func vnTime(t time.Time) string { return t.In(hanoi).Format("2006-01-02 15:04:05 -07:00") }
