package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A joinFlow is a new node on its way in.
type joinFlow struct {
	parent, tokenFile, ca string
	node, name, dir       string
	addresses             []string
	listen                string
	authority             []string
	wait                  time.Duration
}

// Files of a node that has joined, in its folder. The configuration is written last.
const (
	joinKey       = "node.key"
	joinSelf      = "request.pem" // self-signed
	joinCert      = "node.pem"    // as the directory binds it
	joinAuthority = "authority.pem"
	joinDirectory = "directory.bin"
	joinConfig    = "config.yaml"
)

// joinEvery is how often the parent is asked whether it has decided.
const joinEvery = time.Second

func (a *app) joinCommand() *cobra.Command {
	var j joinFlow
	c := &cobra.Command{
		Use:   "join --parent HOST:PORT --token-file FILE --node ID --dir DIR --ca FILE",
		Short: "Join a network: make the key of a new node, ask its parent, and write its configuration",
		Long: `Make the key of a new node, send its request to the parent with the one-time token of
"lienthong peer invite", wait until that is approved, and write key, certificate, signed
directory and configuration to a folder, from which "lienthong serve" runs. It may be ended
and run again at any moment: what is in the folder is used.`,
		Example: `  lienthong join --parent tinh.example.vn:7443 --token-file invite.token --ca ca.pem --node phuong-ba-hang --name 'Phường Ba Hàng' --dir /etc/lienthong`,
		Args:    args(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.join(c.Context(), j) },
	}
	f := c.Flags()
	f.StringVar(&j.parent, "parent", "", "host:port of the node that invites")
	f.StringVar(&j.tokenFile, "token-file", "", "file with the one-time token")
	f.StringVar(&j.ca, "ca", "", "PEM file of the authority of the parent's certificate")
	f.StringVar(&j.node, "node", "", "id of the new node, as it was invited")
	f.StringVar(&j.name, "name", "", "name for people; default: the id")
	f.StringVar(&j.dir, "dir", "", "folder of the new node")
	f.StringArrayVar(&j.addresses, "address", nil, "host:port by which other nodes can dial it; none: it dials its parent; repeatable")
	f.StringVar(&j.listen, "listen", ":7443", "address on which it is to serve")
	f.StringArrayVar(&j.authority, "authority", nil, "certificate that signs the directory; default: as the parent says, over TLS; repeatable")
	f.DurationVar(&j.wait, "wait", 10*time.Minute, "how long to wait for the approval")
	for _, name := range []string{"parent", "token-file", "ca", "node", "dir"} {
		_ = c.MarkFlagRequired(name) // fails for flags that are not there
	}
	return c
}

func (j *joinFlow) path(name string) string { return filepath.Join(j.dir, name) }

// join goes through its steps in an order in which each can be done again.
func (a *app) join(ctx context.Context, j joinFlow) error {
	if fileExists(j.path(joinConfig)) {
		return fail(exitUsage, fmt.Errorf("%s: a node is here already", j.path(joinConfig)), "lienthong serve --config "+j.path(joinConfig))
	}
	if j.name == "" {
		j.name = j.node
	}
	if err := durable.MkdirAll(j.dir, 0o700); err != nil {
		return fail(exitUsage, err)
	}
	pair, err := j.identity(a.now())
	if err != nil {
		return err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: j.node}}, pair.PrivateKey)
	if err != nil {
		return err
	}
	a.printf(a.t("node %s, key %s\n", "nút %s, khóa %s\n"), j.node, requestKey(request))
	answer, err := a.askParent(ctx, j, pair, request)
	if err != nil {
		return err
	}
	return a.finishJoin(ctx, j, pair, answer)
}

// requestKey is the digest of a request's key, which people compare.
func requestKey(der []byte) string {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return "?"
	}
	return envelope.Digest(sha256.Sum256(csr.RawSubjectPublicKeyInfo)).String()
}

// joinLife is how long the self-signed certificate of a node is good for.
const joinLife = 3 * 366 * 24 * time.Hour

// identity is the key of the folder with a self-signed certificate. The key is made once.
func (j *joinFlow) identity(now time.Time) (tls.Certificate, error) {
	if !fileExists(j.path(joinKey)) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return tls.Certificate{}, err
		}
		if err := durable.WriteFile(j.path(joinKey), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			return tls.Certificate{}, fail(exitUsage, err)
		}
	}
	// Made anew each time, since the addresses may be others; the parent keeps the first.
	if err := j.selfSign(now); err != nil {
		return tls.Certificate{}, err
	}
	return loadKeyPair(j.path(joinSelf), j.path(joinKey))
}

