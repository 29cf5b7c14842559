package envelope

import (
	"fmt"

	pb "lienthong/proto/lienthong/v1"
)

// SealRoute signs a route: the envelope as it travels.
func SealRoute(r *Route, signer Signer) (Sealed, error) {
	if err := r.check(); err != nil {
		return Sealed{}, err
	}
	payload, err := encode("route", r.proto(), MaxRoute)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeRoute, payload, signer)
}

// ParseRoute reads a route; the caller verifies its signature. Fields and kinds
// that are not known are no error: a node forwards what it does not understand.
func ParseRoute(s Sealed) (Route, error) {
	var p pb.Route
	if err := open(s, TypeRoute, MaxRoute, &p); err != nil {
		return Route{}, err
	}
	r, err := routeFromProto(&p)
	if err != nil {
		return Route{}, err
	}
	return r, r.check()
}

// check holds for routes that are made here and for routes that are read.
func (r *Route) check() error {
	if r.ID.IsZero() || r.Incarnation.IsZero() || r.Thread.IsZero() || r.ContentDigest.IsZero() {
		return fmt.Errorf("envelope: route: %w, want id, incarnation, thread and content digest", ErrMalformed)
	}
	if err := checkID("origin node", r.OriginNode); err != nil {
		return err
	}
	if err := checkID("origin agency", r.OriginAgency.ID); err != nil {
		return err
	}
	if len(r.Recipients) == 0 || len(r.Recipients) > MaxRecipients || len(r.Relations) > MaxRelations {
		return fmt.Errorf("envelope: route with %d recipients and %d relations: %w, want 1 to %d, and at most %d",
			len(r.Recipients), len(r.Relations), ErrMalformed, MaxRecipients, MaxRelations)
	}
	seen := make(map[string]bool, len(r.Recipients))
	for _, to := range r.Recipients {
		if err := checkID("recipient", to.Agency.ID); err != nil {
			return err
		}
		if seen[to.Agency.ID] {
			return fmt.Errorf("envelope: recipient %q: %w, stands twice", to.Agency.ID, ErrMalformed)
		}
		seen[to.Agency.ID] = true
	}
	if r.Kind == 0 || r.Schema == 0 || r.Created <= 0 || r.ExpiresAt <= r.Created || r.NotBefore < 0 {
		return fmt.Errorf("envelope: route of kind %d, schema %d, created %d, not before %d, expires %d: %w",
			r.Kind, r.Schema, r.Created, r.NotBefore, r.ExpiresAt, ErrMalformed)
	}
	return nil
}

func (r *Route) proto() *pb.Route {
	out := &pb.Route{EnvelopeId: r.ID[:], Kind: pb.EnvelopeKind(r.Kind), SchemaVersion: r.Schema, OriginNode: r.OriginNode,
		OriginIncarnation: r.Incarnation[:], OriginAgency: r.OriginAgency.Proto(), Urgency: pb.Urgency(r.Urgency),
		Created: r.Created, NotBefore: r.NotBefore, ExpiresAt: r.ExpiresAt, Thread: r.Thread[:], Version: r.Version,
		ContentSize: r.ContentSize, ContentDigest: r.ContentDigest[:], FilesSize: r.FilesSize}
	for _, to := range r.Recipients {
		out.Recipients = append(out.Recipients, to.Proto())
	}
	for _, rel := range r.Relations {
		out.Relations = append(out.Relations, rel.Proto())
	}
	return out
}

func routeFromProto(p *pb.Route) (Route, error) {
	r := Route{Kind: Kind(p.Kind), Schema: p.SchemaVersion, OriginNode: p.OriginNode, OriginAgency: AgencyRefFromProto(p.OriginAgency),
		Urgency: Urgency(p.Urgency), Created: p.Created, NotBefore: p.NotBefore, ExpiresAt: p.ExpiresAt, Version: p.Version,
		ContentSize: p.ContentSize, FilesSize: p.FilesSize}
	var err error
	if r.ID, err = IDFromBytes(p.EnvelopeId); err != nil {
		return Route{}, err
	}
	if r.Incarnation, err = IDFromBytes(p.OriginIncarnation); err != nil {
		return Route{}, err
	}
	if r.Thread, err = IDFromBytes(p.Thread); err != nil {
		return Route{}, err
	}
	if r.ContentDigest, err = DigestFromBytes(p.ContentDigest); err != nil {
		return Route{}, err
	}
	if len(p.Recipients) > MaxRecipients || len(p.Relations) > MaxRelations {
		return Route{}, fmt.Errorf("envelope: route with %d recipients and %d relations: %w", len(p.Recipients), len(p.Relations), ErrMalformed)
	}
	for _, to := range p.Recipients {
		r.Recipients = append(r.Recipients, RecipientFromProto(to))
	}
	for _, rel := range p.Relations {
		relation, err := RelationFromProto(rel)
		if err != nil {
			return Route{}, err
		}
		r.Relations = append(r.Relations, relation)
	}
	return r, nil
}

// Proto is the protobuf form.
func (a AgencyRef) Proto() *pb.AgencyRef { return &pb.AgencyRef{Id: a.ID, Code: a.Code} }

// AgencyRefFromProto reads a reference; nil is the empty one.
func AgencyRefFromProto(p *pb.AgencyRef) AgencyRef {
	return AgencyRef{ID: p.GetId(), Code: p.GetCode()}
}

// Proto is the protobuf form.
func (r Recipient) Proto() *pb.Recipient {
	return &pb.Recipient{Agency: r.Agency.Proto(), Role: pb.RecipientRole(r.Role)}
}

// RecipientFromProto reads a recipient; nil is the empty one.
func RecipientFromProto(p *pb.Recipient) Recipient {
	return Recipient{Agency: AgencyRefFromProto(p.GetAgency()), Role: RecipientRole(p.GetRole())}
}

// Proto is the protobuf form.
func (r Relation) Proto() *pb.Relation {
	return &pb.Relation{Kind: pb.RelationKind(r.Kind), OriginAgency: r.Origin.Proto(), DocumentId: r.Document, EnvelopeDigest: r.Digest.bytesOf()}
}

// RelationFromProto reads a relation.
func RelationFromProto(p *pb.Relation) (Relation, error) {
	digest, err := optionalDigest(p.GetEnvelopeDigest())
	if err != nil {
		return Relation{}, err
	}
	return Relation{Kind: RelationKind(p.GetKind()), Origin: AgencyRefFromProto(p.GetOriginAgency()), Document: p.GetDocumentId(), Digest: digest}, nil
}
