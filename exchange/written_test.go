package exchange_test

import (
	"context"
	"reflect"
	"testing"
	"time"
)

// What Send answers is what is read afterwards: of receivers here and elsewhere, at once
// and later, and of a letter that bears a number for the second time.
func TestSendAnswersWhatIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": "parent", "parent": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"}, agencySpec{"ban", "parent"}, agencySpec{"an", "parent"})
	for _, id := range []string{"node", "parent"} {
		w.node(id).stop() // so that nothing changes between the two
	}
	n, ctx := w.open("node", w.node("node").dir), context.Background()
	defer n.store.Close()
	for _, later := range []time.Duration{0, time.Hour} {
		req := letter(t, "so", "phong", "ban", "an")
		if later > 0 {
			req.NotBefore = w.clock().Add(later).UnixMicro()
		}
		got, err := n.service.Send(ctx, clerk, req)
		if err != nil {
			t.Fatal(err)
		}
		want, err := n.service.Document(ctx, "so", got.Letter.Key.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Deliveries) != 3 || later > 0 && len(got.Warnings) == 0 {
			t.Errorf("%d deliveries, warnings %v", len(got.Deliveries), got.Warnings)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("sent:\n%+v\nread:\n%+v", got, want)
		}
	}
}
