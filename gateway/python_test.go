package gateway_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
)

// A client that holds no code of ours, of Python's standard library alone, sends and
// receives by the doors of two nodes, whose authority it is given as a file.
func TestPythonAdapter(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		const how = "no python3 on the PATH: apt-get install python3"
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
	config := map[string]any{
		"ca":      write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.net.PKI.Root.Certificate.Raw})),
		"message": write("letter.edxml", w.document("71", w.net.Letter(t, 1000), nil)),
		"offset":  time.Until(w.net.Now()).Seconds(),
	}
	for node, agency := range map[string]string{"ward": testnode.Ward, "district": testnode.District} {
		p := w.program(node, agency, exchange.RoleClerk)
		config[node] = map[string]string{"url": p.url, "user": p.user, "secret": p.secret, "code": p.code}
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, python, "testdata/client.py", write("client.json", text)).CombinedOutput()
	if err != nil {
		t.Fatalf("client.py: %v\n%s", err, out)
	}
	t.Logf("client.py: %s", out)
}

// samples is where real messages of the axis are.
const samples = "../../shared/edxml"

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Skipf("%s: no real messages here: %v", name, err)
	}
	return data
}
