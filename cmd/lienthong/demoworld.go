package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lienthong/certs/dev"
	"lienthong/envelope"
	"lienthong/internal/freeport"
)

// The cast of the demo. Names are of real places; certificates are not.
var demoAgencies = []struct{ id, code, name, node, parent string }{
	{"a-ba-hang", "H55.13.05", "Ủy ban nhân dân phường Ba Hàng", "ward", "a-pho-yen"},
	{"a-pho-yen", "H55.13", "Ủy ban nhân dân thị xã Phổ Yên", "district", "a-thai-nguyen"},
	{"a-thai-nguyen", "H55", "Ủy ban nhân dân tỉnh Thái Nguyên", "province", ""},
	{"a-so-noi-vu", "H55.08", "Sở Nội vụ tỉnh Thái Nguyên", "province", "a-thai-nguyen"},
}

var demoNodes = []struct{ id, name, parent string }{
	{"province", "Tỉnh Thái Nguyên", ""},
	{"district", "Thị xã Phổ Yên", "province"},
	{"ward", "Phường Ba Hàng", "district"},
}

const (
	demoSender = "a-ba-hang"
	demoLeader = "do-nghia-si" // the authorised person, whose key signs first
	demoClerk  = "van-thu"     // the clerk of each node
)

// A demoWorld is the authority and the nodes, as they run.
type demoWorld struct {
	dir       string
	pki       *dev.PKI
	self      string // its file, of which the nodes are processes
	directory envelope.Sealed
	nodes     map[string]*demoNode
	sentID    string
	cancel    context.CancelFunc
	serving   sync.WaitGroup
}

// A demoNode is one process.
type demoNode struct {
	id, dir, address string
	process          *exec.Cmd
	log              *os.File
	exited           chan struct{}
}

func (d *demo) makeWorld(ctx context.Context, self string) (_ *demoWorld, err error) {
	w := &demoWorld{dir: d.dir, self: self, nodes: make(map[string]*demoNode)}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	if err := w.makePKI(d.app); err != nil {
		return nil, err
	}
	d.step("throw-away authority: root, issuing CA, time-stamping authority", "CA thử nghiệm: gốc, CA cấp chứng thư, máy chủ dấu thời gian")
	for _, n := range demoNodes {
		address, err := freeport.Address()
		if err != nil {
			return nil, err
		}
		w.nodes[n.id] = &demoNode{id: n.id, dir: filepath.Join(d.dir, n.id), address: address}
	}
	if err := w.makeDirectory(d.now()); err != nil {
		return nil, err
	}
	d.step("signed directory: %d agencies, %d nodes", "danh bạ đã ký: %d cơ quan, %d nút", len(demoAgencies), len(demoNodes))
	for _, n := range demoNodes {
		if err := w.makeNode(ctx, d.app, n.id); err != nil {
			return nil, err
		}
	}
	for _, n := range demoNodes {
		if err := w.nodes[n.id].start(ctx, w.self); err != nil {
			return nil, err
		}
	}
	for _, n := range demoNodes {
		if err := w.await(ctx, n.id); err != nil {
			return nil, err
		}
		d.step("node %-8s %s, process %d, %s", "nút %-8s %s, tiến trình %d, %s", n.id, n.name, w.nodes[n.id].process.Process.Pid, w.nodes[n.id].address)
	}
	return w, nil
}

// makePKI makes the authority, issues what the cast needs, and serves time-stamps
// from this process.
func (w *demoWorld) makePKI(a *app) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	requests := []dev.Request{
		{Kind: dev.Directory, ID: "thai-nguyen", Name: "Danh bạ liên thông tỉnh Thái Nguyên"},
		{Kind: dev.Person, ID: demoLeader, Name: "Đỗ Nghĩa Sĩ", Org: demoAgencies[0].name, Locality: "Thái Nguyên"},
		{Kind: dev.Client, ID: demoLeader, Name: "Đỗ Nghĩa Sĩ"},
		{Kind: dev.Agency, ID: "ba-hang", Name: demoAgencies[0].name, Org: demoAgencies[0].name, Locality: "Thái Nguyên"},
	}
	for _, n := range demoNodes {
		requests = append(requests, dev.Request{Kind: dev.Node, ID: n.id, Name: n.name},
			dev.Request{Kind: dev.Client, ID: n.id + "-" + demoClerk, Name: "Văn thư " + n.name})
	}
	w.pki, err = dev.Create(filepath.Join(w.dir, "pki"), dev.Options{Now: a.now, BaseURL: "http://" + l.Addr().String(), Issue: requests})
	if err != nil {
		l.Close()
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.serving.Add(1)
	go func() {
		defer w.serving.Done()
		_ = w.pki.Serve(ctx, l) // a demo without time-stamps fails at its first signature
	}()
	return nil
}

