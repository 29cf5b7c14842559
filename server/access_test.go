package server_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// access is who may call what, written down a second time: a method whose option
// changes by mistake fails here. "any" is everyone whom the node knows; "certificate"
// shuts tokens out.
const access = `
FileService.StartUpload             clerk signer
FileService.UploadFile              clerk signer
FileService.GetUpload               clerk signer
FileService.DownloadFile            clerk signer reader
FileService.GetFile                 clerk signer reader
SigningService.PrepareFile          clerk signer
SigningService.SignFile             signer
SigningService.AugmentFile          signer clerk
SigningService.GetSignedFile        signer clerk reader
SigningService.ListLevelJobs        signer clerk
SigningService.ListKeys             signer admin
SigningService.ActivateKey          signer
SigningService.DeactivateKey        signer admin
SigningService.SuspendKey           signer admin
SigningService.ResumeKey            admin
SigningService.PrepareSignature     signer
SigningService.CompleteSignature    signer
SigningService.CancelSignature      signer
ValidationService.ValidateFile      clerk signer reader
DocumentService.SendDocument        clerk
DocumentService.ResolveRecipients   clerk reader
DocumentService.GetDocument         clerk reader
DocumentService.ListDocuments       clerk reader
DocumentService.RecallDocument      clerk
DocumentService.IssueUpdate         clerk
DocumentService.IssueReplacement    clerk
DocumentService.ForwardDocument     clerk
DocumentService.CheckDocument       clerk
DeliveryService.ListDeliveries      clerk reader
DeliveryService.GetDelivery         clerk reader
DeliveryService.AcknowledgeDelivery clerk
DeliveryService.ReportStatus        clerk
DeliveryService.WatchDeliveries     clerk reader
DeliveryService.ListQueue           admin auditor
DeliveryService.Hold                admin
DeliveryService.Release             admin
DeliveryService.Retry               admin
DeliveryService.Redeliver           admin
DeliveryService.Redirect            admin
DeliveryService.Drop                admin
DirectoryService.GetAgency          any
DirectoryService.ListAgencies       any
DirectoryService.ImportDirectory    admin
DirectoryService.ImportFiles        admin
DirectoryService.ExportFiles        any
DirectoryService.ListZones          any
RelayService.GetDirectory           liaison
RelayService.PutDirectory           liaison
PeerService.ListPeers               admin
PeerService.CheckPeer               admin
PeerService.Probe                   liaison
DirectoryService.ExportDirectory    any
JournalService.ListEntries          auditor admin
JournalService.GetCheckpoint        any
JournalService.VerifyJournal        auditor admin
IdentityService.ListUsers           admin auditor
IdentityService.UpdateUser          admin certificate
IdentityService.GrantRoles          admin certificate
IdentityService.CreateToken         admin certificate
IdentityService.ListTokens          admin auditor
IdentityService.RevokeToken         admin
JournalService.ProveInclusion       auditor admin
JournalService.ProveConsistency     any
RegisterService.SearchDocuments     clerk reader
IdentityService.ListRefusals        auditor admin
RegisterService.ListRegister        clerk reader
RegisterService.ReserveNumber       clerk
RegisterService.VoidNumber          clerk
RegisterService.ListNumbers         clerk reader
RegisterService.StartSeries         clerk
JournalService.ExportEvidence       clerk reader auditor
StatisticsService.GetStatistics     clerk reader
DossierService.ListDossiers         clerk reader
DossierService.DraftApology         clerk
DeliveryService.ClaimDeliveries     clerk
RelayService.Link                   liaison
RetentionService.AddHold            auditor admin
RetentionService.ReleaseHold        auditor admin certificate
RetentionService.ListHolds          auditor admin
RetentionService.PlanRetention      auditor admin
JoinService.Invite                  admin certificate
JoinService.ListInvitations         admin auditor
JoinService.DecideJoin              admin certificate
JoinService.Join                    open
NodeService.GetNodeCertificate      admin
NodeService.RotateCertificate       admin certificate
NodeService.GetRetirement           admin
NodeService.Retire                  admin certificate
NodeService.CancelRetirement        admin certificate
RelayService.Put                    liaison
RelayService.Get                    liaison
RelayService.GetLeaves              liaison
RelayService.PutLeaves              liaison
RelayService.PutLeaf                liaison
GroupService.ListGroups             clerk reader
GroupService.PutGroup               clerk
GroupService.RemoveGroup            clerk
EdXMLService.ImportMessage          clerk
EdXMLService.ExportMessage          clerk reader
`

