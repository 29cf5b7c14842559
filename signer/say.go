package signer

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"lienthong/certs"
	"lienthong/signer/pdf"
)

// A Param is one thing that a text says of the file at hand: a name, a number, a time.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"` // as the English text has it, without its quotes; times are RFC 3339, UTC
	// Code and Params are those of a value that is itself a text of this program, and
	// not from the file.
	Code   string  `json:"code,omitempty"`
	Params []Param `json:"params,omitempty"`
}

// A saying is a text that is not yet in the words of a language: a format that stands
// in [texts], and what goes into it. Its String is English.
type saying struct {
	format string
	args   []any
}

func said(format string, args ...any) saying { return saying{format, args} }

// technical is a text from deep in a parser, which is for who mends the program that
// made the file. In any language it is what it is.
func technical(text string) saying { return saying{"%s", []any{text}} }

func (s saying) none() bool { return s.format == "" }

func (s saying) String() string {
	d, _, _ := compose("", s.format, s.args)
	return d
}

func (s saying) Error() string { return s.String() }

// because is what another finding says, as a part of a text.
type because struct{ Finding }

func (b because) String() string { return b.Detail }

// plain are the formats of texts that are nothing but what goes into them.
func plain(format string) bool { return format == "%s" || format == "%v" }

// compose puts a text into English and names what went into it. What is nothing but
// an error from below is known by the check that met it.
func compose(check, format string, args []any) (detail, code string, params []Param) {
	if plain(format) && len(args) == 1 {
		switch arg := args[0].(type) {
		case saying:
			return compose(check, arg.format, arg.args)
		case because:
			return arg.Detail, arg.Code, arg.Params
		case string:
			detail = arg
		default:
			detail = fmt.Sprintf(format, args...)
		}
		return detail, causeOf(check), []Param{{Name: "cause", Value: shorten(detail)}}
	}
	t := texts()[format]
	switch {
	case t == nil || len(args) != len(t.names):
		return fmt.Sprintf(format, args...), "", nil
	case len(t.names) == 0:
		return t.pieces[0], t.code, nil
	}
	return t.compose(args)
}

// compose writes the text once; the parameters are parts of it.
func (t *text) compose(args []any) (detail, code string, params []Param) {
	var room [512]byte
	buf := room[:0]
	var ends [2 * maxParams]int
	for i, piece := range t.pieces {
		buf = append(buf, piece...)
		if i == len(t.names) {
			break
		}
		ends[2*i] = len(buf)
		buf = appendValue(buf, t.verbs[i], args[i])
		ends[2*i+1] = len(buf)
	}
	detail = string(buf)
	params = make([]Param, len(t.names))
	for i, name := range t.names {
		params[i] = param(name, t.verbs[i], args[i], detail[ends[2*i]:ends[2*i+1]])
	}
	return detail, t.code, params
}

// appendValue writes a value by its verb, as package fmt does.
func appendValue(buf []byte, verb string, arg any) []byte {
	switch arg := arg.(type) {
	case string:
		switch verb {
		case "%s":
			return append(buf, arg...)
		case "%q":
			return strconv.AppendQuote(buf, arg)
		}
	case int:
		if verb == "%d" {
			return strconv.AppendInt(buf, int64(arg), 10)
		}
	case int64:
		if verb == "%d" {
			return strconv.AppendInt(buf, arg, 10)
		}
	}
	return fmt.Appendf(buf, verb, arg)
}

// param names a value, which stands in the text as written.
func param(name, verb string, arg any, written string) Param {
	p := Param{Name: name, Value: written}
	switch arg := arg.(type) {
	case saying:
		_, p.Code, p.Params = compose("", arg.format, arg.args)
	case because:
		p.Code, p.Params = arg.Code, arg.Params
	case certs.Named:
		_, p.Code, p.Params = compose("", `%q (serial %x)`, []any{arg.Name(), arg.Certificate.SerialNumber})
	case error:
		p.Code = technicalCode
	case string:
		if verb == "%q" {
			p.Value = arg
		}
	case pdf.Name:
		if verb == "%q" {
			p.Value = string(arg)
		}
	}
	p.Value = shorten(p.Value)
	return p
}

// causeOf is the code of a finding whose text is only what a layer below says.
func causeOf(check string) string {
	if c, ok := causes[check]; ok {
		return c.code
	}
	return technicalCode
}

// A text is one thing that the checks say, in both languages.
type text struct {
	code string // stable
	// en is the format by which the code is found, with the verbs of package fmt.
	en string
	// vi names parameters as {name}, {name:time} for a time and {name:word} for a
	// word of [vocabulary]. What en quotes, vi quotes.
	vi    string
	names []string // of the parameters, in the order of en

	pieces, verbs []string // of en
}

// maxParams is how many parameters a text may have.
const maxParams = 8

// texts are all that the checks say, by their English format.
var texts = sync.OnceValue(func() map[string]*text {
	m := make(map[string]*text)
	for _, rows := range [][]row{fileRows, signatureRows, trustRows, certificateRows, valueRows, laterRows, fieldRows, pageRows, treeRows, dynamicRows, crashRows} {
		for _, r := range rows {
			t := &text{code: r.code, en: r.en, vi: r.vi, names: strings.Fields(r.names)}
			t.split()
			m[r.en] = t
		}
	}
	return m
})

// A row of the tables of texts; names are those of its parameters.
type row struct{ code, en, names, vi string }

// split takes the format apart at its verbs.
func (t *text) split() {
	var piece strings.Builder
	for i := 0; i < len(t.en); i++ {
		if t.en[i] != '%' {
			piece.WriteByte(t.en[i])
			continue
		}
		if t.en[i+1] == '%' {
			piece.WriteByte('%')
			i++
			continue
		}
		end := i + 1
		for strings.IndexByte("0123456789.+-# ", t.en[end]) >= 0 {
			end++
		}
		t.pieces, t.verbs = append(t.pieces, piece.String()), append(t.verbs, t.en[i:end+1])
		piece.Reset()
		i = end
	}
	t.pieces = append(t.pieces, piece.String())
}

// quoted reports whether the English text quotes a parameter. A cause has no English
// text around it.
func (t *text) quoted(name string) bool {
	for i, n := range t.names {
		if n == name && i < len(t.verbs) {
			return t.verbs[i] == "%q"
		}
	}
	return false
}

// byCode are all texts by their codes, and those of the checks that only have a cause.
var byCode = sync.OnceValue(func() map[string]*text {
	m := map[string]*text{technicalCode: {code: technicalCode, names: []string{"cause"}}}
	for _, t := range texts() {
		m[t.code] = t
	}
	for _, c := range causes {
		m[c.code] = &text{code: c.code, vi: c.vi, names: []string{"cause"}}
	}
	return m
})
