package main

import (
	"fmt"
	"strings"
	"time"

	"lienthong/exchange"
)

// maxSendDelay is less than the time in which a document has to go (Decree 30/2020, Art. 18).
const maxSendDelay = 24 * time.Hour

// checkSendDelay refuses agencies that the directory does not know, since a typing error must
// not fail in silence, and times that make no sense.
func checkSendDelay(cfg *config, dir *exchange.Directory) error {
	for name, delay := range cfg.Order.SendDelay {
		if _, ok := dir.Agency(name); !ok && name != "*" {
			return failf(exitUsage, "%s: order.send_delay: agency %q is not in the directory", cfg.path, name)
		}
		if delay < 0 || delay > maxSendDelay {
			return failf(exitUsage, "%s: order.send_delay: %s for agency %q: want 0s to %s", cfg.path, delay, name, maxSendDelay)
		}
	}
	return nil
}

// parseDelays reads "H55=10m,H55.13=0s".
func parseDelays(text string) (map[string]time.Duration, error) {
	out := make(map[string]time.Duration)
	for item := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(item, "=")
		delay, err := time.ParseDuration(value)
		if !ok || err != nil {
			return nil, fmt.Errorf("%q: want AGENCY=TIME, such as H55.13=10m", item)
		}
		out[strings.TrimSpace(name)] = delay
	}
	return out, nil
}