// A person is one kind of caller.
type person struct {
	name  string
	role  string // empty: none
	known bool
	token bool
	c     *client.Client
}

func people(t *testing.T, n *testnode.Network) []person {
	t.Helper()
	ward := n.Node("ward")
	late := n.PKI.Issue(testpki.Client("late", ""), testpki.Expired())
	ward.Admit(t, "late", late, exchange.Grant{Role: exchange.RoleAdmin}, exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	out := []person{
		{name: "no certificate", c: ward.Connect(t, nil)},
		{name: "stranger", c: ward.Connect(t, n.PKI.Issue(testpki.Client("stranger", "")))},
		{name: "expired certificate", c: ward.Connect(t, late)},
		{name: "unknown token", c: ward.ConnectToken(t, "lienthong_"+strings.Repeat("A", 43))},
		{name: "no token at all", c: ward.ConnectToken(t, "x")},
		{name: "peer node", role: "liaison", known: true, c: ward.Connect(t, n.Node("district").Leaf())},
		{name: "no role", known: true, c: ward.User(t, "nobody")},
	}
	leaver := ward.User(t, "leaver")
	ward.Disable(t, "leaver")
	out = append(out, person{name: "disabled user", c: leaver})
	for _, role := range []exchange.Role{exchange.RoleClerk, exchange.RoleSigner, exchange.RoleReader, exchange.RoleAuditor, exchange.RoleAdmin} {
		grant := exchange.Grant{Role: role, Agency: testnode.Ward}
		if role == exchange.RoleAuditor || role == exchange.RoleAdmin {
			grant.Agency = ""
		}
		out = append(out, person{string(role), string(role), true, false, ward.User(t, string(role), grant)})
		_, secret := ward.Token(t, string(role), time.Hour, grant)
		out = append(out, person{"token of " + string(role), string(role), true, true, ward.ConnectToken(t, secret)})
		revoked, secret := ward.Token(t, string(role), time.Hour, grant)
		ward.Revoke(t, revoked)
		out = append(out, person{name: "revoked token of " + string(role), c: ward.ConnectToken(t, secret)})
		out = append(out, person{name: "expired token of " + string(role), c: ward.ConnectToken(t, ward.ExpiredToken(t, string(role), grant))})
	}
	return out
}

// The table says what the options say, and the options what the table says.
func TestAccessTable(t *testing.T) {
	t.Parallel()
	rows := accessRows(t)
	for _, m := range methods(t) {
		name := strings.TrimPrefix(string(m.FullName()), "lienthong.v1.")
		option, _ := proto.GetExtension(m.Options(), lienthongv1.E_Access).(*lienthongv1.Access)
		var want []string
		if option.GetAuthenticated() {
			want = append(want, "any")
		}
		for _, r := range option.GetRoles() {
			want = append(want, strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_")))
		}
		if option.GetOpen() {
			want = append(want, "open")
		}
		if option.GetCertificate() {
			want = append(want, "certificate")
		}
		if got := rows[name]; !slices.Equal(got, want) {
			t.Errorf("%s: the table says %q, its option says %q", name, got, want)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("the table has %s, and the API has not", name)
	}
}

// Every method, asked by every kind of caller, for their own agency and another.
func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	callers := people(t, n)
	rows := accessRows(t)
	for _, m := range methods(t) {
		name := strings.TrimPrefix(string(m.FullName()), "lienthong.v1.")
		roles, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in the table of this test", name)
			continue
		}
		for _, who := range callers {
			for _, agency := range []string{testnode.Ward, testnode.Province} {
				names := namesAgency(m)
				if agency != testnode.Ward && !names {
					continue
				}
				want := expect(who, roles, agency, names)
				got := call(t, who.c, m, agency, want == codes.OK)
				if (got == codes.PermissionDenied || got == codes.Unauthenticated || want != codes.OK) && got != want {
					t.Errorf("%s by %s for %s: %v, want %v", name, who.name, agency, got, want)
				}
			}
		}
	}
}

// expect is Unauthenticated, PermissionDenied, or OK for "let in".
func expect(who person, roles []string, agency string, names bool) codes.Code {
	if slices.Contains(roles, "open") {
		return codes.OK
	}
	if !who.known {
		return codes.Unauthenticated
	}
	if who.token && slices.Contains(roles, "certificate") {
		return codes.PermissionDenied
	}
	if slices.Contains(roles, "any") {
		return codes.OK
	}
	if who.role == "" || !slices.Contains(roles, who.role) {
		return codes.PermissionDenied
	}
	ofAgency := who.role == "clerk" || who.role == "signer" || who.role == "reader"
	if ofAgency && names && agency != testnode.Ward {
		return codes.PermissionDenied
	}
	return codes.OK
}

func accessRows(t *testing.T) map[string][]string {
	t.Helper()
	rows := make(map[string][]string)
	for line := range strings.Lines(strings.TrimSpace(access)) {
		fields := strings.Fields(line)
		rows[fields[0]] = fields[1:]
	}
	return rows
}

func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var out []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage("lienthong.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				out = append(out, s.Methods().Get(j))
			}
		}
		return true
	})
	if len(out) < 20 {
		t.Fatalf("%d methods, want all of the API", len(out))
	}
	return out
}

