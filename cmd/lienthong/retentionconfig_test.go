package main

import (
	"maps"
	"strings"
	"testing"
)

func TestRetentionYears(t *testing.T) {
	t.Parallel()
	got, err := retentionYears([]string{"CV=10", " ttr = forever", "*=20"})
	if want := map[string]int{"CV": 10, "TTR": 0, "*": 20}; err != nil || !maps.Equal(got, want) {
		t.Errorf("read %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "CV", "CV=", "=10", "CV=0", "CV=-1", "CV=201", "CV=ten", "CV=10=2"} {
		if _, err := retentionYears([]string{bad}); err == nil || !strings.Contains(err.Error(), "want TYPE=YEARS") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := retentionYears([]string{"CV=1", "cv=2"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a type twice: %v", err)
	}
}
