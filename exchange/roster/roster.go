// Package roster reads lists of agencies, as authorities keep them (CSV, and the JSON
// that the national axis gives), and works them into the directory of a zone.
//
// It signs nothing and keeps nothing. A list with a fault changes nothing, and all its
// faults are told at once, each with its line.
package roster

import (
	"fmt"
	"time"

	"lienthong/internal/sheet"
)

// A Row is one agency of a list.
type Row struct {
	Line      int
	ID        string // empty: the agency that has the code, or a new one named after it
	Code      string // QĐ 20/2020
	OldCode   string // QCVN 102:2016; may be empty
	Name      string
	Parent    string // id or code, in the directory or in the list; may be empty
	HomeNode  string // empty: as it was
	Successor string // id or code
	From      int64  // since when the codes are valid, microseconds; 0: since the list is taken
	Ended     int64  // 0 while active
}

// MaxRows bounds a list: more agencies than a country of Vietnam's size has.
const MaxRows = 1_000_000

// Faults are all that is wrong with a list.
type Faults = sheet.Faults

// vietnam is the zone in which a date without a time counts.
var vietnam = time.FixedZone("+07", 7*3600)

// parseDate reads a day, in Vietnam, or a time of RFC 3339; empty is 0.
func parseDate(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, form := range []string{time.DateOnly, "02/01/2006"} {
		if at, err := time.ParseInLocation(form, text, vietnam); err == nil {
			return at.UnixMicro(), nil
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no date, want 2025-07-01, 01/07/2025 or RFC 3339", text)
	}
	return at.UnixMicro(), nil
}
