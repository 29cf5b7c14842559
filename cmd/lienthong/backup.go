package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"lienthong/store"
)

func (a *app) backupCommand() *cobra.Command {
	var path, to string
	c := &cobra.Command{
		Use:   "backup --config FILE --to FOLDER",
		Short: "Copy all that a node keeps, while it runs (sao lưu)",
		Long: `Copy all that a node keeps into a new folder: its rows as they are at one moment, and
every file that they name. The node may run, and goes on. Before the folder appears, the
journal in it is hashed again, and every file is read again. Keep the folder on another
machine; the node's keys and its configuration are not in it.
Exit status 1: the backup was made, and the store lacked something, which is listed.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.nodeConfig(c, path, "to", to)
			if err != nil {
				return err
			}
			return a.backup(c.Context(), cfg, to)
		},
	}
	c.Flags().StringVar(&path, "config", "", "the node's YAML file")
	c.Flags().StringVar(&to, "to", "", "folder to make")
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	var path, from string
	var losses bool
	c := &cobra.Command{
		Use:   "restore --config FILE --from FOLDER",
		Short: "Make the store of a node from a backup, in an empty place (khôi phục)",
		Long: `Make the store that the configuration names from a backup. Nothing is overwritten: move
what is there away first. The restored node is another incarnation: when it serves again,
its neighbours offer again what it may have forgotten, and send their statements again.
What was submitted to it after the backup and had not left it is lost.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.nodeConfig(c, path, "from", from)
			if err != nil {
				return err
			}
			return a.restore(c.Context(), cfg, from, losses)
		},
	}
	c.Flags().StringVar(&path, "config", "", "the node's YAML file")
	c.Flags().StringVar(&from, "from", "", "folder that lienthong backup has made")
	c.Flags().BoolVar(&losses, "with-losses", false, "go on although the backup lacks files")
	return c
}

// nodeConfig reads the configuration of a command that works on a node's store.
func (a *app) nodeConfig(c *cobra.Command, path, flag, value string) (*config, error) {
	for name, v := range map[string]string{"config": path, flag: value} {
		if v == "" {
			return nil, fail(exitUsage, errors.New("flag --"+name+" is required"), c.CommandPath()+" -h")
		}
	}
	return loadConfig(path, a.env)
}

func (a *app) backup(ctx context.Context, cfg *config, to string) error {
	b, err := store.MakeBackup(ctx, cfg.Store, to, cfg.Node, a.now())
	if err != nil {
		return fail(exitUndecided, err)
	}
	if a.json {
		if err := a.printJSON(b); err != nil {
			return err
		}
	} else {
		a.printf(a.t("%s: %d journal entries up to %s, root %s\n%d files\n", "%s: %d mục nhật ký đến %s, gốc %s\n%d tệp\n"),
			to, b.Leaves, vnMicro(b.Until.UnixMicro()), b.Root, b.Files)
		for _, p := range b.Problems {
			a.printf("  ✗ %s\n", p)
		}
	}
	if len(b.Problems) > 0 {
		return quiet(exitNo)
	}
	return nil
}

func (a *app) restore(ctx context.Context, cfg *config, from string, losses bool) error {
	report, err := store.Restore(ctx, from, cfg.Store, cfg.Node, a.now(), losses)
	if err != nil {
		return fail(exitUndecided, err)
	}
	return a.printStore(report)
}
