package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// FrameToProto converts a frame of the link between two nodes.
func FrameToProto(f exchange.Frame) (*lienthongv1.LinkFrame, error) {
	out := &lienthongv1.LinkFrame{}
	switch f := f.(type) {
	case exchange.Hello:
		out.Frame = &lienthongv1.LinkFrame_Hello{Hello: &lienthongv1.Hello{Node: f.Node, Incarnation: f.Incarnation[:],
			ProtocolMin: f.ProtocolMin, ProtocolMax: f.ProtocolMax, Features: f.Features, Epochs: EpochsToProto(f.Epochs), Clock: f.Clock, Restored: f.Restored}}
	case exchange.Offer:
		out.Frame = &lienthongv1.LinkFrame_Offer{Offer: offerToProto(f)}
	case exchange.Accepted:
		out.Frame = &lienthongv1.LinkFrame_Accepted{Accepted: &lienthongv1.Accepted{OriginNode: f.Letter.Origin,
			EnvelopeId: f.Letter.ID[:], Custody: receiptsToProto(f.Custody)}}
	case exchange.Refused:
		out.Frame = &lienthongv1.LinkFrame_Refused{Refused: &lienthongv1.Refused{OriginNode: f.Letter.Origin, EnvelopeId: f.Letter.ID[:],
			Recipients: f.Recipients, Reason: f.Reason, Text: f.Text, Permanent: f.Permanent, RetryAfter: f.RetryAfter, Failed: receiptsToProto(f.Failed)}}
	case exchange.Statements:
		out.Frame = &lienthongv1.LinkFrame_Statement{Statement: &lienthongv1.StatementFrame{Statements: receiptsToProto(f.Statements)}}
	case exchange.Stored:
		out.Frame = &lienthongv1.LinkFrame_Stored{Stored: &lienthongv1.StatementsStored{Digests: digestList(f.Digests)}}
	case exchange.Heartbeat:
		out.Frame = &lienthongv1.LinkFrame_Heartbeat{Heartbeat: &lienthongv1.Heartbeat{Clock: f.Clock}}
	case exchange.GoAway:
		out.Frame = &lienthongv1.LinkFrame_GoAway{GoAway: &lienthongv1.GoAway{Reason: f.Reason, RetryAfter: f.RetryAfter}}
	case exchange.DirectoryNews:
		out.Frame = &lienthongv1.LinkFrame_News{News: &lienthongv1.DirectoryNews{Epochs: EpochsToProto(f.Epochs)}}
	case exchange.NeedFiles:
		out.Frame = &lienthongv1.LinkFrame_Need{Need: &lienthongv1.NeedFiles{OriginNode: f.Letter.Origin, EnvelopeId: f.Letter.ID[:], Sha256: digestList(f.Files)}}
	case exchange.Head:
		out.Frame = &lienthongv1.LinkFrame_Head{Head: &lienthongv1.HeadShown{Checkpoint: f.Checkpoint.Proto(), From: f.From, Proof: digestList(f.Proof)}}
	case exchange.Cosigned:
		out.Frame = &lienthongv1.LinkFrame_Cosigned{Cosigned: cosignedToProto(f)}
	case exchange.Room:
		out.Frame = &lienthongv1.LinkFrame_Room{Room: &lienthongv1.Room{}}
	case exchange.Credit:
		out.Frame = &lienthongv1.LinkFrame_Credit{Credit: &lienthongv1.Credit{Offers: f.Offers, Bytes: f.Bytes}}
	default:
		return nil, fmt.Errorf("wire: frame of type %T", f)
	}
	return out, nil
}

// Lists of a frame that no honest node exceeds; more of them would cost this node many
// times what they cost its peer.
const (
	maxChain    = 8 * exchange.HopLimit
	maxReceipts = envelope.MaxRecipients // of one answer, or statements
)

