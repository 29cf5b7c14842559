package main

import (
	"fmt"
	"strconv"
	"strings"

	"lienthong/exchange"
)

// maxYears bounds for how long a policy may keep documents: what is kept longer is kept for ever.
const maxYears = 200

// retentionYears reads for how long documents are kept: TYPE=YEARS, TYPE=forever. Types are
// compared as classes are, in capitals.
func retentionYears(list []string) (map[string]int, error) {
	out := map[string]int{}
	for _, item := range list {
		kind, text, _ := strings.Cut(item, "=")
		class := strings.ToUpper(strings.TrimSpace(kind))
		years, err := strconv.Atoi(strings.TrimSpace(text))
		if strings.TrimSpace(text) == "forever" {
			years, err = 0, nil
		} else if years < 1 || years > maxYears {
			err = strconv.ErrRange
		}
		if class == "" || err != nil {
			return nil, fmt.Errorf("%q: want TYPE=YEARS with 1 to %d years, or TYPE=forever, such as CV=10 or *=forever", item, maxYears)
		}
		if _, twice := out[class]; twice {
			return nil, fmt.Errorf("%q: the type %s is there twice", item, class)
		}
		out[class] = years
	}
	return out, nil
}

// retention is what the configuration says of it; check has read it before.
func (c *config) retention() (exchange.Retention, error) {
	years, err := retentionYears(c.Retention.Documents)
	return exchange.Retention{Transit: c.Retention.TransitFiles, Documents: years}, err
}
