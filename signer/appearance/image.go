package appearance

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"

	"codeberg.org/go-pdf/fpdf"
)

// maxPixels bounds an image: a seal of 36 mm at 600 dpi has 0.7 million.
const maxPixels = 8 << 20

// drawImage puts the PNG into the middle of area, as large as fits. What is
// transparent stays so.
func drawImage(f *fpdf.Fpdf, data []byte, area box) error {
	data, w, h, err := plainPNG(data)
	if err != nil {
		return err
	}
	f.RegisterImageOptionsReader("image", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(data))
	scale := min(area.w/float64(w), area.h/float64(h))
	width, height := float64(w)*scale, float64(h)*scale
	f.ImageOptions("image", area.x+(area.w-width)/2, area.y+(area.h-height)/2, width, height, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	if err := f.Error(); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return nil
}

// plainPNG reads any PNG and writes it as 8 bits a colour with alpha, not
// interlaced, which is what the library below is known to read right.
func plainPNG(data []byte) (out []byte, w, h int, err error) {
	plain, err := decodePNG(data)
	if err != nil {
		return nil, 0, 0, err
	}
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&buf, plain); err != nil {
		return nil, 0, 0, fmt.Errorf("image: %w", err)
	}
	return buf.Bytes(), plain.Rect.Dx(), plain.Rect.Dy(), nil
}

// decodePNG reads any PNG of a size that is allowed.
func decodePNG(data []byte) (*image.NRGBA, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("image: not a PNG that can be read: %w", err)
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 || w > maxPixels/h {
		return nil, fmt.Errorf("image: %d by %d pixels, want at most %d in all", w, h, maxPixels)
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("image: not a PNG that can be read: %w", err)
	}
	plain, ok := decoded.(*image.NRGBA)
	if !ok {
		plain = image.NewNRGBA(image.Rect(0, 0, w, h))
		draw.Draw(plain, plain.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	}
	return plain, nil
}
