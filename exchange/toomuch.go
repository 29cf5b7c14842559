package exchange

import "lienthong/envelope"

// What one node may say about one delivery: so many statements of a kind, and so many bytes of
// text in each. Every node has the same bounds, so what one keeps the next one keeps.
const (
	maxSaid     = 1024
	maxSaidText = 16 << 10
)

// tooMuch refuses what is beyond those bounds.
func tooMuch(stored []StatementRow, st *envelope.Statement) error {
	if n := textOf(st); n > maxSaidText {
		return fail(Invalid, ReasonTooLarge, "a %s statement of %q has %d bytes of text, at most %d", st.Kind, st.Issuer, n, maxSaidText)
	}
	n := 0
	for i := range stored {
		if k := &stored[i].Key; k.Kind == st.Kind && k.Issuer == st.Issuer {
			n++
		}
	}
	if n >= maxSaid {
		return fail(Exhausted, ReasonTooMany, "%q has said %d times %s of one delivery, which is the most that is kept", st.Issuer, n, st.Kind)
	}
	return nil
}

// textOf counts the bytes of the texts of a statement. Its message has a bound of its own.
func textOf(st *envelope.Statement) int {
	n := 0
	if f := st.Failed; f != nil {
		n += len(f.Reason) + len(f.Text)
	}
	if r := st.Remark; r != nil {
		n += len(r.Reason) + len(r.Text)
	}
	if s := st.Status; s != nil {
		n += len(s.Reason)
	}
	return n
}

// saidEnough refuses a clerk's answer that no other node would keep.
func saidEnough(kind envelope.StatementKind, seq uint64) error {
	if of := seq & (1<<24 - 1); (kind == envelope.Status || kind == envelope.Consent) && of > maxSaid {
		return fail(Exhausted, ReasonTooMany, "this delivery has had %d answers, which is the most that other nodes keep", maxSaid)
	}
	return nil
}
