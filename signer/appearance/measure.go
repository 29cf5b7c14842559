package appearance

import "fmt"

// Measure returns the sides, in points, of the box that lines need at the size of
// text in a corner. A line wider than most is broken at its spaces.
func Measure(lines []string, most float64) (width, height float64, err error) {
	lines, err = splitLines(lines)
	if err != nil {
		return 0, 0, fmt.Errorf("appearance: %w", err)
	}
	f := newPage(maxSide, maxSide)
	if err := useFont(f, lines); err != nil {
		return 0, 0, fmt.Errorf("appearance: %w", err)
	}
	f.SetFont(family, "", largest)
	lines = wrap(f, lines, most-2*padding)
	const slack = 0.01 // what is lost where a rectangle is written with few digits
	return widest(f, lines) + 2*padding + slack, float64(len(lines))*largest*lineHeight + 2*padding + slack, f.Error()
}