func namesAgency(m protoreflect.MethodDescriptor) bool {
	f := m.Input().Fields()
	return f.ByName("agency") != nil || f.ByName("name") != nil
}

// request is as empty as it may be: only the agency is named.
func request(m protoreflect.MethodDescriptor, agency string) proto.Message {
	out := dynamicpb.NewMessage(m.Input())
	f := m.Input().Fields()
	switch {
	case f.ByName("agency") != nil:
		out.Set(f.ByName("agency"), protoreflect.ValueOfString(agency))
	case f.ByName("name") != nil:
		out.Set(f.ByName("name"), protoreflect.ValueOfString("agencies/"+agency+"/documents/0192f3c4-7b3a-7000-8000-000000000000"))
	}
	return out
}

// call gives the status of one call. A stream that is let in and waits for more is
// given up, which counts as let in: soon where that is what is wanted, and otherwise only
// when a refusal has had time on a busy machine.
func call(t *testing.T, c *client.Client, m protoreflect.MethodDescriptor, agency string, letIn bool) codes.Code {
	t.Helper()
	path := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if !m.IsStreamingClient() && !m.IsStreamingServer() {
		return codeOf(c.Conn().Invoke(ctx, path, request(m, agency), dynamicpb.NewMessage(m.Output())))
	}
	if letIn && (m.Name() == "WatchDeliveries" || m.Name() == "Link") {
		ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
	}
	stream, err := c.Conn().NewStream(ctx, &grpc.StreamDesc{ClientStreams: m.IsStreamingClient(), ServerStreams: m.IsStreamingServer()}, path)
	if err != nil {
		return codeOf(err)
	}
	_ = stream.SendMsg(request(m, agency)) // what was wrong comes with the answer
	_ = stream.CloseSend()
	return codeOf(stream.RecvMsg(dynamicpb.NewMessage(m.Output())))
}

// strangers are the reasons of calls by whom the node does not let in at all.
var strangers = []string{"NO_CERTIFICATE", "UNKNOWN_CERTIFICATE", "EXPIRED_CERTIFICATE", "DISABLED",
	"BAD_AUTHORIZATION", "UNKNOWN_TOKEN", "EXPIRED_TOKEN", "REVOKED_TOKEN"}

// codeOf finds the status under the error that a client gives.
func codeOf(err error) codes.Code {
	var e *exchange.Error
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return codes.OK
	case errors.As(err, &e) && slices.Contains(strangers, e.Reason):
		return codes.Unauthenticated
	case errors.As(err, &e) && e.Code == exchange.Denied:
		return codes.PermissionDenied
	case errors.As(err, &e) && e.Code == exchange.Invalid:
		return codes.InvalidArgument
	}
	return status.Code(err)
}