func (j *joinFlow) selfSign(now time.Time) error {
	data, err := readLimited(j.path(joinKey), 1<<16)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return failf(exitUsage, "%s: no private key in PEM", j.path(joinKey))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return failf(exitUsage, "%s: want a key of ECDSA P-256 in PKCS #8", j.path(joinKey))
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: j.node}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(joinLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, DNSNames: []string{"localhost"}}
	for _, address := range j.addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return failf(exitUsage, "--address %q: want host:port", address)
		}
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return durable.WriteFile(j.path(joinSelf), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// dial reaches the parent with the key of the new node; the parent is known by the authority.
func (j *joinFlow) dial(ctx context.Context, pair tls.Certificate) (*client.Client, error) {
	roots, err := rootsOf(j.ca)
	if err != nil {
		return nil, err
	}
	return dialReady(ctx, client.Config{Address: j.parent, Certificate: &pair, Roots: roots})
}

// askParent asks until the request is approved, and gives up after the time of the flags.
func (a *app) askParent(ctx context.Context, j joinFlow, pair tls.Certificate, request []byte) (*lienthongv1.JoinResponse, error) {
	secret, err := secretFile(j.tokenFile)()
	if err != nil {
		return nil, err
	}
	c, err := j.dial(ctx, pair)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	waiting, cancel := context.WithTimeout(ctx, j.wait)
	defer cancel()
	tick := time.NewTicker(joinEvery)
	defer tick.Stop()
	for said := false; ; said = true {
		answer, err := lienthongv1.NewJoinServiceClient(c.Conn()).Join(ctx, &lienthongv1.JoinRequest{Secret: string(secret), Node: j.node, Label: j.name,
			Addresses: j.addresses, Request: request, Certificate: pair.Certificate[0]})
		var own *exchange.Error
		switch {
		case errors.As(err, &own) && own.Code == exchange.Unavailable: // the parent starts again
		case err != nil:
			return nil, err
		case answer.GetInvitation().GetState() == lienthongv1.InvitationState_INVITATION_STATE_APPROVED:
			return answer, nil
		case !said:
			a.printf(a.t("the request is at %s, and waits for approval\n", "yêu cầu đã đến nút %s, chờ phê duyệt\n"), answer.GetParent())
		}
		select {
		case <-waiting.Done():
			return nil, fail(exitUndecided, errors.New("the request is not approved yet"), "run the same command again: the request is kept")
		case <-tick.C:
		}
	}
}

// finishJoin fetches the directory as the node that it is now, believes it by its signatures
// alone, and writes what a node needs.
func (a *app) finishJoin(ctx context.Context, j joinFlow, pair tls.Certificate, answer *lienthongv1.JoinResponse) error {
	bound, err := x509.ParseCertificate(answer.GetInvitation().GetCertificate())
	if err != nil {
		return err
	}
	if !bytes.Equal(bound.RawSubjectPublicKeyInfo, pair.Leaf.RawSubjectPublicKeyInfo) {
		return fail(exitNo, errors.New("the parent names a certificate of another key"))
	}
	pair.Certificate, pair.Leaf = [][]byte{bound.Raw}, bound
	authority, err := j.authorities(answer)
	if err != nil {
		return err
	}
	c, err := j.dial(ctx, pair)
	if err != nil {
		return err
	}
	defer c.Close()
	files, err := c.ExportFiles(ctx, "")
	if err != nil {
		return err
	}
	dir, err := exchange.OpenDirectory(files, authority)
	if err != nil {
		return fail(exitNo, fmt.Errorf("the directory of node %s: %w", answer.GetParent(), err), "--authority FILE names who signs it")
	}
	if node, ok := dir.NodeOfKey(bound, a.now()); !ok || node.ID != j.node {
		return fail(exitUndecided, fmt.Errorf("the directory does not bind this key to node %q", j.node), "run the same command again")
	}
	if err := j.write(bound, authority, files); err != nil {
		return fail(exitUsage, err)
	}
	for _, cert := range authority {
		a.printf(a.t("authority %s, sha256 %x\n", "cơ quan ký danh bạ %s, sha256 %x\n"), cert.Subject.CommonName, sha256.Sum256(cert.Raw))
	}
	a.printf(a.t("joined below %s; go on: lienthong serve --config %s\n", "đã vào mạng dưới nút %s; tiếp theo: lienthong serve --config %s\n"), answer.GetParent(), j.path(joinConfig))
	return nil
}

// authorities are those of the flags, or as the parent has told.
func (j *joinFlow) authorities(answer *lienthongv1.JoinResponse) (out []*x509.Certificate, err error) {
	if len(j.authority) > 0 {
		return loadAll(j.authority)
	}
	for _, der := range answer.GetAuthorities() {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		out = append(out, cert)
	}
	return out, nil
}

func (j *joinFlow) write(bound *x509.Certificate, authority []*x509.Certificate, files []envelope.Sealed) error {
	var top []byte
	for _, cert := range authority {
		top = append(top, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	config := fmt.Sprintf(`# Made by "lienthong join". What else there is: lienthong serve --help-config
node: %s
listen: %q
data: data
tls: {certificate: %s, key: %s}
directory: {authority: [%s], file: %s}
# Signatures on letters are judged by anchors that you name:
# trust: {anchors: [anchors], crls: [crls]}
`, j.node, j.listen, joinCert, joinKey, joinAuthority, joinDirectory)
	for _, f := range []struct {
		name string
		data []byte
		perm os.FileMode
	}{
		{joinCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: bound.Raw}), 0o644},
		{joinAuthority, top, 0o644},
		{joinDirectory, envelope.MarshalFiles(files), 0o644},
		{joinConfig, []byte(config), 0o644},
	} {
		if err := durable.WriteFile(j.path(f.name), f.data, f.perm); err != nil {
			return err
		}
	}
	return nil
}
