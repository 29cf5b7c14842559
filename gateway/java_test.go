package gateway_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// A client in Java, as adapters of the axis are written, of the JDK alone, sends and receives
// by the doors of two nodes.
func TestJavaAdapter(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("javac"); err != nil {
		const how = "no JDK on the PATH: apt-get install default-jdk-headless"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	w := newWorld(t, edxml.Limits{})
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, "ca=%s\nmessage=%s\noffset=%f\n", write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.net.PKI.Root.Certificate.Raw})),
		write("letter.edxml", w.document("72", w.net.Letter(t, 1000), nil)), time.Until(w.net.Now()).Seconds())
	for node, agency := range map[string]string{"ward": testnode.Ward, "district": testnode.District} {
		p := w.program(node, agency, exchange.RoleClerk)
		fmt.Fprintf(&conf, "%s.url=%s\n%s.user=%s\n%s.secret=%s\n%s.code=%s\n", node, p.url, node, p.user, node, p.secret, node, p.code)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "java", "testdata/Client.java", write("client.properties", []byte(conf.String()))).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "ok ") {
		t.Fatalf("Client.java: %v\n%s", err, out)
	}
}
