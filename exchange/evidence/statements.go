package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// route checks the envelope and its files against the route's digests.
func (v *verifier) route() {
	sealed, err := envelope.ParseSealed(v.members[routeName])
	if err == nil {
		v.out.Route, err = envelope.ParseRoute(sealed)
	}
	if !v.find("envelope", err) {
		return
	}
	v.out.Letter, v.out.Digest, v.out.Sender = v.out.Route.ID.String(), sealed.Digest().String(), v.out.Route.OriginAgency.Code
	if v.dir != nil {
		if a, ok := v.dir.Agency(v.out.Route.OriginAgency.ID); ok {
			v.out.Sender = a.Name + " (" + v.out.Route.OriginAgency.Code + ")"
		}
		// Others had it when they answered for it: see the statements.
		_, err = v.dir.VerifyRoute(sealed, v.firstCustody(v.out.Route.OriginNode))
		v.find("envelope-signature", err)
	}
	v.content()
}

// firstCustody is the earliest time at which another node than the origin says that it
// has the letter; the time of the export where none says so.
func (v *verifier) firstCustody(origin string) int64 {
	first := v.out.Exported.UnixMicro()
	for _, name := range v.under(statements, ".bin") {
		r, err := envelope.ParseReceipt(v.members[name])
		if err != nil {
			continue
		}
		if st, err := v.dir.VerifySeen(envelope.Receipt{Statement: r.Statement}, 0); err == nil && st.Issuer != origin {
			first = min(first, st.Time)
		}
	}
	return first
}

func (v *verifier) content() {
	data, ok := v.members[contentName]
	if !ok {
		v.out.NotProven = append(v.out.NotProven, "content-left-out")
		return
	}
	if envelope.Sum(data) != v.out.Route.ContentDigest || uint64(len(data)) != v.out.Route.ContentSize {
		v.find("content", errors.New("evidence: the content is not the one that the sender's node signed"))
		return
	}
	content, err := envelope.ParseContent(data)
	if !v.find("content", err) {
		return
	}
	v.out.Metadata = &content.Metadata
	used, missing := 0, false
	for i, f := range content.Files {
		fact := FileFact{Name: f.Name, Digest: f.SHA256.String(), Given: slices.Contains(v.in.Documents, f.SHA256)}
		if digest, ok := v.documents[documentName(i, f.Name)]; ok {
			used++
			if fact.Here = digest == f.SHA256; !fact.Here {
				v.find("document", fmt.Errorf("evidence: file %q hashes to %s, the letter names %s", f.Name, digest, f.SHA256))
			}
		}
		missing = missing || !fact.Here && !fact.Given
		v.out.Files = append(v.out.Files, fact)
	}
	if used != len(v.documents) {
		v.find("document", fmt.Errorf("evidence: %d documents, of which the letter names %d", len(v.documents), used))
	}
	if missing {
		v.out.NotProven = append(v.out.NotProven, "documents-left-out")
	}
	v.reports()
}

// reports checks that validation reports are named by their digest; statements name them.
func (v *verifier) reports() {
	for _, name := range v.under(reports, ".json") {
		if digest := envelope.Sum(v.members[name]).String(); name != reports+digest+".json" {
			v.find("report", fmt.Errorf("evidence: %.80q hashes to %s", name, digest))
		}
	}
}

// A witness is a statement of the container that was read.
type witness struct {
	receipt envelope.Receipt
	st      envelope.Statement
	digest  envelope.Digest
	seen    *envelope.Proof
	sound   bool // signed by a node of the directory, judged at its own time
}

func (v *verifier) statements() {
	var list []witness
	for _, name := range v.under(statements, ".bin") {
		w, err := v.read(name)
		if !v.find("statement-format", err) {
			return
		}
		if v.dir != nil {
			_, err := v.dir.VerifySeen(envelope.Receipt{Statement: w.receipt.Statement}, 0)
			w.sound = err == nil
		}
		list = append(list, w)
	}
	for i := range list {
		v.judge(&list[i], list)
	}
	slices.SortStableFunc(v.out.Facts, func(a, b Fact) int { return a.Time.Compare(b.Time) })
}

func (v *verifier) read(name string) (w witness, err error) {
	if w.receipt, err = envelope.ParseReceipt(v.members[name]); err != nil {
		return w, err
	}
	if w.st, err = envelope.ParseStatement(w.receipt.Statement); err != nil {
		return w, err
	}
	w.digest = w.receipt.Statement.Digest()
	if data := v.members[seenProofs+strings.TrimPrefix(name, statements)]; data != nil {
		w.seen, err = envelope.ParseProof(data)
	}
	return w, err
}

// judge says what one statement proves, at the time at which others are shown to have it.
func (v *verifier) judge(w *witness, all []witness) {
	st := &w.st
	fact := Fact{Statement: *st, Kind: st.Kind.String(), Time: time.UnixMicro(st.Time).UTC(), Node: st.Issuer, Recipient: st.Recipient}
	switch {
	case st.Validated != nil:
		fact.Verdict = st.Validated.Verdict
	case st.Status != nil:
		fact.Status, fact.Reason = st.Status.Code, st.Status.Reason
	case st.Failed != nil:
		fact.Reason = st.Failed.Reason
	}
	if v.dir != nil {
		v.prove(w, all, &fact)
	}
	v.out.Facts = append(v.out.Facts, fact)
}