// makeDirectory signs who is who.
func (w *demoWorld) makeDirectory(now time.Time) error {
	d := envelope.Directory{Zone: "thai-nguyen", Epoch: 1, Issued: now.UnixMicro()}
	for _, n := range demoNodes {
		issued, err := w.pki.Find(dev.Node, n.id)
		if err != nil {
			return err
		}
		d.Nodes = append(d.Nodes, envelope.Node{ID: n.id, Name: n.name, Parent: n.parent, Addresses: []string{w.nodes[n.id].address},
			Certificates: []envelope.NodeCertificate{{Certificate: issued.Certificate.Raw}}})
	}
	for _, b := range demoAgencies {
		agency := envelope.Agency{ID: b.id, Name: b.name, Parent: b.parent, HomeNode: b.node, Codes: []envelope.AgencyCode{{Code: b.code}}}
		if b.id == demoSender {
			seal, err := w.pki.Find(dev.Agency, "ba-hang")
			if err != nil {
				return err
			}
			leader, err := w.pki.Find(dev.Person, demoLeader)
			if err != nil {
				return err
			}
			agency.Certificates = []envelope.AgencyCertificate{
				{Certificate: leader.Certificate.Raw, Role: envelope.RolePersonal, Holder: "Đỗ Nghĩa Sĩ"},
				{Certificate: seal.Certificate.Raw, Role: envelope.RoleAgency, Holder: b.name},
			}
		}
		d.Agencies = append(d.Agencies, agency)
	}
	issued, err := w.pki.Find(dev.Directory, "thai-nguyen")
	if err != nil {
		return err
	}
	pair, err := loadKeyPair(issued.KeyFile, "")
	if err != nil {
		return err
	}
	signer, err := nodeSigner(pair)
	if err != nil {
		return err
	}
	if w.directory, err = envelope.SealDirectory(&d, signer); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, "directory.bin"), w.directory.Marshal(), 0o644)
}

// makeNode writes the configuration of a node and the profile of its clerk, and
// adds the clerk to its users.
func (w *demoWorld) makeNode(ctx context.Context, a *app, id string) error {
	n := w.nodes[id]
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(n.dir, "config.yaml"), []byte(w.configText(id)), 0o644); err != nil {
		return err
	}
	grants := []string{"auditor", "admin"}
	agency := ""
	for _, b := range demoAgencies {
		if b.node != id {
			continue
		}
		if agency == "" {
			agency = b.code
		}
		grants = append(grants, "clerk:"+b.code, "signer:"+b.code)
	}
	users := []struct {
		id, name, cert string
		grants         []string
	}{{demoClerk, "Văn thư", id + "-" + demoClerk, grants}}
	if id == "ward" {
		users = append(users, struct {
			id, name, cert string
			grants         []string
		}{demoLeader, "Đỗ Nghĩa Sĩ", demoLeader, []string{"signer:" + agency, "reader:" + agency}})
	}
	quiet := *a
	quiet.out = io.Discard
	for _, u := range users {
		issued, err := w.pki.Find(dev.Client, u.cert)
		if err != nil {
			return err
		}
		flags := userFlags{config: filepath.Join(n.dir, "config.yaml"), name: u.name, certs: []string{issued.CertFile}, grants: u.grants}
		if err := quiet.userAddOffline(ctx, u.id, flags); err != nil {
			return err
		}
		profile := fmt.Sprintf("node: %s\ncertificate: %s\nca: %s\nagency: %s\n", n.address, issued.KeyFile, w.pki.RootFile(), agency)
		if err := os.WriteFile(filepath.Join(n.dir, u.id+".yaml"), []byte(profile), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (w *demoWorld) configText(id string) string {
	node, _ := w.pki.Find(dev.Node, id)
	authority, _ := w.pki.Find(dev.Directory, "thai-nguyen")
	var b strings.Builder
	fmt.Fprintf(&b, "node: %s\nlisten: %s\ntls:\n  certificate: %s\n  key: %s\n", id, w.nodes[id].address, node.CertFile, node.KeyFile)
	fmt.Fprintf(&b, "directory:\n  authority: [%s]\n  file: %s\n", authority.CertFile, filepath.Join(w.dir, "directory.bin"))
	fmt.Fprintf(&b, "trust:\n  anchors: [%s]\n  crls: [%s]\ntsa:\n  url: %s\n", w.pki.RootFile(), w.pki.CRLDir(), w.pki.TSAURL())
	if id == "ward" {
		leader, _ := w.pki.Find(dev.Person, demoLeader)
		seal, _ := w.pki.Find(dev.Agency, "ba-hang")
		fmt.Fprintf(&b, "keys:\n  - id: chu-tich\n    agency: %s\n    role: personal\n    holder: Đỗ Nghĩa Sĩ\n    principals: [%s]\n    uri: pkcs12:%s\n    password_file: %s\n",
			demoAgencies[0].code, demoLeader, leader.P12File, leader.PasswordFile)
		fmt.Fprintf(&b, "  - id: con-dau\n    agency: %s\n    role: agency\n    principals: [%s]\n    uri: pkcs12:%s\n    password_file: %s\n",
			demoAgencies[0].code, demoClerk, seal.P12File, seal.PasswordFile)
	}
	return b.String()
}

// profile is the file of a node's clerk, for --as.
func (w *demoWorld) profile(node string) string { return filepath.Join(w.dir, node, demoClerk+".yaml") }
