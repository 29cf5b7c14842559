package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"lienthong/envelope"
	"lienthong/exchange"
)

// changedReceivers is an update by which the receivers of a document became others.
type changedReceivers struct {
	doc   *exchange.Document
	added []string
}

// done reports whether an act was taken. Where it was refused, that must be for one of the
// reasons that such an act may be refused for, or for one of the fields of a request.
func (p *property) done(what string, err error, reasons ...string) bool {
	if err == nil {
		return true
	}
	var own *exchange.Error
	if !errors.As(err, &own) {
		p.r.Fatalf("%s: %v, want it done, or refused with a reason", what, err)
	}
	of := []string{own.Reason}
	if own.Reason == "INVALID_CHANGE" {
		of = nil
		for _, f := range own.Fields {
			of = append(of, f.Reason)
		}
	}
	for _, reason := range of {
		if !slices.Contains(reasons, reason) {
			p.r.Fatalf("%s was refused with %s: %v; want it done, or one of %s", what, reason, err, reasons)
		}
	}
	return false
}

// update sends the next version of a document: with other metadata, without one of its
// receivers, with one more, or all of these.
func (p *property) update(doc *exchange.Document) {
	var change exchange.ChangeRequest
	reasons := []string{"NO_RECIPIENT", "TAKE_BACK_PENDING"}
	if rapid.Bool().Draw(p.r, "other metadata") {
		change.Metadata = subject(fmt.Sprint("Bản ", len(p.docs)))
	}
	if rapid.Bool().Draw(p.r, "remove") {
		change.Remove = []string{rapid.SampledFrom(doc.Route.Recipients).Draw(p.r, "removed").Agency.ID}
		reasons = append(reasons, "NOT_A_RECIPIENT") // any more
	}
	if rapid.Bool().Draw(p.r, "add") {
		change.Add = []exchange.OutgoingRecipient{{Agency: rapid.SampledFrom([]string{"near", "middle", "to", "other", "third"}).Draw(p.r, "added")}}
		reasons = append(reasons, "DUPLICATE")
	}
	if change.Metadata == nil && len(change.Remove)+len(change.Add) == 0 {
		reasons = append(reasons, "NOTHING_CHANGED")
	}
	got, err := p.tryUpdate(doc, change)
	if !p.done("update", err, reasons...) {
		return
	}
	p.docs = append(p.docs, got)
	changed := changedReceivers{doc: got}
	for _, to := range change.Add {
		changed.added = append(changed.added, to.Agency)
	}
	for _, agency := range append(slices.Clone(change.Remove), changed.added...) {
		gets := slices.ContainsFunc(got.Route.Recipients, func(to envelope.Recipient) bool { return to.Agency.ID == agency })
		if gets != slices.Contains(changed.added, agency) {
			p.r.Fatalf("version %d with %s added and %s removed goes to %v", got.Route.Version, changed.added, change.Remove, got.Route.Recipients)
		}
	}
	p.more = append(p.more, changed)
	for _, agency := range change.Remove {
		p.removed(got, agency)
	}
}

// removed finds the recall that a removed receiver gets, unless nothing has left for it, and
// lets it be checked as any other.
func (p *property) removed(update *exchange.Document, agency string) {
	ctx, ward := context.Background(), p.nodes["ward"]
	rows, err := ward.store.Thread(ctx, "from", update.Route.Thread, "")
	if err != nil {
		p.r.Fatal(err)
	}
	recalls := map[envelope.Digest]bool{} // what recalls that go to it are aimed at
	for _, row := range rows {
		if row.Kind != envelope.KindRecall || row.Key.Recipient != agency {
			continue
		}
		ask, err := ward.service.Document(ctx, "from", row.Key.ID)
		if err != nil {
			p.r.Fatal(err)
		}
		if !slices.ContainsFunc(p.asks, func(known *exchange.Document) bool { return known.Letter.Key == ask.Letter.Key }) {
			p.asks = append(p.asks, ask)
		}
		if ask.Content.Recall.Mode != envelope.RecallNow {
			continue
		}
		for _, target := range ask.Route.Targets(envelope.RelationRecalls) {
			recalls[target] = true
		}
	}
	for _, row := range rows {
		if row.Kind == envelope.KindRecall || row.Key.Recipient != agency || row.Version >= update.Route.Version {
			continue
		}
		if row.State != exchange.StateStopped && row.State != exchange.StateFailed && !recalls[row.Digest] {
			p.r.Fatalf("%q was removed by version %d, and version %d is %s and not recalled", agency, update.Route.Version, row.Version, row.State)
		}
	}
}

// added: whoever was added has the whole version, with all files, and waits for none before it.
func (p *property) added() {
	ctx := context.Background()
	for _, change := range p.more {
		for _, agency := range change.added {
			if d, _ := p.nodes["ward"].delivery(change.doc.Letter.Key, agency); d.State != exchange.StateDelivered {
				continue // stopped by a recall, or failed
			}
			home := p.nodes[p.homeOf(agency)]
			d, _ := home.delivery(change.doc.Letter.Key, agency)
			if d.Copy == exchange.CopyWaiting {
				p.r.Fatalf("version %d, by which %q was added, waits at it for one before", d.Version, agency)
			}
			letter, err := home.store.Letter(ctx, d.Key.Letter())
			if err != nil {
				p.r.Fatal(err)
			}
			content, err := envelope.ParseContent(letter.Content)
			if err != nil || !reflect.DeepEqual(content, change.doc.Content) || len(content.Files) == 0 {
				p.r.Fatalf("%q was added, and has the content %+v, %v; want %+v", agency, content, err, change.doc.Content)
			}
			for _, file := range content.Files {
				blob, err := home.blobs.Open(ctx, file.SHA256)
				if err != nil {
					p.r.Fatalf("%q was added, and has not file %q: %v", agency, file.Name, err)
				}
				if blob.Close(); blob.Size() != int64(file.Size) {
					p.r.Fatalf("%q was added, and has %d bytes of file %q, want %d", agency, blob.Size(), file.Name, file.Size)
				}
			}
		}
	}
}
