package exchange_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// about signs a statement of the peer about a letter that nobody ever saw.
func (s *stranger) about(origin string, number int) envelope.Receipt {
	s.t.Helper()
	id := envelope.ID{9, 6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[10:], uint32(number))
	st := &envelope.Statement{Kind: envelope.Custody, Envelope: envelope.Sum(id[:]), OriginNode: origin, EnvelopeID: id, Recipient: "gian", Issuer: "peer",
		Incarnation: envelope.ID{7}, Sequence: 1, Time: s.w.clock().UnixMicro(), Previous: envelope.Sum([]byte("before"))}
	sealed, err := envelope.SealStatement(st, s.w.keys["peer"])
	if err != nil {
		s.t.Fatal(err)
	}
	return envelope.Receipt{Statement: sealed}
}

// stored sends statements, with one about a letter that is here at the end, and counts
// those that the node says it has stored.
func (s *stranger) stored(list []envelope.Receipt) (n int) {
	s.t.Helper()
	s.put(exchange.Statements{Statements: list})
	f, ok := s.next().(exchange.Stored)
	if !ok {
		s.t.Fatalf("got %+v, want Stored", f)
	}
	return len(f.Digests)
}

// A peer signs statements without end about letters of a restored node that it may have
// forgotten, and about those of another that would be passed on; or one of them without end.
// A bounded number a minute is kept, each once; the others are counted, and taken when they
// come again. Letters of others flow on.
func TestStatementsAboutNothingAreBounded(t *testing.T) {
	t.Parallel()
	const most = exchange.AloneStatements
	for _, origin := range []string{"node", "third"} {
		t.Run("letters of "+origin, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			if origin == "node" {
				s.node = s.node.restored(s.node.backup())
			}
			s.greet()
			third := s.bystander()
			one := s.about(origin, 0)
			list, same := []envelope.Receipt{one}, slices.Repeat([]envelope.Receipt{one}, 1000)
			before := s.leaves()
			for range 2 {
				if n := s.stored(same); n != len(same) {
					t.Errorf("of one statement %d of %d are said to be stored", n, len(same))
				}
			}
			if grew := s.leaves() - before; grew > 10 {
				t.Errorf("one statement, again and again, added %d entries", grew)
			}
			for i := 1; i < 5*most; i++ {
				list = append(list, s.about(origin, i))
			}
			n := s.stored(list)
			if n < most || n > 2*most { // the minute may turn once
				t.Errorf("%d of %d statements are stored, want %d", n, len(list), most)
			}
			if grew := s.leaves() - before; grew > uint64(n)+10 {
				t.Errorf("%d statements are stored, with %d entries", n, grew)
			}
			if c := s.counted("UNKNOWN_LETTER"); c != int64(len(list)-n) {
				t.Errorf("%d statements are counted, want %d", c, len(list)-n)
			}
			s.flows(third)
			s.w.advance(time.Minute)
			if more := s.stored(list); more < n+most {
				t.Errorf("a minute later %d are stored, want %d more than %d", more, most, n)
			}
			s.node.verifyJournal()
		})
	}
}
