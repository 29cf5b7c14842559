package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/exchange"
	"lienthong/journal"
)

// uriOf is a key's name if that is a URI and no file; else it is empty.
func uriOf(key string) string {
	for _, scheme := range keys.Schemes() {
		if strings.HasPrefix(key, scheme+":") {
			return key
		}
	}
	if strings.HasPrefix(key, "pkcs11:") { // in a build without it: the error says so
		return key
	}
	return ""
}

// identity opens the node's own key with its certificate, as the configuration names them.
func (c *config) identity() (tls.Certificate, error) {
	uri := uriOf(c.TLS.Key)
	if uri == "" {
		return loadKeyPair(c.TLS.Certificate, c.TLS.Key)
	}
	key, err := keys.Open(uri, secretFile(c.TLS.PasswordFile))
	if err != nil {
		return tls.Certificate{}, fail(exitUsage, fmt.Errorf("%s: tls.key: %w", c.path, err), "tls.password_file names the file with its password or PIN")
	}
	chain := append([]*x509.Certificate{key.Certificate()}, key.Chain()...)
	if c.TLS.Certificate != "" {
		if chain, err = certs.LoadCertificates(c.TLS.Certificate); err != nil {
			return tls.Certificate{}, fail(exitUsage, err)
		}
		if _, err := keys.New(uri, key, chain[0]); err != nil {
			return tls.Certificate{}, fail(exitUsage, fmt.Errorf("%s: %w", c.TLS.Certificate, err), "tls.certificate and tls.key in "+c.path)
		}
	}
	pair := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, cert := range chain {
		pair.Certificate = append(pair.Certificate, cert.Raw)
	}
	return pair, nil
}

// rotate takes the key and certificate that the configuration names now: it is read again,
// and nothing else in it counts before the next start. What is refused changes nothing.
func (n *node) rotate(ctx context.Context, a *app, actor journal.Actor, check, force bool) (exchange.Binding, error) {
	unreadable := func(err error) error {
		return &exchange.Error{Code: exchange.Precondition, Reason: "UNREADABLE", Text: "the key in use stays, since the configuration names none that can be used: " + err.Error()}
	}
	cfg, err := loadConfig(n.cfg.path, a.env)
	if err != nil {
		return exchange.Binding{}, unreadable(err)
	}
	pair, err := cfg.identity()
	if err != nil {
		return exchange.Binding{}, unreadable(err)
	}
	own, err := nodeSigner(pair)
	if err != nil {
		return exchange.Binding{}, unreadable(err)
	}
	if err := n.rotateDoor(cfg, check); err != nil {
		return exchange.Binding{}, unreadable(err)
	}
	err = n.relay.Rotate(ctx, actor, exchange.Rotation{Signer: own, Check: check, Force: force, Install: func() { n.certificate.Store(&pair) }})
	return n.service.Binding(), err
}

// rotateDoor takes the gateway's own certificate anew, where it has one: programs of the
// axis know it by its name and authority, and nobody need be told.
func (n *node) rotateDoor(cfg *config, check bool) error {
	if n.door.Load() == nil || cfg.Gateway.Certificate == "" {
		return nil
	}
	pair, err := loadKeyPair(cfg.Gateway.Certificate, cfg.Gateway.Key)
	if err == nil && !check {
		n.door.Store(&pair)
	}
	return err
}

// expiryWarning is how long before its end the node's certificate is warned of, daily.
const expiryWarning = 30 * 24 * time.Hour

// rotateOnSignal rotates at each SIGHUP, and warns of a certificate that is about to end,
// until ctx ends.
func (n *node) rotateOnSignal(ctx context.Context, a *app, log *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	if len(rotateSignals) > 0 {
		signal.Notify(hangup, rotateSignals...)
		defer signal.Stop(hangup)
	}
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	n.warnCertificate(a.now(), log)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-hangup:
			_, err := n.rotate(ctx, a, journal.System, false, false)
			var known *exchange.Error
			switch {
			case errors.As(err, &known) && known.Reason == exchange.ReasonSameCertificate:
				log.Info("node: certificate: the configuration names the one in use")
			case err != nil:
				log.Error("node: certificate: refused, the one in use stays", "error", err)
			}
		}
		n.warnCertificate(a.now(), log)
	}
}

func (n *node) warnCertificate(now time.Time, log *slog.Logger) {
	b := n.service.Binding()
	left := b.Ends.Sub(now)
	switch {
	case !b.Bound:
		log.Error("node: certificate: the directory does not bind it to this node now: no neighbour lets it in", "sha256", fmt.Sprintf("%x", b.Certificate), "ends", b.Ends.UTC().Format(time.RFC3339))
	case left < expiryWarning:
		log.Warn("node: certificate: it ends soon: get another into the directory, then lienthong node rotate", "ends", b.Ends.UTC().Format(time.RFC3339), "days", int(left.Hours()/24))
	}
}
