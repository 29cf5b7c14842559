package signer

import (
	"context"
	"strings"
	"time"

	"lienthong/signer/pdf"
)

// RefusedDynamic: the content of the file can change without the file.
const RefusedDynamic = "DYNAMIC_CONTENT"

// A DynamicPolicy says whether files are signed whose content can change by itself:
// scripts, actions, layers, dynamic forms, data from outside, portfolios.
type DynamicPolicy string

const (
	DynamicAsk    DynamicPolicy = "ask"    // where the request says so; that is journalled
	DynamicRefuse DynamicPolicy = "refuse" // never
	DynamicAllow  DynamicPolicy = "allow"  // always, with a warning; that is journalled
)

// DynamicContent names what in the newest revision of a file can change what is shown
// without changing the file, as validation does. None is nil. A damaged file is read
// as far as it can be.
func DynamicContent(ctx context.Context, in Source, limits pdf.Limits) ([]Finding, error) {
	file, err := SignOptions{Repair: true, Limits: limits}.open(in)
	if err != nil {
		return nil, err
	}
	if _, err := file.Unlock(nil); err != nil {
		return nil, ErrEncrypted
	}
	c := &check{ctx: ctx, file: file, report: &Report{}}
	c.listDynamic()
	var out []Finding
	for _, f := range c.report.Findings {
		if isDynamic(f) {
			out = append(out, f)
		}
	}
	return out, nil
}

// checkDynamic refuses what can show something else tomorrow, unless policy and
// request allow it.
func (s *Service) checkDynamic(ctx context.Context, c *cleared, in Source, opts SignOptions, at time.Time) error {
	found, err := DynamicContent(ctx, in, opts.Limits)
	if err != nil {
		return refusal(RefusedUnreadable, "%v", err)
	}
	if len(found) == 0 {
		return nil
	}
	list := DynamicText(found)
	policy := DynamicAsk
	if s.Dynamic != nil {
		policy = s.Dynamic(c.key.Agency)
	}
	switch {
	case policy == DynamicAllow, policy == DynamicAsk && c.dynamic:
	case policy == DynamicAsk:
		return refusal(RefusedDynamic, "what the file shows can change without the file: %s; sign a copy without it, or allow it by allow_dynamic, which the journal says", list)
	default:
		return refusal(RefusedDynamic, "what the file shows can change without the file: %s; this agency signs no such file: sign a copy without it", list)
	}
	entry := c.entry(at, "sign.dynamic_allowed")
	entry.Detail = "found=" + quoteShort(list)
	c.entries = append(c.entries, entry)
	c.warnings = append(c.warnings, "what the file shows can change without the file: "+list)
	return nil
}

// DynamicText is one line that names what was found, each with its object.
func DynamicText(found []Finding) string {
	var parts []string
	for _, f := range found {
		part := f.Detail
		if f.Object != "" {
			part += " (object " + f.Object + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}
