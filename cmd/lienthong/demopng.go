package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// The demo draws its own handwriting and seal, so that no real person's signature
// and no real seal is in the repository.

const oversample = 4 // each pixel is the mean of so many squared, which smooths edges

// handwriting is a signature-like line in blue ink, 360 by 160 pixels.
func handwriting() ([]byte, error) {
	const w, h = 360, 160
	ink := color.NRGBA{R: 20, G: 50, B: 160, A: 255}
	pen := func(t float64) (x, y, r float64) {
		x = 30 + 290*t + 16*math.Sin(9*math.Pi*t)
		y = 85 - 48*math.Exp(-9*t)*math.Cos(8*math.Pi*t) - 26*math.Sin(11*math.Pi*t)*(1-0.7*t) - 14*t
		return x, y, 1.6 + 1.5*math.Abs(math.Sin(7*math.Pi*t))
	}
	flourish := func(t float64) (x, y, r float64) {
		return 70 + 240*t, 132 - 14*math.Sin(math.Pi*t) - 10*t, 2.4 * (1 - 0.7*t)
	}
	return drawPNG(w, h, ink, func(set func(x, y float64)) {
		for _, stroke := range []func(float64) (x, y, r float64){pen, flourish} {
			for i := range 6000 {
				x, y, r := stroke(float64(i) / 6000)
				dot(set, x, y, r)
			}
		}
	})
}

// sealImage is a round seal in red: two rings and a star, 240 pixels wide.
func sealImage() ([]byte, error) {
	const size = 240
	red := color.NRGBA{R: 205, G: 20, B: 30, A: 235}
	return drawPNG(size, size, red, func(set func(x, y float64)) {
		const step = 1.0 / oversample
		for y := 0.0; y < size; y += step {
			for x := 0.0; x < size; x += step {
				dx, dy := x-size/2, y-size/2
				d := math.Hypot(dx, dy)
				ring := d > 110 && d < 117 || d > 76 && d < 78.5
				tick := d > 84 && d < 104 && math.Mod(math.Atan2(dy, dx)+2*math.Pi, math.Pi/14) < 0.09
				if ring || tick || inStar(dx, dy, 52) {
					set(x, y)
				}
			}
		}
	})
}

// inStar reports whether a point lies in a five-pointed star of radius r.
func inStar(dx, dy, r float64) bool {
	angle := math.Mod(math.Atan2(dx, -dy)+2*math.Pi, 2*math.Pi/5)
	if angle > math.Pi/5 {
		angle = 2*math.Pi/5 - angle
	}
	inner := r * 0.382
	// The edge from the tip (angle 0, r) to the notch (angle π/5, inner).
	nx, ny := inner*math.Cos(math.Pi/5), inner*math.Sin(math.Pi/5)
	d := math.Hypot(dx, dy)
	px, py := d*math.Cos(angle), d*math.Sin(angle)
	return (nx-r)*(py)-(ny)*(px-r) >= 0
}

func dot(set func(x, y float64), x, y, r float64) {
	const step = 1.0 / oversample
	for dy := -r; dy <= r; dy += step {
		for dx := -r; dx <= r; dx += step {
			if dx*dx+dy*dy <= r*r {
				set(x+dx, y+dy)
			}
		}
	}
}

// drawPNG lets draw set points of one colour on a transparent picture.
func drawPNG(w, h int, ink color.NRGBA, draw func(set func(x, y float64))) ([]byte, error) {
	mask := make([]bool, w*h*oversample*oversample)
	draw(func(x, y float64) {
		px, py := int(x*oversample), int(y*oversample)
		if px >= 0 && py >= 0 && px < w*oversample && py < h*oversample {
			mask[py*w*oversample+px] = true
		}
	})
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			covered := 0
			for i := range oversample * oversample {
				if mask[(y*oversample+i/oversample)*w*oversample+x*oversample+i%oversample] {
					covered++
				}
			}
			pixel := ink
			pixel.A = uint8(int(ink.A) * covered / (oversample * oversample))
			picture.SetNRGBA(x, y, pixel)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
