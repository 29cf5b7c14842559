package signer

import (
	"strconv"
	"strings"
	"time"
)

// technicalCode is the code of what a layer below says, in English only; people
// are told that it is for who mends the program that made the file.
const technicalCode = "technical"

const technicalWords = "chi tiết kỹ thuật: "

// Text is the detail for people, in a language. What this program does not know (a
// report may come from a later one) is marked as technical.
func (f *Finding) Text(lang Language) string {
	if lang != Vietnamese || f.Detail == "" {
		return f.Detail
	}
	return shorten(vietnamese(f.Code, f.Params, f.Detail, 0))
}

// maxNested bounds texts within texts: a report may come from elsewhere.
const maxNested = 12

func vietnamese(code string, params []Param, detail string, depth int) string {
	t := byCode()[code]
	if t == nil || t.vi == "" || depth > maxNested {
		return technicalWords + detail
	}
	var out strings.Builder
	rest := t.vi
	for {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		var place string
		place, rest, _ = strings.Cut(after, "}")
		name, how, _ := strings.Cut(place, ":")
		p := paramNamed(params, name)
		if p == nil {
			return technicalWords + detail
		}
		out.WriteString(t.show(p, how, depth))
	}
}

// show is a parameter in Vietnamese.
func (t *text) show(p *Param, how string, depth int) string {
	switch {
	case p.Code != "":
		return vietnamese(p.Code, p.Params, p.Value, depth+1)
	case how == "time":
		if at, err := time.Parse(time.RFC3339, p.Value); err == nil {
			return at.In(vietnamTime).Format("02/01/2006 15:04:05 -07:00")
		}
	case how == "word":
		if word, ok := vocabulary[p.Value]; ok {
			return word
		}
	case t.quoted(p.Name):
		return strconv.Quote(p.Value)
	}
	return p.Value
}

func paramNamed(params []Param, name string) *Param {
	for i := range params {
		if params[i].Name == name {
			return &params[i]
		}
	}
	return nil
}
