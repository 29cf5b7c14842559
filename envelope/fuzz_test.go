package envelope

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDirectory holds for snapshots, deltas and lists of zones of a peer: what is taken is
// within its limits, and a delta either applies to a directory whole or not at all.
func FuzzDirectory(f *testing.F) {
	signer := newSigner(f)
	old, next := goldenDirectory(), goldenDirectory()
	next.Epoch++
	next.Agencies = append([]Agency(nil), next.Agencies...)
	next.Agencies[0].Name = "UBND phường Ba Hàng (mới)"
	snapshot, err := SealDirectory(old, signer)
	if err != nil {
		f.Fatal(err)
	}
	diff := Diff(old, next)
	delta, err := SealDelta(&diff, signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot.Marshal())
	f.Add(delta.Marshal())
	f.Add(MarshalFiles([]Sealed{snapshot, delta}))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := ParseFiles(data)
		if err == nil {
			again, err := ParseFiles(MarshalFiles(files))
			if err != nil || len(again) != len(files) {
				t.Fatalf("%d files, written and read again %d, %v", len(files), len(again), err)
			}
		}
		if s, err := ParseSealed(data); err == nil {
			files = append(files, s)
		}
		for _, s := range files {
			if d, err := ParseDirectory(s); err == nil && d.Epoch == 0 {
				t.Errorf("a directory without an epoch: %+v", d)
			}
			if list, err := ParseZones(s); err == nil && len(list.Zones) > MaxZones {
				t.Errorf("%d zones, at most %d", len(list.Zones), MaxZones)
			}
			if d, err := ParseDelta(s); err == nil {
				if after, err := old.Apply(&d); err == nil && (after.Zone != old.Zone || after.Epoch <= old.Epoch) {
					t.Errorf("a delta led from %s %d to %s %d", old.Zone, old.Epoch, after.Zone, after.Epoch)
				}
			}
		}
	})
}

// FuzzReceipt holds for what evidence files and peers bring: what is taken can be written,
// and is then read the same.
func FuzzReceipt(f *testing.F) {
	signer := newSigner(f)
	for kind := range statementNames {
		sealed, err := SealStatement(goldenStatement(kind), signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(Receipt{Statement: sealed}.Marshal())
		f.Add(Receipt{Statement: sealed, Proof: &Proof{Index: 3, Leaf: []byte("leaf"), Path: []Digest{{1}, {2}}, Checkpoint: sealed}}.Marshal())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseReceipt(data)
		if err != nil {
			return
		}
		again, err := ParseReceipt(r.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
		st, err := ParseStatement(r.Statement)
		if err == nil && st.Status != nil && len(st.Status.Message) > MaxStatusMessage {
			t.Errorf("a status with a message of %d bytes", len(st.Status.Message))
		}
		_, _ = ParseCosignature(r.Statement) // of another type: it must only end
		if r.Proof != nil {
			_, _ = ParseCheckpoint(r.Proof.Checkpoint)
		}
	})
}
