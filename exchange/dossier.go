package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
)

// A Dossier is all that this node can show a third party about one letter: what was
// signed, by whom, where it stands in which journal, and what proves whose keys these are.
type Dossier struct {
	Letter    Letter
	Content   envelope.Content
	Exporter  string // node
	Witnesses []Witness
	Heads     []SignedHead // those of this node under which something is proved
	Reports   map[envelope.Digest][]byte
	Directory []envelope.Sealed // in the order in which they are to be taken
}

// A Witness is a statement with its proof in its issuer's journal, if that is known, and
// with the proof that it is in the exporter's, so that it is seen when it was at hand.
type Witness struct {
	Receipt envelope.Receipt
	Seen    *envelope.Proof // nil for statements that came inside a custody chain
}

// Dossier collects it for the sender or a receiver (id or code): of one delivery by its
// id, or of a document with all its deliveries.
func (s *Service) Dossier(ctx context.Context, agency string, id envelope.ID) (*Dossier, error) {
	letter, rows, err := s.dossierRows(ctx, agency, id)
	if err != nil {
		return nil, err
	}
	doc, err := opened(letter)
	if err != nil {
		return nil, err
	}
	c := &collecting{Node: s.Node, out: &Dossier{Letter: letter, Content: doc.Content, Exporter: s.cfg.ID, Reports: map[envelope.Digest][]byte{}},
		have: map[envelope.Digest]bool{}, heads: map[uint64]bool{}, nodes: map[string]bool{letter.Key.Origin: true, s.cfg.ID: true}, agencies: map[string]bool{letter.Agency: true}}
	for _, d := range rows {
		if err := c.delivery(ctx, d); err != nil {
			return nil, err
		}
	}
	return c.out, c.directory(ctx)
}

func (s *Service) dossierRows(ctx context.Context, agency string, id envelope.ID) (Letter, []Delivery, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return Letter{}, nil, err
	}
	if d, err := s.visible(ctx, a.ID, id); err == nil {
		letter, err := s.cfg.Store.Letter(ctx, d.Key.Letter())
		return letter, []Delivery{d}, err
	}
	doc, err := s.Document(ctx, agency, id)
	if err != nil {
		return Letter{}, nil, err
	}
	return doc.Letter, doc.Deliveries, nil
}

type collecting struct {
	*Node
	out             *Dossier
	have            map[envelope.Digest]bool
	heads           map[uint64]bool
	nodes, agencies map[string]bool
}