// FrameFromProto converts a frame. A frame of a kind that is not known here comes
// from a newer version: it is an error, since hello agreed on the kinds. Every error is
// an [exchange.LinkError] of a peer that is not named.
func FrameFromProto(m *lienthongv1.LinkFrame) (exchange.Frame, error) {
	frame, err := frameFromProto(m)
	if err != nil {
		return nil, &exchange.LinkError{Fault: exchange.FaultFrame, Text: err.Error()}
	}
	return frame, nil
}

func frameFromProto(m *lienthongv1.LinkFrame) (exchange.Frame, error) {
	switch f := m.GetFrame().(type) {
	case *lienthongv1.LinkFrame_Hello:
		return helloFromProto(f.Hello)
	case *lienthongv1.LinkFrame_Offer:
		return offerFromProto(f.Offer)
	case *lienthongv1.LinkFrame_Accepted:
		key, err := LetterKey("accepted", f.Accepted.GetOriginNode(), f.Accepted.GetEnvelopeId())
		if err != nil {
			return nil, err
		}
		custody, err := receiptsFromProto("accepted.custody", f.Accepted.GetCustody())
		return exchange.Accepted{Letter: key, Custody: custody}, err
	case *lienthongv1.LinkFrame_Refused:
		return refusedFromProto(f.Refused)
	case *lienthongv1.LinkFrame_Statement:
		list, err := receiptsFromProto("statements", f.Statement.GetStatements())
		return exchange.Statements{Statements: list}, err
	case *lienthongv1.LinkFrame_Stored:
		if err := atMost("stored.digests", len(f.Stored.GetDigests()), maxReceipts); err != nil {
			return nil, err
		}
		list, err := digests("stored.digests", f.Stored.GetDigests())
		return exchange.Stored{Digests: list}, err
	case *lienthongv1.LinkFrame_Heartbeat:
		return exchange.Heartbeat{Clock: f.Heartbeat.GetClock()}, nil
	case *lienthongv1.LinkFrame_GoAway:
		return exchange.GoAway{Reason: f.GoAway.GetReason(), RetryAfter: f.GoAway.GetRetryAfter()}, nil
	case *lienthongv1.LinkFrame_News:
		epochs, err := EpochsFromProto("news.epochs", f.News.GetEpochs())
		return exchange.DirectoryNews{Epochs: epochs}, err
	case *lienthongv1.LinkFrame_Need:
		key, err := LetterKey("need", f.Need.GetOriginNode(), f.Need.GetEnvelopeId())
		if err != nil {
			return nil, err
		}
		if err := atMost("need.sha256", len(f.Need.GetSha256()), envelope.MaxFiles); err != nil {
			return nil, err
		}
		list, err := digests("need.sha256", f.Need.GetSha256())
		return exchange.NeedFiles{Letter: key, Files: list}, err
	case *lienthongv1.LinkFrame_Head:
		return headFromProto(f.Head)
	case *lienthongv1.LinkFrame_Credit:
		return exchange.Credit{Offers: f.Credit.GetOffers(), Bytes: f.Credit.GetBytes()}, nil
	case *lienthongv1.LinkFrame_Room:
		return exchange.Room{}, nil
	case *lienthongv1.LinkFrame_Cosigned:
		return cosignedFromProto(f.Cosigned)
	}
	if unknown := m.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		number, _, _ := protowire.ConsumeTag(unknown)
		return nil, fmt.Errorf("wire: frame of kind %d, which this version does not know: the peer is newer, and must ask by Hello's features first", number)
	}
	return nil, missing("frame")
}

func helloFromProto(m *lienthongv1.Hello) (exchange.Frame, error) {
	id, err := idFromBytes("hello.incarnation", m.GetIncarnation())
	if err != nil {
		return nil, err
	}
	if m.GetNode() == "" {
		return nil, missing("hello.node")
	}
	epochs, err := EpochsFromProto("hello.epochs", m.GetEpochs())
	if err != nil {
		return nil, err
	}
	return exchange.Hello{Node: m.GetNode(), Incarnation: id, ProtocolMin: m.GetProtocolMin(), ProtocolMax: m.GetProtocolMax(),
		Features: m.GetFeatures(), Epochs: epochs, Clock: m.GetClock(), Restored: m.GetRestored()}, nil
}

