package notation

import (
	"fmt"
	"strings"
)

// A Finding is something about the registration of a document. Field is its name in
// the .proto: number, symbol, type_code or type_name.
type Finding struct {
	Field  string
	Reason string // stable, upper case
	Text   string
	Refuse bool // it cannot be so; otherwise it is odd
}

// A Registration is what is checked together. Fields that are empty are not: that
// they are required is said elsewhere.
type Registration struct {
	Number, Symbol     string
	TypeCode, TypeName string
	IssuedDate         string // yyyy-mm-dd
}

// Check compares number, symbol and type with the forms of Decree 30/2020 and with one
// another.
func (r Registration) Check() []Finding {
	var out []Finding
	odd := func(field, reason, format string, args ...any) {
		out = append(out, Finding{field, reason, fmt.Sprintf(format, args...), false})
	}
	never := func(field, reason, format string, args ...any) {
		out = append(out, Finding{field, reason, fmt.Sprintf(format, args...), true})
	}
	if r.Number == "" || r.Symbol == "" {
		return nil
	}
	if why := r.impossible(); why != nil {
		return []Finding{*why}
	}
	n, err := Read(r.Number, r.Symbol)
	if err != nil { // an odd number beside a symbol that can be read
		odd("number", "ODD_NUMBER", "is %.30q, want digits, such as 05, perhaps with one letter after them", r.Number)
		if n, err = Read("1", r.Symbol); err != nil {
			return out
		}
	} else if written := n.String(); written != Join(r.Number, r.Symbol) {
		odd("number", "LEADING_ZERO", "is %.30q: the document's number and symbol are written %s", r.Number, written)
	}
	if n.Year != "" && len(r.IssuedDate) >= 4 && n.Year != r.IssuedDate[:4] {
		odd("symbol", "OTHER_YEAR", "says %s, and the document was issued on %s", n.Year, r.IssuedDate)
	}
	r.checkType(n, odd, never)
	return out
}

// impossible finds what cannot be a number or a symbol.
func (r Registration) impossible() *Finding {
	if strings.Trim(r.Number, "0") == "" {
		return &Finding{"number", "BAD_NUMBER", fmt.Sprintf("is %q: the first number of a year is 01", r.Number), true}
	}
	if strings.ContainsAny(r.Number, " \t\n-\\") || !strings.ContainsAny(r.Number, "0123456789") ||
		strings.Contains(r.Number, "/") && !numberForm.MatchString(r.Number) {
		return &Finding{"number", "BAD_NUMBER", fmt.Sprintf("is %.30q, want digits, such as 05; the symbol has a field of its own", r.Number), true}
	}
	year := strings.Contains(r.Number, "/")
	if m := stateForm.FindStringSubmatch(r.Symbol); m != nil && !(year && m[1] != "") || !year && partyForm.MatchString(r.Symbol) {
		return nil
	}
	return &Finding{"symbol", "BAD_SYMBOL", fmt.Sprintf("is %.60q, want groups of letters and digits with - between them and no space, such as QĐ-UBND (or QĐ/ĐU of a Party body)", r.Symbol), true}
}

func (r Registration) checkType(n Notation, odd, never func(field, reason, format string, args ...any)) {
	_, stateType := TypeOf(n.Type)
	given, known := TypeOf(r.TypeCode)
	switch {
	case r.TypeCode == "" && n.Type != "" && stateType:
		odd("type_code", "TYPE_UNNAMED", "is empty, as of a công văn, and the symbol %s says %s", r.Symbol, n.Type)
	case r.TypeCode == "":
	case !known && r.TypeCode != n.Type:
		hint := ""
		if t, ok := likely(r.TypeCode); ok {
			hint = ": perhaps " + t.Code
		}
		odd("type_code", "UNKNOWN_TYPE", "is %.20q, which Decree 30/2020 (Appendix III) does not list%s", r.TypeCode, hint)
	case n.Type == "":
		odd("symbol", "TYPE_MISSING", "is %s, that of a công văn, and the type is %s", r.Symbol, r.TypeCode)
	case n.Type != r.TypeCode && stateType && known && !n.Party:
		never("symbol", "OTHER_TYPE", "says %s, and the type is %s", n.Type, r.TypeCode)
	case n.Type != r.TypeCode:
		odd("symbol", "OTHER_TYPE", "says %s, and the type is %s", n.Type, r.TypeCode)
	}
	named, ok := TypeNamed(r.TypeName)
	switch {
	case r.TypeName == "" || !ok || n.Party:
	case r.TypeCode == "" && named.Code != "" && n.Type == "":
		odd("type_name", "OTHER_TYPE", "is %s, and neither type nor symbol says so (%s)", named.Name, named.Code)
	case known && named.Code != given.Code:
		odd("type_name", "OTHER_TYPE", "is %s, and the type is %s, %s", named.Name, given.Code, given.Name)
	}
}
