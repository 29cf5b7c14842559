package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lienthong/certs/dev"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/freeport"
)

// The nodes, from the top, and how many processes each has.
var nodes = []struct {
	id, parent string
	processes  int
}{
	{"province", "", 3},
	{"district", "province", 1},
	{"ward", "district", 1},
}

// The agencies, each with a clerk of its own.
var agencies = []struct{ id, code, node string }{
	{"a-tinh", "H55", "province"},
	{"a-so", "H55.08", "province"},
	{"a-huyen", "H55.13", "district"},
	{"a-xa", "H55.13.05", "ward"},
}

// A world is the nodes as they run, and what is between them.
type world struct {
	dir, binary string
	pki         *dev.PKI
	roots       *x509.CertPool
	directory   *exchange.Directory
	database    *database
	processes   []*process       // of all nodes
	wires       map[string]*wire // by name of the process to which they lead
	disks       map[string]*disk // by node
	cursors     cursors
	clerks      map[string]tls.Certificate // by agency
}

// newWorld makes and starts all of it in an empty folder.
func newWorld(ctx context.Context, dir, binary string) (_ *world, err error) {
	w := &world{dir: dir, binary: binary, wires: make(map[string]*wire), disks: make(map[string]*disk), clerks: make(map[string]tls.Certificate)}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.makePKI(); err != nil {
		return nil, err
	}
	if w.database, err = newDatabase(); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if err := w.layOut(n.id, n.processes); err != nil {
			return nil, err
		}
	}
	if err := w.makeDirectory(); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if err := w.addUsers(ctx, n.id); err != nil {
			return nil, err
		}
	}
	for _, p := range w.processes {
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	return w, w.await(ctx)
}

func (w *world) makePKI() error {
	requests := []dev.Request{{Kind: dev.Directory, ID: "zone", Name: "Danh bạ thử nghiệm"}}
	for _, n := range nodes {
		requests = append(requests, dev.Request{Kind: dev.Node, ID: n.id, Name: n.id})
	}
	for _, a := range agencies {
		requests = append(requests, dev.Request{Kind: dev.Client, ID: a.id, Name: "Văn thư " + a.code})
	}
	// A clock that is ten minutes behind must not find certificates that are not valid yet.
	created := time.Now().Add(-time.Hour)
	var err error
	if w.pki, err = dev.Create(filepath.Join(w.dir, "pki"), dev.Options{Now: func() time.Time { return created }, Issue: requests}); err != nil {
		return err
	}
	w.roots = x509.NewCertPool()
	w.roots.AddCert(w.pki.Root())
	for _, a := range agencies {
		issued, err := w.pki.Find(dev.Client, a.id)
		if err != nil {
			return err
		}
		if w.clerks[a.id], err = tls.LoadX509KeyPair(issued.KeyFile, issued.KeyFile); err != nil {
			return err
		}
	}
	return nil
}

