package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/internal/testpki"
)

// A wrong clock is refused unless the file itself says that the node is there for tests.
func TestClockOffset(t *testing.T) {
	t.Parallel()
	const rest = "node: ward\ntls: {certificate: own.pem}\ndirectory: {authority: [zone.pem]}\n"
	for _, tt := range []struct {
		name, text string
		env        map[string]string
		wrong      string // part of the error
		offset     time.Duration
	}{
		{"none", rest, nil, "", 0},
		{"in production", rest, map[string]string{clockVariable: "10m"}, "only a node whose file says environment: test", 0},
		{"in production, by name", rest + "environment: production\n", map[string]string{clockVariable: "10m"}, "only a node whose file says environment: test", 0},
		{"a variable is not the file", rest, map[string]string{clockVariable: "10m", "LIENTHONG_ENVIRONMENT": "test"}, "only the file says", 0},
		{"no duration", rest + "environment: test\n", map[string]string{clockVariable: "later"}, `"later": want a duration`, 0},
		{"no environment", rest + "environment: staging\n", nil, `environment "staging": want production or test`, 0},
		{"test", rest + "environment: test\n", map[string]string{clockVariable: "-10m"}, "", -10 * time.Minute},
		{"test, on time", rest + "environment: test\n", nil, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			env := func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }
			a := &app{now: func() time.Time { return testpki.Now }, env: env}
			cfg, err := loadConfig(path, env)
			if err == nil {
				err = a.offsetClock(cfg, slog.New(slog.DiscardHandler))
			}
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("error %v, want %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := a.now().Sub(testpki.Now); got != tt.offset {
				t.Errorf("the clock is off by %s, want %s", got, tt.offset)
			}
		})
	}
}
