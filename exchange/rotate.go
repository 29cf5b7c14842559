package exchange

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// A node changes its key while it runs. The directory binds the old certificate and the
// new one for a while, so what either signed is good; the order in which they are put to
// use is what keeps letters moving:
//
//   - The directory here binds the new certificate, and neighbours have that directory.
//   - The journal names it, signed for by the old key's last heads and the new key's first.
//   - Statements, letters and heads are signed with it from then on.
//   - Links that are up end with [errRenewed], and the side that dials dials at once.

// Reasons for which a node stays with the key that it has.
const (
	ReasonWrongKey         = "WRONG_KEY"           // the key does not sign for the certificate, or is of another kind
	ReasonCertificateEnded = "CERTIFICATE_ENDED"   // it is not valid now, by its own dates
	ReasonNotBound         = "NOT_BOUND"           // the directory does not bind it to this node now
	ReasonNeighbourBehind  = "NEIGHBOUR_BEHIND"    // a neighbour does not know it yet, or may not
	ReasonSameCertificate  = "SAME_CERTIFICATE"    // it is the one in use
	actionRotate           = "node.rotate"         // in the journal
	goRenewed              = "certificate renewed" // why a link ends: on the wire, for people and for the side that dials
)

// errRenewed ends links that were shaken with the certificate of before.
var errRenewed = errors.New("exchange: this node has another certificate: shake hands again")

// errPeerRenewed ends links whose peer says that it has another certificate.
var errPeerRenewed = errors.New("the peer has another certificate: shake hands again")

// Signer is the key with which this node signs now.
func (n *Node) Signer() envelope.Signer { return *n.signer.Load() }

// A Rotation is a change of a node's key.
type Rotation struct {
	Signer  envelope.Signer
	Install func() // puts it to use where TLS is spoken; called once it may not fail any more
	Check   bool   // looks at everything, and changes nothing
	Force   bool   // although neighbours may not know it
}

// Rotate has this node sign and shake hands with another key and certificate from now on.
// What it refuses changes nothing: the reasons are those above. The same certificate again
// is no change, and an answer (SAME_CERTIFICATE).
func (r *Relay) Rotate(ctx context.Context, actor journal.Actor, to Rotation) error {
	r.rotating.Lock()
	defer r.rotating.Unlock()
	old := r.Signer()
	if err := r.mayRotate(to, old); err != nil {
		return err
	}
	if to.Check {
		return nil
	}
	d := r.draft(actor)
	e := d.entry("", actionRotate, envelope.KeyID(to.Signer.Certificate), "from="+envelope.KeyID(old.Certificate))
	if to.Force {
		d.change.Entries[e].Detail += " force"
	}
	if _, err := r.commit(ctx, d.change); err != nil {
		return storeError(err)
	}
	r.signer.Store(&to.Signer)
	r.heads.forget() // the next head is signed anew
	if to.Install != nil {
		to.Install()
	}
	r.cfg.Log.Info("node: certificate", "was", envelope.KeyID(old.Certificate), "is", envelope.KeyID(to.Signer.Certificate),
		"ends", to.Signer.Certificate.NotAfter.UTC().Format(time.RFC3339))
	r.renewed.notify()
	return nil
}