func refusedFromProto(m *lienthongv1.Refused) (exchange.Frame, error) {
	key, err := LetterKey("refused", m.GetOriginNode(), m.GetEnvelopeId())
	if err != nil {
		return nil, err
	}
	if err := atMost("refused.recipients", len(m.GetRecipients()), envelope.MaxRecipients); err != nil {
		return nil, err
	}
	failed, err := receiptsFromProto("refused.failed", m.GetFailed())
	return exchange.Refused{Letter: key, Recipients: m.GetRecipients(), Reason: m.GetReason(), Text: m.GetText(),
		Permanent: m.GetPermanent(), RetryAfter: m.GetRetryAfter(), Failed: failed}, err
}

func offerToProto(o exchange.Offer) *lienthongv1.Offer {
	out := &lienthongv1.Offer{Envelope: o.Envelope.Proto(), Content: o.Content, Recipients: o.Recipients, Epochs: offerEpochs(o.Epochs), Returned: o.Returned}
	for _, s := range o.Chain {
		out.Chain = append(out.Chain, s.Proto())
	}
	for _, f := range o.Files {
		out.Files = append(out.Files, &lienthongv1.OfferedFile{Sha256: f.Digest[:], Size: f.Size, LeafRoot: f.LeafRoot[:], Data: f.Data})
	}
	return out
}

func offerFromProto(m *lienthongv1.Offer) (exchange.Frame, error) {
	if err := errors.Join(atMost("offer.recipients", len(m.GetRecipients()), envelope.MaxRecipients), atMost("offer.chain", len(m.GetChain()), maxChain),
		atMost("offer.files", len(m.GetFiles()), envelope.MaxFiles)); err != nil {
		return nil, err
	}
	sealed, err := envelope.SealedFromProto(m.GetEnvelope())
	if err != nil {
		return nil, fmt.Errorf("offer.envelope: %w", err)
	}
	epochs, err := EpochsFromProto("offer.epochs", m.GetEpochs())
	if err != nil {
		return nil, err
	}
	out := exchange.Offer{Envelope: sealed, Content: m.GetContent(), Recipients: m.GetRecipients(), Epochs: epochs, Returned: m.GetReturned()}
	if out.Chain, err = each("offer.chain", m.GetChain(), envelope.SealedFromProto); err != nil {
		return nil, err
	}
	for i, f := range m.GetFiles() {
		file := exchange.OfferedFile{Size: f.GetSize(), Data: f.GetData()}
		if file.Digest, err = digest(fmt.Sprintf("offer.files[%d].sha256", i), f.GetSha256()); err != nil {
			return nil, err
		}
		if file.LeafRoot, err = digest(fmt.Sprintf("offer.files[%d].leaf_root", i), f.GetLeafRoot()); err != nil {
			return nil, err
		}
		out.Files = append(out.Files, file)
	}
	return out, nil
}

// atMost refuses a list that is longer than any honest node sends, before it is read.
func atMost(field string, n, most int) error {
	if n > most {
		return fmt.Errorf("%s: %d of them, want at most %d", field, n, most)
	}
	return nil
}

// LetterKey reads the name of an envelope.
func LetterKey(field, origin string, id []byte) (exchange.LetterKey, error) {
	if origin == "" {
		return exchange.LetterKey{}, missing(field + ".origin_node")
	}
	envelopeID, err := idFromBytes(field+".envelope_id", id)
	return exchange.LetterKey{Origin: origin, ID: envelopeID}, err
}

// FileKey reads the name of a file of an offered envelope.
func FileKey(field, origin string, id []byte, recipient string, sha256 []byte) (exchange.FileKey, error) {
	key, err := LetterKey(field, origin, id)
	if err != nil {
		return exchange.FileKey{}, err
	}
	if recipient == "" {
		return exchange.FileKey{}, missing(field + ".recipient")
	}
	d, err := digest(field+".sha256", sha256)
	return exchange.FileKey{Letter: key, Recipient: recipient, Digest: d}, err
}
