package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/signer"
)

// A client that Python makes from the .proto files alone uploads, signs, sends and
// fetches a letter.
func TestPythonClient(t *testing.T) {
	t.Parallel()
	python := pythonWithGRPC(t)
	d := newWorld(t)
	protos, err := filepath.Abs("../../proto")
	if err != nil {
		t.Fatal(err)
	}
	user := func(node, id string) map[string]string {
		p, err := readProfile(filepath.Join(d.dir, node, id+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"node": p.Node, "certificate": p.Certificate}
	}
	letter, out := filepath.Join(d.dir, "letter.pdf"), filepath.Join(d.dir, "out.pdf")
	if err := os.WriteFile(letter, demoLetter, 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"protos": protos, "file": letter, "out": out, "ca": d.world.pki.RootFile(),
		"agency": demoAgencies[0].code, "to": demoAgencies[1].code, "users": map[string]any{
			"leader": user("ward", demoLeader), "clerk": user("ward", demoClerk), "district": user("district", demoClerk)}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.dir, "client.json")
	if err := os.WriteFile(path, config, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, python, "testdata/client.py", path)
	var said bytes.Buffer
	script.Stdout, script.Stderr = &said, &said
	if err := script.Run(); err != nil {
		t.Fatalf("client.py: %v\n%s", err, said.Bytes())
	}
	checkFetched(t, d, out)
}

// checkFetched judges what the other client took out.
func checkFetched(t *testing.T, d *demo, path string) {
	t.Helper()
	trust, evidence, err := loadTrust([]string{d.world.pki.RootFile()}, []string{d.world.pki.CRLDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in, err := openDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	report, err := signer.Validate(context.Background(), in, signer.Options{At: time.Now(), Trust: trust, Evidence: evidence})
	if err != nil {
		t.Fatal(err)
	}
	if report.Verdict != signer.VerdictValid || len(report.Signatures) != 2 {
		t.Errorf("verdict %s with %d signatures, want valid with 2", report.Verdict, len(report.Signatures))
	}
}

// pythonWithGRPC finds a python3 that has grpcio and grpcio-tools. Without one the
// test is skipped, but not where CI says that every comparison must run.
func pythonWithGRPC(t *testing.T) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err == nil {
		var out []byte
		if out, err = exec.Command(python, "-c", "import grpc, grpc_tools.protoc").CombinedOutput(); err == nil {
			return python
		}
		t.Logf("%s: %s", python, strings.TrimSpace(string(out)))
	}
	const how = "no python3 with grpcio and grpcio-tools on the PATH: run make test-tools, or pip install -r tools/requirements.txt"
	if os.Getenv("CI") == "true" {
		t.Fatal(how)
	}
	t.Skip(how)
	return ""
}
