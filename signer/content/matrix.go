package content

import "math"

// matrix is [a b c d e f] of ISO 32000-2, 8.3.3.
type matrix [6]float64

var (
	identity   = matrix{1, 0, 0, 1, 0, 0}
	everywhere = [4]float64{-math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32, math.MaxFloat32}
)

// times is m applied first, then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

func (m matrix) point(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// box is the smallest upright rectangle around r as m maps it.
func (m matrix) box(r [4]float64) [4]float64 {
	if m[1] == 0 && m[2] == 0 { // upright already
		x, y, z, w := m[0]*r[0]+m[4], m[3]*r[1]+m[5], m[0]*r[2]+m[4], m[3]*r[3]+m[5]
		return [4]float64{min(x, z), min(y, w), max(x, z), max(y, w)}
	}
	b := nothing
	for _, c := range [4][2]float64{{r[0], r[1]}, {r[0], r[3]}, {r[2], r[1]}, {r[2], r[3]}} {
		b = around(b, m, c[0], c[1])
	}
	return b
}

// nothing is the empty rectangle, which around makes larger.
var nothing = [4]float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64, -math.MaxFloat64}

func around(b [4]float64, m matrix, x, y float64) [4]float64 {
	x, y = m.point(x, y)
	return [4]float64{min(b[0], x), min(b[1], y), max(b[2], x), max(b[3], y)}
}

func meet(a, b [4]float64) [4]float64 {
	return [4]float64{max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])}
}

// apart: a and b have not so much as an edge in common.
func apart(a, b [4]float64) bool {
	return a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1]
}

// finite: no coordinate overflowed or is no number.
func finite(r [4]float64) bool {
	for _, v := range r {
		if math.IsNaN(v) || math.Abs(v) > math.MaxFloat32 {
			return false
		}
	}
	return true
}