// layOut gives each process of a node an address, and a wire that leads to it.
func (w *world) layOut(node string, processes int) error {
	d, err := newDisk(filepath.Join(w.dir, node))
	if err != nil {
		return err
	}
	w.disks[node] = d
	for i := range processes {
		name := node
		if processes > 1 {
			name = fmt.Sprintf("%s-%d", node, i+1)
		}
		address, err := freeport.Address()
		if err != nil {
			return err
		}
		admin, err := freeport.Address()
		if err != nil {
			return err
		}
		wire, err := newWire(name, func() (net.Conn, error) { return net.Dial("tcp", address) })
		if err != nil {
			return err
		}
		w.wires[name] = wire
		p := &process{name: name, node: node, dir: filepath.Join(w.dir, name), address: address, admin: admin, binary: w.binary}
		w.processes = append(w.processes, p)
		if err := os.MkdirAll(p.dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// of lists the processes of a node.
func (w *world) of(node string) []*process {
	var out []*process
	for _, p := range w.processes {
		if p.node == node {
			out = append(out, p)
		}
	}
	return out
}

// makeDirectory signs who is who; the addresses are those of the wires.
func (w *world) makeDirectory() error {
	d := envelope.Directory{Zone: "thu-nghiem", Epoch: 1, Issued: time.Now().Add(-30 * time.Minute).UnixMicro()}
	for _, n := range nodes {
		issued, err := w.pki.Find(dev.Node, n.id)
		if err != nil {
			return err
		}
		node := envelope.Node{ID: n.id, Name: n.id, Parent: n.parent, Certificates: []envelope.NodeCertificate{{Certificate: issued.Certificate.Raw}}}
		for _, p := range w.of(n.id) {
			node.Addresses = append(node.Addresses, w.wires[p.name].address())
		}
		d.Nodes = append(d.Nodes, node)
	}
	for _, a := range agencies {
		d.Agencies = append(d.Agencies, envelope.Agency{ID: a.id, Name: a.id, HomeNode: a.node, Codes: []envelope.AgencyCode{{Code: a.code}}})
	}
	issued, err := w.pki.Find(dev.Directory, "zone")
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(issued.KeyFile, issued.KeyFile)
	if err != nil {
		return err
	}
	key, _ := pair.PrivateKey.(crypto.Signer) // as dev makes them
	sealed, err := envelope.SealDirectory(&d, envelope.Signer{Key: key, Certificate: issued.Certificate})
	if err != nil {
		return err
	}
	if w.directory, err = exchange.NewDirectory(d); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.dir, "directory.bin"), sealed.Marshal(), 0o644); err != nil {
		return err
	}
	for _, p := range w.processes {
		if err := os.WriteFile(p.config(), []byte(w.configText(p)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) configText(p *process) string {
	node, _ := w.pki.Find(dev.Node, p.node)           // issued above
	authority, _ := w.pki.Find(dev.Directory, "zone") // issued above
	store := "sqlite:" + w.disks[p.node].data()
	if p.node == "province" {
		store = w.database.wired(p.name, w.disks[p.node].data())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "node: %s\nenvironment: test\nlisten: %s\nstore: %q\ndata: %s\n", p.node, p.address, store, w.disks[p.node].data())
	fmt.Fprintf(&b, "tls:\n  certificate: %s\n  key: %s\n", node.CertFile, node.KeyFile)
	fmt.Fprintf(&b, "directory:\n  authority: [%s]\n  file: %s\n", authority.CertFile, filepath.Join(w.dir, "directory.bin"))
	fmt.Fprintf(&b, "trust:\n  anchors: [%s]\n  crls: [%s]\n", w.pki.RootFile(), w.pki.CRLDir())
	fmt.Fprintf(&b, "admin:\n  listen: %s\nlimits:\n  reserve: 4MiB\n", p.admin) // the disks are small
	return b.String()
}

// addUsers makes the clerks of a node's agencies known to it.
func (w *world) addUsers(ctx context.Context, node string) error {
	p := w.of(node)[0]
	for _, a := range agencies {
		if a.node != node {
			continue
		}
		issued, err := w.pki.Find(dev.Client, a.id)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, w.binary, "user", "add", a.id, "--config", p.config(), "--cert", issued.CertFile,
			"--grant", "clerk:"+a.code, "--grant", "auditor")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: user add: %w: %s", node, err, out)
		}
	}
	return nil
}

// client reaches a process as the clerk of an agency.
func (w *world) client(p *process, agency string) (*client.Client, error) {
	cert := w.clerks[agency]
	return client.Dial(client.Config{Address: p.address, Certificate: &cert, Roots: w.roots})
}

// await waits until all processes answer, and starts those that have ended.
func (w *world) await(ctx context.Context) error {
	errs := make([]error, len(w.processes))
	var wg sync.WaitGroup
	for i, p := range w.processes {
		wg.Go(func() { errs[i] = p.await(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *world) close() {
	for _, p := range w.processes {
		p.kill()
	}
	for _, wire := range w.wires {
		wire.close()
	}
	if w.database != nil {
		w.database.close()
	}
	for _, d := range w.disks {
		d.close()
	}
}

// save copies what is on disks that go when they are unmounted.
func (w *world) save() {
	for _, p := range w.processes {
		p.kill()
	}
	for _, d := range w.disks {
		if d.mounted {
			_ = os.CopyFS(filepath.Join(d.dir, "data.kept"), os.DirFS(d.data())) // what there is
		}
	}
}
