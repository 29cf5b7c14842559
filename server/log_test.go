package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Every call leaves one line with its request id, how long it took and how it ended,
// at a level by its outcome; nothing of the request is in it, and whoever counts is told.
func TestCallIsLogged(t *testing.T) {
	t.Parallel()
	const pin = "pin-271828"
	for _, tt := range []struct {
		name    string
		handler grpc.UnaryHandler
		code    codes.Code
		level   string
		text    string // in the line
	}{
		{"ok", func(context.Context, any) (any, error) { return nil, nil }, codes.OK, "DEBUG", ""},
		{"refused", func(context.Context, any) (any, error) {
			return nil, &exchange.Error{Code: exchange.Precondition, Reason: "KEY_SUSPENDED", Text: "the key is suspended"}
		}, codes.FailedPrecondition, "INFO", "the key is suspended"},
		{"broken", func(context.Context, any) (any, error) { return nil, errors.New("disk on fire") }, codes.Internal, "ERROR", "disk on fire"},
		{"panic", func(context.Context, any) (any, error) { panic("out of bounds") }, codes.Internal, "ERROR", "out of bounds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			clock := time.Unix(1_795_000_000, 0)
			var told []string
			s := &Server{log: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
				rules: map[string]rule{"/test/Act": {open: true}}}
			s.now = func() time.Time { clock = clock.Add(70 * time.Millisecond); return clock }
			s.opts = Options{Limit: DefaultLimit, MaxCalls: DefaultCalls, Called: func(method, code string, took time.Duration) {
				told = append(told, method+" "+code+" "+took.String())
			}}
			ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs(requestIDHeader, "clerk-7"))
			_, err := s.unary(ctx, &lienthongv1.ActivateKeyRequest{Key: "seal", Secret: []byte(pin)}, &grpc.UnaryServerInfo{FullMethod: "/test/Act"}, tt.handler)
			if status.Code(err) != tt.code {
				t.Errorf("error %v, want %v", err, tt.code)
			}
			if got := strings.Join(told, "; "); got != "/test/Act "+tt.code.String()+" 70ms" {
				t.Errorf("told %q", got)
			}
			if strings.Contains(out.String(), pin) || err != nil && strings.Contains(err.Error(), pin) {
				t.Error("the secret is in the log or the error")
			}
			if tt.code == codes.Internal && (strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), "clerk-7")) {
				t.Errorf("error %q, want the reference alone", err)
			}
			checkLine(t, out.Bytes(), tt.level, tt.text)
		})
	}
}

// checkLine looks at the first line of a log.
func checkLine(t *testing.T, log []byte, level, text string) {
	t.Helper()
	var line struct {
		Level, Method, Error, Value string
		RequestID                   string `json:"request_id"`
	}
	first, _, _ := bytes.Cut(log, []byte("\n"))
	if err := json.Unmarshal(first, &line); err != nil {
		t.Fatalf("%q: %v", log, err)
	}
	if line.Level != level || line.Method != "/test/Act" || line.RequestID != "clerk-7" || !strings.Contains(line.Error+line.Value, text) {
		t.Errorf("line %s", first)
	}
}
