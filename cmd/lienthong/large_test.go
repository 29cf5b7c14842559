package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/certs/dev"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A country's directory: how many agencies there are is VIETNAM's own number of codes.
const (
	largeAgencies = 125_000
	largeSend     = 500
)

// writeLarge writes a list of agencies over the three nodes of a demo.
func writeLarge(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "code,old_code,name,parent,home_node")
	for i := range largeAgencies {
		fmt.Fprintf(w, "H%02d.%d.%d,%03d.%02d.%02d.K%02d,Ủy ban nhân dân xã số %d,H55,%s\n", 56+i/50_000, i/100, i%100, i%1000, i/1000%100, i/100_000, 64, i, demoNodes[i%3].id)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// as runs a command as the clerk of a node, who is its administrator too.
func (d *demo) as(t *testing.T, node string, args ...string) string {
	t.Helper()
	out := &bytes.Buffer{}
	a := *d.app
	a.out, a.err = out, os.Stderr
	if code := a.run(context.Background(), append(args, "--as", d.world.profile(node))); code != 0 {
		t.Fatalf("%q: status %d", args, code)
	}
	return out.String()
}

// 125,000 agencies are imported, signed, stored and carried to all nodes, and a letter goes
// to 500 of them; the nodes start again from their stores.
func TestLargeDirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("imports 125,000 agencies into three processes: not with -short")
	}
	d := newWorld(t)
	list := filepath.Join(d.dir, "agencies.csv")
	writeLarge(t, list)
	authority, err := d.world.pki.Find(dev.Directory, "thai-nguyen")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	t.Log(d.as(t, "province", "agency", "import", "--file", list, "--key", "pem:"+authority.KeyFile))
	imported := time.Since(began)
	if imported > time.Minute {
		t.Errorf("the import took %s, want at most a minute", imported)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, node := range []string{"district", "ward"} {
		d.awaitEpoch(t, ctx, node, 2)
		t.Logf("%s has it after %s", node, time.Since(began))
	}
	ward := d.world.nodes["ward"]
	if err := ward.stop(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	if err := ward.start(ctx, d.world.self); err != nil {
		t.Fatal(err)
	}
	if err := d.world.await(ctx, "ward"); err != nil {
		t.Fatal(err)
	}
	t.Logf("the ward starts in %s from its store; resident %d MiB", time.Since(began), resident(ward.process.Process.Pid))

	args := []string{"send", "--number", "7", "--symbol", "CV-UBND", "--subject", "Gửi 500 nơi", "--signer", "Đặng Văn Hùng", "--json", filepath.Join("..", "..", "testdata", "samples", "04-official-letter.pdf")}
	for i := range largeSend {
		n := i * (largeAgencies / largeSend)
		args = append(args, "--to", fmt.Sprintf("H%02d.%d.%d", 56+n/50_000, n/100, n%100))
	}
	began = time.Now()
	var sent struct{ Name string }
	if err := json.Unmarshal([]byte(d.as(t, "ward", args...)), &sent); err != nil {
		t.Fatal(err)
	}
	t.Logf("accepted for %d recipients in %s", largeSend, time.Since(began))
	for {
		c, err := d.world.client(ctx, "ward", demoClerk)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: sent.Name})
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, to := range doc.GetDocument().GetDeliveries() {
			if to.GetState() != lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
				open++
			}
		}
		if open == 0 && len(doc.GetDocument().GetDeliveries()) == largeSend {
			break
		}
	}
	t.Logf("delivered to all %d after %s", largeSend, time.Since(began))
	// One frame for each next hop, whatever the number of recipients.
	for _, node := range []string{"ward", "district"} {
		if offers := d.offers(t, ctx, node); offers != 1 {
			t.Errorf("node %s offered %d times, want once", node, offers)
		}
	}
}

// offers counts in a node's journal how often it offered a letter.
func (d *demo) offers(t *testing.T, ctx context.Context, node string) int {
	t.Helper()
	c, err := d.world.client(ctx, node, demoClerk)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := 0
	for from := uint64(0); ; {
		page, err := c.Journal.ListEntries(ctx, &lienthongv1.ListEntriesRequest{From: from, PageSize: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.GetEntries() {
			if e.GetAction() == "letter.offer" {
				found++
			}
		}
		if from += uint64(len(page.GetEntries())); len(page.GetEntries()) == 0 || from >= page.GetTreeSize() {
			return found
		}
	}
}

func (d *demo) awaitEpoch(t *testing.T, ctx context.Context, node string, epoch uint64) {
	t.Helper()
	c, err := d.world.client(ctx, node, demoClerk)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := c.Directory.ListZones(ctx, &lienthongv1.ListZonesRequest{})
		if err != nil {
			t.Fatalf("%s: %v", node, err)
		}
		if zones := answer.GetZones(); len(zones) > 0 && zones[0].GetEpoch() >= epoch {
			return
		}
		<-tick.C
	}
}

// resident is the memory of a process, in MiB; 0 where the system does not say.
func resident(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(data), "\n") {
		var kb int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			return kb >> 10
		}
	}
	return 0
}