func (v *verifier) prove(w *witness, all []witness, fact *Fact) {
	if n, ok := v.dir.Node(w.st.Issuer); ok {
		fact.NodeName = n.Name
	}
	if a, ok := v.dir.Agency(w.st.Recipient); ok {
		fact.Agency = a.Name
	}
	seen := v.seenAt(w, all)
	fact.Seen = time.UnixMicro(seen).UTC()
	name := "statement-" + w.st.Kind.String()
	_, err := v.dir.VerifySeen(w.receipt, seen)
	switch {
	case err != nil:
	case w.st.Envelope.String() != v.out.Digest || w.st.EnvelopeID != v.out.Route.ID || w.st.OriginNode != v.out.Route.OriginNode:
		err = fmt.Errorf("evidence: the %s statement of %q is about another letter", w.st.Kind, w.st.Issuer)
	default:
		err = v.entitled(&w.st, seen)
	}
	fact.Journal = err == nil && w.receipt.Proof != nil
	fact.Proven = v.find(name, err)
}

// entitled checks that the issuer may say this of this recipient.
func (v *verifier) entitled(st *envelope.Statement, seen int64) error {
	if _, ok := v.out.Route.Recipient(st.Recipient); !ok {
		return fmt.Errorf("evidence: %q is no recipient of the letter", st.Recipient)
	}
	switch st.Kind {
	case envelope.Submitted:
		if st.Issuer != v.out.Route.OriginNode {
			return fmt.Errorf("evidence: %q says that it has submitted the letter, which is from %q", st.Issuer, v.out.Route.OriginNode)
		}
	case envelope.Delivered, envelope.Validated, envelope.Status:
		if !v.dir.SpeaksFor(st, seen) {
			return fmt.Errorf("evidence: %s by %q, which was not the home of %q", st.Kind, st.Issuer, st.Recipient)
		}
	}
	return nil
}

// seenAt is the earliest time at which another node than the issuer is shown to have had
// a statement: it answered under it, or has it in its journal, under a head that others
// have cosigned or time-stamped. Where nothing shows one, it is the time judged.
func (v *verifier) seenAt(w *witness, all []witness) int64 {
	at := v.in.At.UnixMicro()
	for i := range all {
		if other := &all[i].st; other.Previous == w.digest && other.Issuer != w.st.Issuer && all[i].sound {
			at = min(at, other.Time)
		}
	}
	if head, entry, ok := v.inJournal(w); ok {
		if w.st.Issuer != v.out.Exporter {
			at = min(at, entry.Time)
		}
		if witnessed := v.seen[head]; witnessed > 0 {
			at = min(at, witnessed)
		}
	}
	if v.out.Stamped != nil {
		at = min(at, v.out.Stamped.UnixMicro())
	}
	return max(at, w.st.Time)
}

// inJournal checks that the exporter's journal names a statement, and under which head.
func (v *verifier) inJournal(w *witness) (envelope.Digest, journal.Entry, bool) {
	if w.seen == nil {
		return envelope.Digest{}, journal.Entry{}, false
	}
	head, err := v.dir.VerifyHead(w.seen.Checkpoint)
	var entry journal.Entry
	if err == nil {
		entry, err = journal.ParseLeaf(w.seen.Leaf)
	}
	if err == nil && (head.Node != v.out.Exporter || entry.Object != w.digest.String()) {
		err = fmt.Errorf("evidence: the journal entry of %q is not about this statement", head.Node)
	}
	if err == nil {
		path := make([]journal.Hash, len(w.seen.Path))
		for i, h := range w.seen.Path {
			path[i] = journal.Hash(h)
		}
		err = journal.VerifyInclusion(path, head.TreeSize, journal.Hash(head.RootHash), w.seen.Index, w.seen.Leaf)
	}
	if !v.find("journal-entry", err) {
		return envelope.Digest{}, entry, false
	}
	return w.seen.Checkpoint.Digest(), entry, true
}

// conclude makes the verdict, and says what the file leaves open.
func (v *verifier) conclude() {
	v.out.Verdict = Proven
	if v.dir == nil {
		v.out.Verdict = NoAnswer
	}
	for _, f := range v.out.Findings {
		if f.Result == Failed {
			v.out.Verdict = Refuted
		}
	}
	if v.out.Verdict != Proven {
		return
	}
	delivered, journalled, cosigned := map[string]bool{}, true, false
	for _, f := range v.out.Facts {
		delivered[f.Recipient] = delivered[f.Recipient] || f.Statement.Kind == envelope.Delivered
		journalled = journalled && (f.Journal || f.Statement.Kind == envelope.Submitted || f.Statement.Kind == envelope.Custody)
	}
	for _, at := range v.seen {
		cosigned = cosigned || at > 0
	}
	for recipient := range delivered {
		if !delivered[recipient] {
			v.open("not-delivered:" + recipient)
		}
	}
	if len(delivered) == 0 {
		v.open("nothing-said")
	}
	if !journalled {
		v.open("not-in-journal")
	}
	if !cosigned {
		v.open("head-seen-by-nobody-else")
	}
	if v.out.Stamped == nil {
		v.open("no-trusted-time-stamp")
	}
	slices.Sort(v.out.NotProven)
}

func (v *verifier) open(what string) { v.out.NotProven = append(v.out.NotProven, what) }
