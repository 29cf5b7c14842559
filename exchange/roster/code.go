package roster

import (
	"fmt"
	"regexp"
)

// MaxCode is the length of a code, in characters (QĐ 20/2020/QĐ-TTg).
const MaxCode = 35

var (
	// form20 is QĐ 20/2020/QĐ-TTg: groups from the top down, such as H55.13.05.
	form20 = regexp.MustCompile(`^[A-Z][0-9]{2}(\.[0-9A-Z]{1,10})*$`)
	// form102 is QCVN 102:2016/BTTTT: groups from the bottom up, such as 000.00.14.H20. Real
	// traffic also leaves the first groups out.
	form102 = regexp.MustCompile(`^([0-9]{2,3}\.){1,3}[A-Z][0-9]{2}$`)
	// hub is a centre for interconnection, in either form. It takes no letters of its own.
	hub = regexp.MustCompile(`(^|\.)W00$`)
)

// CheckCode says what is wrong with a code that is to be registered. Both forms are good:
// that of QĐ 20/2020 and that of QCVN 102:2016.
func CheckCode(code string) error {
	switch {
	case len(code) > MaxCode:
		return fmt.Errorf("code %.50q has %d characters, want at most %d", code, len(code), MaxCode)
	case form20.MatchString(code), form102.MatchString(code), hub.MatchString(code):
		return nil
	}
	return fmt.Errorf("code %.50q is of neither form: want groups of A-Z and 0-9 with dots, such as H55.13.05 (QĐ 20/2020) or 000.00.14.H20 (QCVN 102:2016), in upper case", code)
}
