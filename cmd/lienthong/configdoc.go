package main

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// A byteSize is a number of bytes, written as 4GiB, 250MB or 1048576.
type byteSize int64

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

// UnmarshalYAML implements yaml.NodeUnmarshaler, which knows the line.
func (s *byteSize) UnmarshalYAML(n ast.Node) error {
	if err := s.parse(n.GetToken().Value); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}

func (s *byteSize) parse(text string) error {
	number, unit := strings.TrimSpace(text), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return fmt.Errorf("size %q: want a number of bytes, such as 4GiB, 250MB or 1048576", text)
	}
	*s = byteSize(n * unit)
	return nil
}

// A setting is one leaf of the configuration.
type setting struct {
	path  string // "tls.key"
	env   string // "LIENTHONG_TLS_KEY"
	doc   string
	def   string
	value reflect.Value
}

// settings walks the configuration in the order in which it is declared. Lists of
// structures are given as one setting without a value.
func settings(c any) []setting {
	var out []setting
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name := field.Tag.Get("yaml")
			if name == "" {
				continue
			}
			if field.Type.Kind() == reflect.Struct {
				walk(v.Field(i), prefix+name+".")
				continue
			}
			env := "LIENTHONG_" + strings.ToUpper(strings.NewReplacer(".", "_").Replace(prefix+name))
			out = append(out, setting{prefix + name, env, field.Tag.Get("doc"), field.Tag.Get("default"), v.Field(i)})
		}
	}
	walk(reflect.ValueOf(c).Elem(), "")
	return out
}

// set gives a setting a value from text; lists are separated by commas.
func (s setting) set(text string) error {
	switch p := s.value.Addr().Interface().(type) {
	case *string:
		*p = text
	case *[]string:
		*p = strings.Split(text, ",")
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q: want true or false", text)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q: want a number", text)
		}
		*p = n
	case *byteSize:
		return p.parse(text)
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		*p = d
	case *map[string]time.Duration:
		delays, err := parseDelays(text)
		if err != nil {
			return err
		}
		*p = delays
	default:
		return fmt.Errorf("%s cannot be set by a text", s.path)
	}
	return nil
}

// fillDefaults sets what is still empty. The tags are constants of this package;
// one that does not parse shows in every test.
func fillDefaults(c any) {
	for _, s := range settings(c) {
		if s.def != "" && s.value.IsZero() {
			if err := s.set(s.def); err != nil {
				panic(fmt.Sprintf("default of %s: %v", s.path, err))
			}
		}
	}
}

func overrideFromEnv(c any, env func(string) (string, bool)) error {
	for _, s := range settings(c) {
		text, ok := env(s.env)
		if !ok || s.value.Type() == reflect.TypeFor[[]keyConfig]() {
			continue
		}
		if err := s.set(text); err != nil {
			return failf(exitUsage, "environment: %s=%q: %v", s.env, text, err)
		}
	}
	return nil
}

// describeConfig prints every key as a configuration that could be used, with what
// it means, its default and the variable that overrides it.
func describeConfig(w io.Writer) {
	fmt.Fprint(w, "# Configuration of a node. Unknown keys are errors. Names of files are relative to\n"+
		"# the folder of this file. A variable of the environment overrides its key.\n")
	describeLevel(w, &config{}, "")
}

func describeLevel(w io.Writer, c any, indent string) {
	inside := ""
	for _, s := range settings(c) {
		section, name, depth := "", s.path, 0
		if i := strings.LastIndexByte(s.path, '.'); i >= 0 {
			section, name, depth = s.path[:i], s.path[i+1:], 1+strings.Count(s.path[:i], ".")
		}
		if section != inside || indent == "" && section == "" {
			fmt.Fprintln(w)
		}
		opened := strings.Split(inside, ".")
		for i, part := range strings.Split(section, ".") {
			if part != "" && (i >= len(opened) || !slices.Equal(opened[:i+1], strings.Split(section, ".")[:i+1])) {
				fmt.Fprintf(w, "%s%s%s:\n", indent, strings.Repeat("  ", i), part)
			}
		}
		inside = section
		pad := indent + strings.Repeat("  ", depth)
		fmt.Fprintf(w, "%s# %s\n", pad, s.doc)
		if s.value.Type() == reflect.TypeFor[[]keyConfig]() {
			fmt.Fprintf(w, "%s%s:\n%s  -\n", pad, name, pad)
			describeLevel(w, &keyConfig{}, indent+"    ")
			continue
		}
		if indent == "" {
			fmt.Fprintf(w, "%s# %s\n", pad, s.env)
		}
		fmt.Fprintf(w, "%s%s: %s\n", pad, name, example(s))
	}
}

func example(s setting) string {
	switch {
	case s.def != "":
		return s.def
	case s.value.Kind() == reflect.Slice:
		return "[]"
	case s.value.Kind() == reflect.Map:
		return "{}"
	}
	return `""`
}
