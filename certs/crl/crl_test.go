package crl_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"lienthong/certs/crl"
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// TestLookup asks lists that have been read; who signed them and when they are
// over is tested in package certs.
func TestLookup(t *testing.T) {
	t.Parallel()
	entry := func(reason int) x509.RevocationListEntry {
		return x509.RevocationListEntry{SerialNumber: big.NewInt(7), RevocationTime: now, ReasonCode: reason}
	}
	extension := func(critical bool, value string, id ...int) pkix.Extension {
		return pkix.Extension{Id: asn1.ObjectIdentifier(id), Critical: critical, Value: []byte(value)}
	}
	for _, tt := range []struct {
		name       string
		entries    []x509.RevocationListEntry
		extensions []pkix.Extension
		expired    bool
		want       int    // reason, or -1: not listed
		err        string // why the list says nothing
	}{
		{name: "not listed", want: -1},
		{name: "listed", entries: []x509.RevocationListEntry{entry(3)}, want: 3},
		{name: "listed twice: what is final counts", entries: []x509.RevocationListEntry{entry(3), entry(crl.ReasonHold)}, want: 3},
		{name: "on hold, then for good", entries: []x509.RevocationListEntry{entry(crl.ReasonHold), entry(1)}, want: 1},
		{name: "number and key identifier are known", extensions: []pkix.Extension{extension(true, "", 2, 5, 29, 20), extension(true, "", 2, 5, 29, 35)}, want: -1},
		{name: "critical", extensions: []pkix.Extension{extension(true, "", 1, 2, 3)}, err: "critical extension 1.2.3"},
		{name: "not critical", extensions: []pkix.Extension{extension(false, "", 1, 2, 3)}, want: -1},
		{name: "delta", extensions: []pkix.Extension{extension(true, "\x02\x01\x01", 2, 5, 29, 27)}, err: "give the full list"},
		{name: "delta that revokes", entries: []x509.RevocationListEntry{entry(1)}, extensions: []pkix.Extension{extension(true, "\x02\x01\x01", 2, 5, 29, 27)}, want: 1},
		{name: "delta that takes a hold back", entries: []x509.RevocationListEntry{entry(8)}, extensions: []pkix.Extension{extension(true, "\x02\x01\x01", 2, 5, 29, 27)}, err: "give the full list"},
		{name: "taken back in a full list", entries: []x509.RevocationListEntry{entry(8)}, want: 8},
		{name: "indirect", extensions: []pkix.Extension{extension(true, "\x30\x03\x84\x01\xff", 2, 5, 29, 28)}, err: "indirect"},
		{name: "point malformed", extensions: []pkix.Extension{extension(true, "\x30\x03\x84\x01", 2, 5, 29, 28)}, err: "malformed"},
		{name: "CAs only", extensions: []pkix.Extension{extension(true, "\x30\x03\x82\x01\xff", 2, 5, 29, 28)}, err: "covers CAs only"},
		{name: "expired", expired: true, err: "entries may be dropped"},
		{name: "expired, listed still", expired: true, entries: []x509.RevocationListEntry{entry(1)}, want: 1},
		{name: "expired, entries are kept", expired: true, extensions: []pkix.Extension{extension(false, "\x18\x0f20200101000000Z", 2, 5, 29, 60)}, want: -1},
		{name: "when entries are kept is malformed", extensions: []pkix.Extension{extension(false, "\x18\x01", 2, 5, 29, 60)}, err: "expiredCertsOnCRL is malformed"},
	} {
		l := &crl.List{RevocationList: &x509.RevocationList{ThisUpdate: now, RevokedCertificateEntries: tt.entries, Extensions: tt.extensions}}
		c := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: now.AddDate(1, 0, 0)}
		if tt.expired {
			c.NotAfter = now.AddDate(0, 0, -1)
		}
		got, err := l.Lookup(c)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
			continue
		}
		if err == nil && (got == nil) != (tt.want < 0) || got != nil && got.ReasonCode != tt.want {
			t.Errorf("%s: %+v, want %d", tt.name, got, tt.want)
		}
	}
}
