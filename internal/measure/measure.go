// Package measure compares what two pieces of code cost on a machine where others
// are at work too: in interleaved pairs, by medians, and in time of a processor
// beside time by the clock.
package measure

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Result is what two functions take: the medians of both, in milliseconds, and
// the medians of their ratios, pair by pair.
type Result struct {
	Pairs           int
	Ours, Base      float64 // ms by the clock
	Ratio           float64
	OursCPU, CPU    float64 // ms of processors, and the ratio of it; NaN where it is too short to measure
	BaseCPU         float64
	Allocs, Bytes   float64 // of ours, a run
	Difference      float64 // ours less base, ms by the clock
	DifferenceOfCPU float64 // and of processors
}

// Pairs runs ours and base in turn, the other one first every second time, and
// both once before that. An error ends it.
func Pairs(n int, ours, base func() error) (Result, error) {
	var a, b, ratio, ac, bc, cpu, diff, diffCPU []float64
	for i := -1; i < n; i++ {
		first, second := ours, base
		if i%2 == 0 {
			first, second = base, ours
		}
		x, xc, err := once(first)
		if err != nil {
			return Result{}, err
		}
		y, yc, err := once(second)
		if err != nil {
			return Result{}, err
		}
		if i%2 == 0 {
			x, y, xc, yc = y, x, yc, xc
		}
		if i < 0 {
			continue
		}
		a, b, ratio, diff = append(a, x), append(b, y), append(ratio, x/y), append(diff, x-y)
		ac, bc, cpu, diffCPU = append(ac, xc), append(bc, yc), append(cpu, xc/yc), append(diffCPU, xc-yc)
	}
	allocs, bytes, err := Allocations(3, ours)
	return Result{
		Pairs: n, Ours: Median(a), Base: Median(b), Ratio: Median(ratio), OursCPU: Median(ac), BaseCPU: Median(bc), CPU: Median(cpu),
		Allocs: allocs, Bytes: bytes, Difference: Median(diff), DifferenceOfCPU: Median(diffCPU),
	}, err
}

func once(f func() error) (clock, processor float64, err error) {
	begin, start := Processor(), time.Now()
	err = f()
	return ms(time.Since(start)), ms(Processor() - begin), err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Median sorts the list and returns what is in its middle.
func Median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// Allocations returns how many allocations, and bytes of them, a run of f makes,
// those of other goroutines included.
func Allocations(runs int, f func() error) (count, bytes float64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := f(); err != nil {
			return 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(runs), float64(after.TotalAlloc-before.TotalAlloc) / float64(runs), nil
}

// Peak returns the most memory that this process has had so far, in bytes: what
// Linux calls VmHWM.
func Peak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("measure: memory is measured by /proc: %w", err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(peak, &kib); err != nil {
		return 0, fmt.Errorf("measure: no VmHWM in /proc/self/status: %w", err)
	}
	return kib << 10, nil
}
