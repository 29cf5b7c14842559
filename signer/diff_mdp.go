package signer

import (
	"strings"

	"lienthong/signer/pdf"
)

// permissions are what the signatures of a file allow to those who come later.
type permissions struct {
	levels []docMDP
	locks  []fieldMDP
}

// docMDP is a DocMDP permission, in force from a revision on.
type docMDP struct {
	revision int
	p        int64
}

// fieldMDP is a FieldMDP rule, in force from a revision on.
type fieldMDP struct {
	revision int
	action   pdf.Name // All, Include or Exclude; what is none of these locks all
	names    []string
}

// permissions reads what each signature demands, from its own revision.
func (c *check) permissions() permissions {
	var p permissions
	certified := 0
	for _, it := range c.items {
		if it.timestamp || it.revision < 1 || it.revision > len(c.revisions) || it.sig.Dict == nil {
			continue
		}
		v := c.file.View(it.revision)
		if p.read(v, it) {
			if certified++; certified > 1 || it != c.firstSignature() {
				it.add(ruleCertified, Failed, "a certification that is not the first signature of the file")
				it.out.conclude(TotalFailed, FormatFailure)
			}
		}
	}
	return p
}

func (c *check) firstSignature() *item {
	for _, it := range c.items {
		if !it.timestamp {
			return it
		}
	}
	return nil
}

// read takes the references of one signature and the lock of its field, and
// reports whether it is a certification.
func (p *permissions) read(v *pdf.View, it *item) (certification bool) {
	list, _ := v.Array(it.sig.Dict.Get("Reference"))
	for i, o := range list {
		if i == 16 {
			break
		}
		ref, err := v.Dict(o)
		if err != nil || ref == nil {
			continue
		}
		params, _ := v.Dict(ref.Get("TransformParams"))
		switch ref.Name("TransformMethod") {
		case "DocMDP":
			certification = true
			p.levels = append(p.levels, docMDP{it.revision, permission(params)})
		case "FieldMDP":
			p.locks = append(p.locks, lockOf(v, it.revision, params))
		}
	}
	field, err := v.Dict(it.field.Ref)
	if err != nil || field == nil {
		return certification
	}
	if d, err := v.Dict(field.Get("Lock")); err == nil && d != nil {
		p.locks = append(p.locks, lockOf(v, it.revision, d))
		if n, ok := d.Int("P"); ok {
			p.levels = append(p.levels, docMDP{it.revision, n})
		}
	}
	return certification
}

// permission is /P, by default 2; what is none of 1 to 3 counts as 1.
func permission(params *pdf.Dict) int64 {
	if params == nil || !params.Has("P") {
		return 2
	}
	if n, ok := params.Int("P"); ok && n >= 1 && n <= 3 {
		return n
	}
	return 1
}

func lockOf(v *pdf.View, revision int, d *pdf.Dict) fieldMDP {
	l := fieldMDP{revision: revision}
	if d == nil {
		return l
	}
	l.action = d.Name("Action")
	list, _ := v.Array(d.Get("Fields"))
	for _, o := range list {
		if o, err := v.Resolve(o); err == nil {
			if s, ok := o.(pdf.String); ok {
				l.names = append(l.names, pdf.DecodeText(s))
			}
		}
	}
	return l
}

// covers reports whether a field is locked. Names match whole, at the points
// between partial names: a lock on "a.b" holds for "a.b.c" and not for "a.bc".
func (l fieldMDP) covers(name string) bool {
	listed, above := false, false
	for _, n := range l.names {
		listed = listed || name == n || strings.HasPrefix(name, n+".")
		above = above || strings.HasPrefix(n, name+".") // what changes in a parent changes its fields
	}
	switch l.action {
	case "Include":
		return listed || above
	case "Exclude":
		return !listed
	}
	return true
}

// at is the strictest level in force when a revision was added, and whether any is.
func (p permissions) at(revision int) (level int64, certified bool) {
	level = 3
	for _, l := range p.levels {
		if l.revision < revision {
			certified = true
			level = min(level, l.p)
		}
	}
	if !certified {
		return 2, false // without a certification a file is judged as with P 2
	}
	return level, true
}

// judge says what a change counts as under the permissions in force, and where it
// is not permitted, by which rule.
func (p permissions) judge(revision int, ch change) (class Changes, why string) {
	level, certified := p.at(revision)
	switch {
	case ch.class == ChangesContent:
		return ChangesContent, ruleLater.name
	case level == 1 && (ch.class != ChangesLTV || ch.field == metadataField):
		return ChangesContent, ruleDocMDP.name
	case ch.fresh && certified && level < 3:
		return ChangesContent, ruleDocMDP.name
	case ch.class == ChangesAnnotation && level < 3:
		if certified {
			return ChangesContent, ruleDocMDP.name
		}
		return ChangesContent, ruleLater.name
	case ch.class == ChangesAnnotation:
		return ChangesAnnotation, ruleLater.name
	case ch.field != "" && ch.field != metadataField:
		for _, l := range p.locks {
			if l.revision < revision && l.covers(ch.field) {
				return ChangesContent, ruleFieldMDP.name
			}
		}
	}
	return ch.class, ""
}
