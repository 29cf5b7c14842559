package roster

import (
	"fmt"
	"slices"
	"strings"

	"lienthong/envelope"
)

// Options is how a list is worked into a directory.
type Options struct {
	Home     string // node that is home to new agencies for which the list names none
	AnyCode  bool   // codes of neither form are taken, as test systems have them
	Complete bool   // the list is all: agencies that it leaves out are ended
	Now      int64  // microseconds: when what changes takes effect
}

// A Summary counts what a list brings.
type Summary struct {
	Added, Changed, Ended, Unchanged int
	Homeless                         int // active agencies that have no home node
	Later                            int // ends in the past, which take effect now
}

// merging is a list on its way into a directory.
type merging struct {
	d      *envelope.Directory
	o      Options
	byID   map[string]int
	byCode map[string]int // of codes that are valid
	nodes  map[string]bool
	given  map[int]int // agency to line, of those that the list names
	faults Faults
	sum    Summary
}

// Merge works a list into a directory, which it changes; what it does not name stays as
// it is. With faults (as *[Faults]) the directory is of no use.
func Merge(d *envelope.Directory, rows []Row, o Options) (Summary, error) {
	m := &merging{d: d, o: o, byID: make(map[string]int, len(d.Agencies)+len(rows)), byCode: make(map[string]int, len(d.Agencies)+len(rows)),
		nodes: make(map[string]bool, len(d.Nodes)), given: make(map[int]int, len(rows))}
	for i := range d.Nodes {
		m.nodes[d.Nodes[i].ID] = true
	}
	for i := range d.Agencies {
		m.index(i)
	}
	before := append([]envelope.Agency(nil), d.Agencies...)
	at := make([]int, len(rows))
	for i := range rows {
		at[i] = m.place(&rows[i])
	}
	for i := range rows {
		if at[i] >= 0 {
			m.apply(&d.Agencies[at[i]], &rows[i])
		}
	}
	if o.Complete {
		m.endOthers()
	}
	m.count(before)
	return m.sum, m.faults.Or()
}

func (m *merging) index(i int) {
	a := &m.d.Agencies[i]
	m.byID[a.ID] = i
	for _, c := range a.Codes {
		if c.NotAfter == 0 || c.NotAfter >= m.o.Now {
			m.byCode[c.Code] = i
		}
	}
}

// place finds the agency of a row, or makes it; -1 if the row cannot be.
func (m *merging) place(r *Row) int {
	had := len(m.faults.List) + m.faults.More
	for field, code := range map[string]string{"code": r.Code, "old_code": r.OldCode} {
		if code == "" && field == "old_code" {
			continue
		}
		if err := CheckCode(code); err != nil && (!m.o.AnyCode || code == "" || len(code) > MaxCode || strings.ContainsAny(code, " /")) {
			m.faults.Add(r.Line, field, "%v", err)
		}
	}
	if r.Name == "" || len(r.Name) > 1000 {
		m.faults.Add(r.Line, "name", "has %d bytes, want 1 to 1000", len(r.Name))
	}
	i, known := m.byID[r.ID]
	if !known && r.ID == "" {
		if i, known = m.byCode[r.Code]; !known && r.OldCode != "" {
			i, known = m.byCode[r.OldCode]
		}
	}
	if other, ok := m.byCode[r.Code]; ok && (!known || other != i) {
		m.faults.Add(r.Line, "code", "%q is that of agency %q%s", r.Code, m.d.Agencies[other].ID, m.ofLine(other))
	}
	if line, twice := m.given[i]; known && twice {
		m.faults.Add(r.Line, "code", "agency %q stands in line %d already", m.d.Agencies[i].ID, line)
	}
	if len(m.faults.List)+m.faults.More > had {
		return -1
	}
	if !known {
		id := r.ID
		if id == "" {
			id = r.Code
		}
		if _, taken := m.byID[id]; taken {
			m.faults.Add(r.Line, "id", "%q is that of another agency: name another", id)
			return -1
		}
		i = len(m.d.Agencies)
		m.d.Agencies = append(m.d.Agencies, envelope.Agency{ID: id, HomeNode: m.o.Home})
		m.byID[id] = i
	}
	m.given[i] = r.Line
	m.byCode[r.Code] = i
	if r.OldCode != "" {
		m.byCode[r.OldCode] = i
	}
	return i
}

