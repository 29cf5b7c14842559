package appearance_test

import (
	"errors"
	"image"
	"image/color"
	"testing"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// resource returns the only resource of a kind that a form uses.
func resource(t testing.TB, v *pdf.View, form *pdf.Stream, kind pdf.Name) *pdf.Dict {
	t.Helper()
	resources, err := v.Dict(form.Dict.Get("Resources"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := v.Dict(resources.Get(kind))
	if err != nil || list == nil || list.Len() != 1 {
		t.Fatalf("/%s %v, %v", kind, list, err)
	}
	_, o := list.At(0)
	d, err := v.Dict(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Without transparency a pixel is painted or it is not: from half opaque on.
func TestDrawOpaque(t *testing.T) {
	t.Parallel()
	m := image.NewNRGBA(image.Rect(0, 0, 10, 3))
	for x := range 10 {
		m.SetNRGBA(x, 0, color.NRGBA{200, 0, 0, 255})
		m.SetNRGBA(x, 1, color.NRGBA{200, 0, 0, uint8(100 + 4*x)}) // 128 at 7
	}
	v, form := drawn(t, appearance.Content{Profile: appearance.Agency, Width: 100, Height: 100, Image: encode(t, m), Restrict: appearance.Restrictions{Opaque: true}})
	picture := resource(t, v, form, "XObject")
	if picture.Has("SMask") || form.Dict.Has("Group") {
		t.Errorf("there is transparency: %v", picture.Keys())
	}
	o, err := v.Resolve(picture.Get("Mask"))
	mask, ok := o.(*pdf.Stream)
	if err != nil || !ok || mask.Dict.Get("ImageMask") != pdf.Object(pdf.Bool(true)) {
		t.Fatalf("/Mask is %T, %v", o, err)
	}
	bits, err := mask.Decode(v)
	if want := "\x00\x3f\xfe\x3f\xff\xff"; err != nil || string(bits) != want {
		t.Errorf("the mask is %x, %v, want %x", bits, err, want)
	}
}

func TestDrawRefusesWhatWouldVanish(t *testing.T) {
	t.Parallel()
	m := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for i := range m.Pix {
		m.Pix[i] = 127
	}
	u, _ := update(t)
	c := appearance.Content{Profile: appearance.Agency, Width: 100, Height: 100, Image: encode(t, m), Restrict: appearance.Restrictions{Opaque: true}}
	if _, err := appearance.Draw(u, c); !errors.Is(err, appearance.ErrTransparent) {
		t.Errorf("an image that is nowhere half opaque: %v", err)
	}
	c.Restrict = appearance.Restrictions{}
	if _, err := appearance.Draw(u, c); err != nil {
		t.Errorf("with transparency: %v", err)
	}
}

// A font says which letters it has where that is asked for, and not otherwise, since
// PDF/A-2 wants such a list to name what is there to the last glyph.
func TestDrawListsLetters(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{true, false} {
		v, form := drawn(t, appearance.Content{Profile: appearance.Custom, Width: 100, Height: 30, Lines: []string{"AĐ"}, Restrict: appearance.Restrictions{Listed: listed}})
		font := resource(t, v, form, "Font")
		kids, err := v.Array(font.Get("DescendantFonts"))
		if err != nil || len(kids) != 1 {
			t.Fatal(err)
		}
		kid, err := v.Dict(kids[0])
		if err != nil {
			t.Fatal(err)
		}
		descriptor, err := v.Dict(kid.Get("FontDescriptor"))
		if err != nil || descriptor.Has("CIDSet") != listed {
			t.Fatalf("/CIDSet is there: %v, %v, want %v", descriptor.Has("CIDSet"), err, listed)
		}
		if !listed {
			continue
		}
		o, _ := v.Resolve(descriptor.Get("CIDSet"))
		set, err := o.(*pdf.Stream).Decode(v)
		if err != nil || len(set) != 0x110/8+1 || set[0] != 0x80 || set['A'/8] != 0x80>>('A'%8) || set[0x110/8] != 0x80 {
			t.Errorf("/CIDSet %x, %v", set, err)
		}
	}
}
