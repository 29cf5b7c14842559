package main

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// workingDays sets the clocks of nodes, by what LIENTHONG_CLOCK_OFFSET says: MORNING is nine
// o'clock of a working day that is not over, NEXT_MORNING nine o'clock of the one that
// follows it, of the same year. A script that runs under them counts the same on every day.
// TODAY, NEXTDAY and LATEDAY, a working day that is two days back, are yyyy-mm-dd, VN_TODAY
// and VN_NEXTDAY as registers write them.
func workingDays(ts *testscript.TestScript, neg bool, args []string) {
	now := time.Now()
	day := now.In(hanoi)
	for day = day.AddDate(0, 0, 1); day.Weekday() < time.Wednesday || day.Weekday() > time.Thursday || day.AddDate(0, 0, 1).Year() != day.AddDate(0, 0, -2).Year(); {
		day = day.AddDate(0, 0, 1)
	}
	morning := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, hanoi)
	next, late := morning.AddDate(0, 0, 1), morning.AddDate(0, 0, -2)
	for name, value := range map[string]string{
		"MORNING": morning.Sub(now).String(), "NEXT_MORNING": next.Sub(now).String(),
		"TODAY": morning.Format(time.DateOnly), "NEXTDAY": next.Format(time.DateOnly), "LATEDAY": late.Format(time.DateOnly),
		"VN_TODAY": morning.Format("02/01/2006"), "VN_NEXTDAY": next.Format("02/01/2006"), "VN_LATEDAY": late.Format("02/01/2006"),
		"YEAR": fmt.Sprint(morning.Year()),
	} {
		ts.Setenv(name, value)
	}
}

// awaitCount N PROFILE waits until N letters have come to an agency, and each was judged.
func awaitCount(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	deadline, got := time.Now().Add(30*time.Second), -1
	for time.Now().Before(deadline) {
		if ts.Exec("lienthong", "--json", "inbox", "--all", "-n", "500", "--as", args[1]) == nil {
			if got = len(judged.FindAllString(ts.ReadFile("stdout"), -1)); got == want {
				return
			}
		}
		time.Sleep(100 * time.Millisecond) // another process can only be asked
	}
	ts.Fatalf("%s: %d letters were judged, want %d", args[1], got, want)
}

// judged is a letter with a verdict, as it is printed with --json.
var judged = regexp.MustCompile(`(?m)^.*"verdict": ?"[a-z]+".*$`)
