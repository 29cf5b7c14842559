package edxml

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reserved are names that Windows gives to devices, with any extension.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true}

// SafeName makes a file name of what a sender calls a file: no folder, no control
// or direction character, nothing that a system reads as something else, at most
// 180 bytes. Letters stay as they came.
func SafeName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for len(stem)+len(ext) > 180 {
		_, n := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-n]
	}
	first, _, _ := strings.Cut(strings.ToLower(stem), ".")
	first = strings.TrimSpace(first)
	if reserved[first] || len(first) == 4 && (strings.HasPrefix(first, "com") || strings.HasPrefix(first, "lpt")) {
		stem = "_" + stem
	}
	if stem == "" {
		stem = "file"
	}
	return stem + ext
}

// names gives every file of a folder a name of its own, also where letters differ
// by case alone.
type names map[string]int

func (taken names) unique(name string) string {
	safe := SafeName(name)
	ext := path.Ext(safe)
	stem := strings.TrimSuffix(safe, ext)
	first := strings.ToLower(safe)
	for taken[strings.ToLower(safe)] > 0 {
		taken[first]++ // the number goes on where it was: thousands may have one name
		safe = fmt.Sprintf("%s (%d)%s", stem, taken[first], ext)
	}
	taken[strings.ToLower(safe)] = 1
	return safe
}
