package appearance

import "fmt"

// A Picture is what is known about an image before it is drawn.
type Picture struct {
	Width, Height int  // pixels
	Opaque        bool // nothing shines through: what lies below is hidden
	Ink           Ink  // of what is neither transparent nor white
}

// Ink is the colour that most of a picture has.
type Ink string

// The colours that Decree 30 (Appendix I) names, and all others.
const (
	Blue  Ink = "blue"
	Red   Ink = "red"
	Other Ink = "another colour"
)

// Look reads a PNG, with the errors of [Draw].
func Look(data []byte) (Picture, error) {
	m, err := decodePNG(data)
	if err != nil {
		return Picture{}, fmt.Errorf("appearance: %w", err)
	}
	b := m.Bounds()
	p := Picture{Width: b.Dx(), Height: b.Dy(), Opaque: true, Ink: Other}
	var count, blue, red int
	step := max(1, max(p.Width, p.Height)/512) // so many pixels tell
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			c := m.NRGBAAt(x, y)
			p.Opaque = p.Opaque && c.A > 0xE0
			if c.A < 0x40 || min(c.R, c.G, c.B) > 0xD0 {
				continue
			}
			count++
			switch r, g, b := int(c.R), int(c.G), int(c.B); {
			case b > r+tinge && b > g:
				blue++
			case r > b+tinge && r > g+tinge:
				red++
			}
		}
	}
	switch {
	case blue > count/2:
		p.Ink = Blue
	case red > count/2:
		p.Ink = Red
	}
	return p, nil
}

// tinge is by how much a colour must be above the others, of 255, to be seen as it.
const tinge = 24
