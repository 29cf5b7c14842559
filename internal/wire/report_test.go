package wire_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"lienthong/internal/wire"
	"lienthong/signer"
)

// fill gives every field a value; a list of what it is in, once.
func fill(v reflect.Value, within ...reflect.Type) {
	if t, ok := v.Addr().Interface().(*time.Time); ok {
		*t = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Repeat("ab", 32))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		if slices.Index(within, v.Type().Elem()) == len(within)-1 || !slices.Contains(within, v.Type().Elem()) {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), within...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), append(within, v.Type())...)
		}
	}
}

// Every field of the message comes from a report, so that none is forgotten.
func TestReportToProtoIsWhole(t *testing.T) {
	t.Parallel()
	var r signer.Report
	fill(reflect.ValueOf(&r).Elem())
	m, err := wire.ReportToProto(&r)
	if err != nil {
		t.Fatal(err)
	}
	var check func(path string, m protoreflect.Message)
	check = func(path string, m protoreflect.Message) {
		fields := m.Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			at := path + "." + string(f.Name())
			if !m.Has(f) && f.Message() == m.Descriptor() && strings.HasSuffix(path, "."+string(f.Name())+"."+string(f.Name())) {
				continue // a text in a text is enough
			}
			if !m.Has(f) {
				t.Errorf("%s is empty", at)
				continue
			}
			switch {
			case f.IsList() && f.Message() != nil:
				check(at, m.Get(f).List().Get(0).Message())
			case f.Message() != nil:
				check(at, m.Get(f).Message())
			}
		}
	}
	check("report", m.ProtoReflect())
}
