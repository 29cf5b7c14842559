package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/user"

	"lienthong/exchange"
	"lienthong/journal"
)

// withNode opens a node that is not running, for what its operator does to it.
func (a *app) withNode(ctx context.Context, path string, do func(*node) error) (err error) {
	if path == "" {
		return fail(exitUsage, errors.New("no configuration"), "name the node's: --config FILE")
	}
	cfg, err := loadConfig(path, a.env)
	if err != nil {
		return err
	}
	n, err := a.openNode(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	return do(n)
}

// userAddOffline is "user add" for a node that is not running: the first administrator is
// made so. Another process of the node may serve beside it where they share a database.
func (a *app) userAddOffline(ctx context.Context, id string, f userFlags) error {
	return a.withNode(ctx, f.config, func(n *node) error {
		keys, err := publicKeys(f.certs)
		if err != nil {
			return err
		}
		held, err := grants(f.grants, n.service.Directory())
		if err != nil {
			return err
		}
		p, err := n.service.ChangePrincipal(ctx, operator(), id, true, func(p *exchange.Principal) error {
			p.Disabled = f.disable
			if f.name != "" {
				p.Name = f.name
			}
			if len(keys) > 0 {
				p.Keys = keys
			}
			if len(held) > 0 {
				p.Grants = held
			}
			if len(p.Keys) == 0 {
				return fail(exitUsage, fmt.Errorf("user %q has no certificate", id), "--cert FILE")
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.printUserOffline(p, n.service.Directory())
	})
}

func grants(texts []string, dir *exchange.Directory) ([]exchange.Grant, error) {
	var out []exchange.Grant
	for _, text := range texts {
		role, agency := splitGrant(text)
		g, err := dir.GrantFor(role, agency)
		if err != nil {
			return nil, fail(exitUsage, fmt.Errorf("--grant %q: %w", text, err), "lienthong agency list")
		}
		out = append(out, g)
	}
	return out, nil
}

// operator is who acts at the node itself, by the name of the operating system.
func operator() journal.Actor {
	a := journal.Actor{Principal: "operator"}
	if u, err := user.Current(); err == nil {
		a.Staff = u.Username
	}
	return a
}

func (a *app) userListOffline(ctx context.Context, config string) error {
	return a.withNode(ctx, config, func(n *node) error {
		list, err := n.service.Principals(ctx)
		if err != nil {
			return err
		}
		t := a.userTable()
		defer t.end()
		for _, p := range list {
			if t != nil {
				t.addUser(p.ID, p.Name, p.Disabled, a.grantsHeld(p, n.service.Directory()))
				continue
			}
			if err := a.printUserOffline(p, n.service.Directory()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *app) printUserOffline(p exchange.Principal, dir *exchange.Directory) error {
	return a.printUser(p.ID, p.Name, p.Disabled, a.grantsHeld(p, dir))
}

func (a *app) grantsHeld(p exchange.Principal, dir *exchange.Directory) (held []string) {
	for _, g := range p.Grants {
		text := string(g.Role)
		if agency, ok := dir.Agency(g.Agency); ok {
			text += ":" + exchange.CodeAt(agency, a.now())
		}
		held = append(held, text)
	}
	return held
}
