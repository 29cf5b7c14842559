package main

import (
	"time"

	"github.com/spf13/pflag"

	"lienthong/signer"
)

// registerFlags are what the agency fills in while it signs.
type registerFlags struct {
	number, date string
}

func (f *registerFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.number, "number", "", "number to fill into the field that lienthong prepare made, such as 45/BC-UBND")
	fl.StringVar(&f.date, "date", "", "date to fill in there, such as 2026-11-26")
}

func (f *registerFlags) apply(opts *signer.SignOptions) error {
	opts.Number = f.number
	if f.date == "" {
		return nil
	}
	date, err := time.ParseInLocation(time.DateOnly, f.date, hanoi)
	if err != nil {
		return failf(exitUsage, "--date %q: want year, month and day, such as 2026-11-26", f.date)
	}
	opts.Date = date
	return nil
}

func (f *registerFlags) given() bool { return f.number != "" || f.date != "" }
