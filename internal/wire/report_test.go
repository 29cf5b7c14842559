package wire_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"lienthong/internal/wire"
	"lienthong/signer"
)

// fill gives every field a value.
func fill(v reflect.Value) {
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
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
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
