package content

// Line tells, of the height of a box of text that stands upright, how far above its
// lower edge the baseline is, and the size of the letters. It holds for boxes that
// nothing clips; Type 3 fonts have boxes of their own.
func Line(height float64) (below, size float64) {
	size = height / (ascent - descent)
	return -descent * size, size
}
