package admin

import "github.com/prometheus/client_golang/prometheus"

// How space and quotas are told. Agencies are no labels: there may be thousands.
var (
	spaceFull    = describe("space_full", "1 if letters of an account of space (up, down, home) are refused.", "account")
	spaceHeld    = describe("space_held_bytes", "Bytes of letters that an account of space holds.", "account")
	quotaUsed    = describe("quota_used_ratio", "The part of its quota that a neighbour uses: from it, and for it.", "account", "peer")
	quotaFull    = describe("quota_full", "Quotas at which letters are refused: from or for neighbours, of agencies.", "account")
	spaceRefused = describe("space_refused_total", "Letters that were refused for space (up, down, home) or a quota (from, for, agency), each time they came.", "account")
)

// askAccounts tells what the node knows of its space. It reads nothing.
func (s *source) askAccounts() {
	if s.Accounts == nil {
		return
	}
	refused, full := map[string]uint64{}, map[string]int{"from": 0, "for": 0, "agency": 0}
	for _, a := range s.Accounts() {
		refused[a.Kind] += a.Refused
		n := 0
		if a.Full {
			n = 1
		}
		if _, quota := full[a.Kind]; !quota {
			s.gauge(spaceFull, float64(n), a.Kind)
			s.gauge(spaceHeld, float64(a.Bytes), a.Kind)
			continue
		}
		full[a.Kind] += n
		if a.Kind != "agency" {
			s.gauge(quotaUsed, a.Used, a.Kind, a.Name)
		}
	}
	for kind, n := range full {
		s.gauge(quotaFull, float64(n), kind)
	}
	for kind, n := range refused {
		s.tell(spaceRefused, prometheus.CounterValue, float64(n), kind)
	}
}