func (m *merging) ofLine(agency int) string {
	if line, ok := m.given[agency]; ok {
		return fmt.Sprintf(" (line %d)", line)
	}
	return ""
}

// apply writes a row into its agency. Lists within it are copied before they change: the
// directory before is compared with this one.
func (m *merging) apply(a *envelope.Agency, r *Row) {
	a.Name = r.Name
	if r.Parent != "" {
		a.Parent = m.resolve(r, "parent", r.Parent)
	}
	if r.Successor != "" {
		a.Successor = m.resolve(r, "successor", r.Successor)
	}
	if r.HomeNode != "" && r.HomeNode != a.HomeNode {
		a.Rehome(r.HomeNode, m.o.Now)
	}
	if a.HomeNode != "" && !m.nodes[a.HomeNode] {
		m.faults.Add(r.Line, "home_node", "%q is no node of the zone", a.HomeNode)
	}
	m.codes(a, r)
	if r.Ended == 0 || a.Ended != 0 && a.Ended <= r.Ended {
		return
	}
	m.end(a, r.Ended)
}

// end ends an agency; not before now, since nodes have taken its letters until now.
func (m *merging) end(a *envelope.Agency, at int64) {
	if at < m.o.Now {
		at = m.o.Now
		m.sum.Later++
	}
	a.Ended = at
}

// codes makes those of the row the ones that are valid: a code that was the agency's and
// is not named any more ends.
func (m *merging) codes(a *envelope.Agency, r *Row) {
	want := []string{r.Code}
	if r.OldCode != "" {
		want = append(want, r.OldCode)
	}
	var out []envelope.AgencyCode
	changed := false
	for _, c := range a.Codes {
		i := slices.Index(want, c.Code)
		valid := c.NotAfter == 0 || c.NotAfter >= m.o.Now
		switch {
		case valid && i >= 0:
			want = slices.Delete(want, i, i+1)
		case valid && !(r.OldCode == "" && form102.MatchString(c.Code)): // a list without old codes ends none
			c.NotAfter, changed = m.o.Now, true
		}
		out = append(out, c)
	}
	for i := len(want) - 1; i >= 0; i-- { // the newer form last: it is the one that is shown
		from := r.From
		if from == 0 {
			from = m.o.Now
		}
		if want[i] == r.OldCode && from > 1 {
			from-- // of two that begin together the newer form is the agency's code
		}
		out, changed = append(out, envelope.AgencyCode{Code: want[i], NotBefore: from}), true
	}
	if changed {
		a.Codes = out
	}
}

func (m *merging) resolve(r *Row, field, name string) string {
	if _, ok := m.byID[name]; ok {
		return name
	}
	if i, ok := m.byCode[name]; ok {
		return m.d.Agencies[i].ID
	}
	m.faults.Add(r.Line, field, "%.40q is no agency of the zone or of the list", name)
	return ""
}

func (m *merging) endOthers() {
	for i := range m.d.Agencies {
		if _, named := m.given[i]; !named && m.d.Agencies[i].Ended == 0 {
			m.end(&m.d.Agencies[i], m.o.Now)
		}
	}
}

func (m *merging) count(before []envelope.Agency) {
	for i := range m.d.Agencies {
		a := &m.d.Agencies[i]
		if a.HomeNode == "" && a.Ended == 0 {
			m.sum.Homeless++
		}
		switch {
		case i >= len(before):
			m.sum.Added++
		case a.Ended != before[i].Ended:
			m.sum.Ended++
		case same(a, &before[i]):
			m.sum.Unchanged++
		default:
			m.sum.Changed++
		}
	}
}

func same(a, b *envelope.Agency) bool {
	return a.Name == b.Name && a.Parent == b.Parent && a.HomeNode == b.HomeNode && a.Successor == b.Successor && slices.Equal(a.Codes, b.Codes)
}
