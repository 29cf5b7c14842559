package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
)

// Delays are read from the configuration and from the environment; a name that the directory
// does not know and a time that makes no sense are refused.
func TestSendDelayOfConfiguration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		yaml, env string
		want      map[string]time.Duration
		refused   string
	}{
		{"{'*': 10m}", "", map[string]time.Duration{"*": 10 * time.Minute}, ""},
		{"{'*': 10m}", "*=1h", map[string]time.Duration{"*": time.Hour}, ""},
		{"{}", "", nil, ""},
		{"{H55.13: 90s, '*': 0s}", "", map[string]time.Duration{"H55.13": 90 * time.Second, "*": 0}, `agency "H55.13" is not in the directory`},
		{"{'*': 25h}", "", map[string]time.Duration{"*": 25 * time.Hour}, "want 0s to 24h"},
		{"{'*': -1s}", "", map[string]time.Duration{"*": -time.Second}, "want 0s to 24h"},
		{"{'*': soon}", "", nil, "soon"},
		{"{}", "H55.13", nil, "want AGENCY=TIME"},
	} {
		path := filepath.Join(t.TempDir(), "node.yaml")
		text := "node: ward\ntls: {certificate: node.pem}\ndirectory: {authority: [a.pem]}\norder: {send_delay: " + tt.yaml + "}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(path, func(name string) (string, bool) {
			return tt.env, tt.env != "" && name == "LIENTHONG_ORDER_SEND_DELAY"
		})
		if err == nil {
			if !maps.Equal(c.Order.SendDelay, tt.want) {
				t.Errorf("%s %s: %v, want %v", tt.yaml, tt.env, c.Order.SendDelay, tt.want)
			}
			err = checkSendDelay(c, &exchange.Directory{})
		}
		if (err == nil) != (tt.refused == "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
			t.Errorf("%s %s: %v, want %q", tt.yaml, tt.env, err, tt.refused)
		}
	}
}
