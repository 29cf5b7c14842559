package signer

import (
	"lienthong/signer/pdf"
)

// RefusedNumber is the reason of a [Refusal] of a seal without a number.
const RefusedNumber = "NO_NUMBER"

// checkNumber: a letter has its number before the agency seals it (Decree 30/2020,
// Art. 14 to 18). It is filled in with the seal, or was before, or the page prints
// it; a policy may insist.
func (s *Service) checkNumber(c *cleared, in Source, opts SignOptions) error {
	if c.key.Role != RoleAgency {
		if opts.registers() {
			return refusal(RefusedNumber, "number and date are filled in by the agency as it signs, and the key of %q is personal", c.key.Holder)
		}
		return nil
	}
	how := "filled"
	if opts.Number == "" {
		how = numbered(in, opts)
	}
	c.detail += " number=" + how
	switch {
	case how != "none" || opts.Profile == "annex" || opts.Profile == "copy": // which have that of their letter
		return nil
	case s.RequireNumber != nil && s.RequireNumber(c.key.Agency):
		return refusal(RefusedNumber, "the policy of %q wants a number on what it seals: none was given, none is filled in, and page 1 prints none that can be read; "+
			"give one, for which the draft needs a field from before its first signature (PrepareFile)", c.key.AgencyCode)
	}
	c.warnings = append(c.warnings, "the agency signs without a number: none was given, and page 1 prints none that can be read")
	return nil
}

// numbered says how the file has a number: filled, printed or none.
func numbered(in Source, opts SignOptions) string {
	file, err := opts.open(in)
	if err != nil {
		return "none"
	}
	if _, err := unlock(file); err != nil {
		return "none"
	}
	v := file.Latest()
	if fields, err := v.Fields(); err == nil {
		for i := range fields {
			if s, ok := fields[i].Value.(pdf.String); ok && fields[i].FullName == FieldNumber && len(s.Value) > 0 {
				return "filled"
			}
		}
	}
	pages, err := v.Pages()
	if err != nil || len(pages) == 0 {
		return "none"
	}
	width, height := seenSize(pages[0])
	lines, _ := printedLines(v, pages[0])
	if found, err := findNumber(head(lines, height), width); err == nil && found.printed != "" {
		return "printed"
	}
	return "none"
}