// mayRotate says in one error all that stands against a key.
func (r *Relay) mayRotate(to Rotation, old envelope.Signer) error {
	cert := to.Signer.Certificate
	if cert == nil || to.Signer.Key == nil {
		return fail(Invalid, ReasonWrongKey, "there is no key, or no certificate: the one in use stays")
	}
	if bytes.Equal(cert.Raw, old.Certificate.Raw) {
		return fail(Precondition, ReasonSameCertificate, "certificate %s is the one in use", envelope.KeyID(cert))
	}
	if err := signsFor(to.Signer); err != nil {
		return &Error{Code: Invalid, Reason: ReasonWrongKey, Text: "the key does not sign for certificate " + envelope.KeyID(cert) + ": the one in use stays", Cause: err}
	}
	now := r.cfg.Now()
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return fail(Precondition, ReasonCertificateEnded, "certificate %s is valid from %s to %s, now it is %s: the one in use stays", envelope.KeyID(cert),
			cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if node, ok := r.Directory().NodeOfKey(cert, now); !ok || node.ID != r.cfg.ID {
		return fail(Precondition, ReasonNotBound, "the directory here (%s) does not bind certificate %s to node %q now: its authority adds it first (lienthong agency node put %s --certificate FILE); the one in use stays",
			r.Directory().version(), envelope.KeyID(cert), r.cfg.ID, r.cfg.ID)
	}
	if behind := r.mayNotKnow(cert.Raw); len(behind) > 0 && !to.Force {
		return fail(Precondition, ReasonNeighbourBehind, "neighbours that may not know certificate %s yet, and would not let this node in: %s; wait until they are up and have the directory, or give it to them by hand; the one in use stays",
			envelope.KeyID(cert), strings.Join(behind, ", "))
	}
	return nil
}

// signsFor has the key sign, and verifies that by the certificate: a token may hold another
// key than its label says.
func signsFor(s envelope.Signer) error {
	public, ok := s.Certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || !isP256(public) {
		return fmt.Errorf("exchange: its key is of type %T, want ECDSA P-256", s.Certificate.PublicKey)
	}
	sealed, err := envelope.Seal(envelope.TypeCheckpoint, []byte("lienthong: "+envelope.KeyID(s.Certificate)), s)
	if err != nil {
		return err
	}
	return sealed.Verify(s.Certificate)
}

// mayNotKnow lists neighbours with why each may not know a certificate of this node. One
// that is down is asked by nobody; it is passed over where it never had a link of this
// node's in the directory's own words, that is: where it has ended.
func (r *Relay) mayNotKnow(cert []byte) []string {
	dir := r.Directory()
	zone, epoch := dir.boundBy(r.cfg.ID, cert)
	var out []string
	for _, peer := range dir.Neighbours(r.cfg.ID) {
		if n, _ := dir.Node(peer); n.Ended != 0 && r.now() >= n.Ended {
			continue
		}
		s := r.newest(peer)
		if s == nil || !s.greeted.Load() {
			out = append(out, peer+" (no link)")
			continue
		}
		theirs, speaks := s.spread.heard()
		has := slices.ContainsFunc(theirs, func(e Epoch) bool { return e.Zone == zone && e.Epoch >= epoch })
		if speaks && !has {
			out = append(out, fmt.Sprintf("%s (zone %q before epoch %d)", peer, zone, epoch))
		}
	}
	return out
}

// boundBy is the zone that binds a certificate to a node, and the epoch that this node has
// of it.
func (d *Directory) boundBy(node string, cert []byte) (zone string, epoch uint64) {
	for id, z := range d.set.zones {
		for _, n := range z.directory.Nodes {
			if n.ID != node {
				continue
			}
			for _, c := range n.Certificates {
				if bytes.Equal(c.Certificate, cert) {
					return id, z.directory.Epoch
				}
			}
		}
	}
	return "", 0
}

// awaitRenewal ends the link when this node has taken another certificate: it goes on with
// that. Nothing is lost by an end: what was not answered is offered again.
func (s *session) awaitRenewal(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.renewed:
		return errRenewed
	}
}

// A Binding is how the directory stands to the certificate that a node uses.
type Binding struct {
	Certificate [sha256.Size]byte
	Bound       bool      // it is the node's now
	Ends        time.Time // the earlier of its own end and that in the directory
	Others      int       // further certificates of the node that count now: overlap
}

// Binding looks at the certificate in use.
func (n *Node) Binding() Binding {
	cert, now := n.Signer().Certificate, n.cfg.Now()
	out := Binding{Certificate: sha256.Sum256(cert.Raw), Ends: cert.NotAfter}
	dir := n.Directory()
	node, ok := dir.NodeOfKey(cert, now)
	out.Bound = ok && node.ID == n.cfg.ID && !now.After(cert.NotAfter) && !now.Before(cert.NotBefore)
	for _, c := range dir.keys[n.cfg.ID] {
		if !bytes.Equal(c.cert.Raw, cert.Raw) {
			if of, ok := dir.NodeOfKey(c.cert, now); ok && of.ID == n.cfg.ID && now.Before(c.cert.NotAfter) {
				out.Others++
			}
			continue
		}
		for _, end := range []int64{c.NotAfter, c.Compromised} {
			if at := time.UnixMicro(end); end != 0 && at.Before(out.Ends) {
				out.Ends = at
			}
		}
	}
	return out
}
