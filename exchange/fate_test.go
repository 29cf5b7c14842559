package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A register says on both sides what was recalled, from how many, and by which number what
// was replaced; what was stopped on its way is recalled, too. A recall stands in none.
func TestRegisterSaysWhatWasRecalled(t *testing.T) {
	t.Parallel()
	s := line(t)
	ctx := context.Background()
	numbered := func(number string) *envelope.Metadata {
		m := metadata()
		m.Number = number
		return &m
	}
	send := func(number string, to ...string) *exchange.Document {
		req := letter(t, "from", to...)
		req.Metadata = *numbered(number)
		return s.nodes["ward"].send(req)
	}
	replaced, some, stopped := send("11", "to", "other"), send("12", "to", "other"), send("14", "to")
	s.recall(stopped, envelope.RecallNow)
	send("13", "to")
	s.quiet()
	for _, doc := range []*exchange.Document{replaced, some} {
		if err := s.report("province", "to", s.home("province", doc, "to"), exchange.StatusAccepted); err != nil {
			t.Fatal(err)
		}
	}
	s.quiet()
	last := s.replace(replaced, exchange.ChangeRequest{Metadata: numbered("21")})
	s.recall(some, envelope.RecallNow, "to")
	s.quiet()
	check := func(node, agency string, way exchange.Way, want string) {
		t.Helper()
		list, _, err := s.nodes[node].service.Register(ctx, agency, way, "", "", exchange.Mark{}, 50)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range list {
			got = append(got, fmt.Sprintf("%s: %d recalled, %d replaced by %q", l.Content.Metadata.Number, l.Recalled, l.Replaced, l.ReplacedBy))
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("register %d of %s:\n%s\nwant:\n%s", way, agency, strings.Join(got, "\n"), want)
		}
	}
	by := last.Content.Metadata.Number + "/" + last.Content.Metadata.Symbol
	check("ward", "from", exchange.WayOut, fmt.Sprintf(`11: 0 recalled, 2 replaced by %q
12: 1 recalled, 0 replaced by ""
14: 1 recalled, 0 replaced by ""
13: 0 recalled, 0 replaced by ""
21: 0 recalled, 0 replaced by ""`, by))
	check("province", "to", exchange.WayIn, fmt.Sprintf(`11: 0 recalled, 1 replaced by %q
12: 1 recalled, 0 replaced by ""`, by))
	s.recall(last, envelope.RecallNow)
	s.quiet()
	check("province", "to", exchange.WayIn, `11: 1 recalled, 0 replaced by ""
12: 1 recalled, 0 replaced by ""`)
}