// delivery adds the custody chain by which it came here, and all statements about it.
func (c *collecting) delivery(ctx context.Context, d Delivery) error {
	c.agencies[d.Key.Recipient] = true
	stored, err := c.cfg.Store.Statements(ctx, d.Digest, d.Key.Recipient)
	if err != nil {
		return err
	}
	chain, err := c.chainTo(ctx, &d, stored)
	if err != nil {
		return err
	}
	rows := make(map[envelope.Digest]bool, len(stored))
	for _, row := range stored {
		rows[row.Digest] = true
	}
	for _, sealed := range chain {
		if !rows[sealed.Digest()] {
			if err := c.add(Witness{Receipt: envelope.Receipt{Statement: sealed}}); err != nil {
				return err
			}
		}
	}
	for _, row := range stored {
		if err := c.statement(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (c *collecting) add(w Witness) error {
	digest := w.Receipt.Statement.Digest()
	if c.have[digest] {
		return nil
	}
	c.have[digest] = true
	st, err := envelope.ParseStatement(w.Receipt.Statement)
	if err != nil {
		return err
	}
	c.nodes[st.Issuer] = true
	c.out.Witnesses = append(c.out.Witnesses, w)
	return nil
}

func (c *collecting) statement(ctx context.Context, row StatementRow) error {
	seen, err := c.seen(ctx, row.JournalIndex)
	if err != nil {
		return err
	}
	w := Witness{Receipt: envelope.Receipt{Statement: row.Sealed}, Seen: seen}
	if row.Key.Issuer == c.cfg.ID {
		w.Receipt.Proof = seen
	} else if w.Receipt.Proof, err = envelope.ParseProof(row.Proof); err != nil {
		return err
	}
	if row.Key.Kind == envelope.Validated {
		if err := c.reports(ctx, row.Sealed); err != nil {
			return err
		}
	}
	return c.add(w)
}

// seen proves a leaf of this node under the first head that others have seen, or under
// the head of now.
func (c *collecting) seen(ctx context.Context, index uint64) (*envelope.Proof, error) {
	head, err := c.cfg.Store.CheckpointOver(ctx, c.cfg.ID, c.incarnation, index+1)
	if errors.Is(err, ErrNotFound) {
		return c.proofOf(ctx, index)
	}
	if err != nil {
		return nil, err
	}
	if !c.heads[head.Size] {
		c.heads[head.Size] = true
		c.out.Heads = append(c.out.Heads, SignedHead{head.Sealed, head.Cosignature, head.Stamp})
		if co, err := envelope.ParseCosignature(head.Cosignature); err == nil {
			c.nodes[co.Node] = true
		}
	}
	return c.proofUnder(ctx, index, head.Size, head.Sealed)
}

// reports adds the validation reports that a statement names and that are here.
func (c *collecting) reports(ctx context.Context, sealed envelope.Sealed) error {
	st, err := envelope.ParseStatement(sealed)
	if err != nil {
		return err
	}
	for _, f := range st.Validated.Files {
		if f.Report.IsZero() {
			continue
		}
		report, err := c.cfg.Store.Report(ctx, f.Report)
		if errors.Is(err, ErrNotFound) {
			continue // it is where the letter was judged, or was erased with its text
		}
		if err != nil {
			return err
		}
		c.out.Reports[f.Report] = report
	}
	return nil
}

// directory adds the signed files of the zones in which the nodes and agencies are.
func (c *collecting) directory(ctx context.Context) error {
	dir := c.Directory()
	zones := map[string]bool{"": true}
	for _, z := range dir.Zones() {
		d, _ := dir.ZoneDirectory(z.Zone)
		for i := range d.Nodes {
			zones[z.Zone] = zones[z.Zone] || c.nodes[d.Nodes[i].ID]
		}
		for i := range d.Agencies {
			zones[z.Zone] = zones[z.Zone] || c.agencies[d.Agencies[i].ID]
		}
	}
	for _, ref := range dir.FilesBeyond(nil) {
		if !zones[ref.Zone] {
			continue
		}
		sealed, err := c.DirectoryFile(ctx, ref)
		if err != nil {
			return err
		}
		c.out.Directory = append(c.out.Directory, sealed)
	}
	return nil
}

// VerifySeen checks a statement that others saw at a time (microseconds), against this
// directory, and its place in its issuer's journal if it has a proof.
func (d *Directory) VerifySeen(r envelope.Receipt, seen int64) (envelope.Statement, error) {
	st, err := d.verifyStatement(r.Statement, seen)
	if err == nil && r.Proof != nil {
		err = d.verifyProof(st, r)
	}
	return st, err
}

// VerifyRoute checks that the origin's node signed a route, and that it speaks for the
// agency that sends, as seen at a time (microseconds).
func (d *Directory) VerifyRoute(sealed envelope.Sealed, seen int64) (envelope.Route, error) {
	route, err := envelope.ParseRoute(sealed)
	if err != nil {
		return route, err
	}
	if err := sealed.Verify(d.signers(route.OriginNode, route.Created, seen)...); err != nil {
		return route, fmt.Errorf("exchange: route of %q: %w", route.OriginNode, err)
	}
	if !d.speaksFor(route.OriginNode, route.OriginAgency.ID, route.Created, seen) {
		return route, fmt.Errorf("exchange: agency %q is not at home at node %q", route.OriginAgency.ID, route.OriginNode)
	}
	return route, nil
}

// SpeaksFor reports whether a statement's issuer was the home of its recipient then.
func (d *Directory) SpeaksFor(st *envelope.Statement, seen int64) bool {
	return d.speaksFor(st.Issuer, st.Recipient, st.Time, seen)
}

// VerifyHead checks that its node signed a checkpoint.
func (d *Directory) VerifyHead(sealed envelope.Sealed) (envelope.Checkpoint, error) {
	head, err := envelope.ParseCheckpoint(sealed)
	if err != nil {
		return head, err
	}
	return head, d.verifyHead(sealed, head)
}

// OpenLetterFile opens a file of a letter whose dossier the caller was given.
func (s *Service) OpenLetterFile(ctx context.Context, digest envelope.Digest) (Blob, error) {
	return s.cfg.Blobs.Open(ctx, digest)
}

// Stamper time-stamps for this node; nil where nobody does.
func (s *Service) Stamper() StampFunc { return s.cfg.Stamp }
