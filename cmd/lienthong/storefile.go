package main

import (
	"github.com/spf13/cobra"

	"lienthong/store"
)

func (a *app) storeExportCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "export URL --to FILE",
		Short: "Write a whole store into one file: rows, files, and the journal with its root",
		Long: `Write a whole store, of any kind, into one file (a tar): its rows as they are at one moment,
every file that they name, and checksums. The node may run. While it works, it needs as much
space again beside FILE. To move a node, stop it first: what it takes later is not in FILE.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if to == "" {
				return failf(exitUsage, "flag --to is required: the file to make")
			}
			b, err := store.ExportFile(c.Context(), in[0], to, a.now())
			if err != nil {
				return fail(exitUndecided, err)
			}
			if a.json {
				return a.printJSON(b)
			}
			a.printf(a.t("%s: %d journal entries, root %s, %d files\n", "%s: %d mục nhật ký, gốc %s, %d tệp\n"), to, b.Leaves, b.Root, b.Files)
			return nil
		},
	}
	c.Flags().StringVar(&to, "to", "", "file to make")
	return c
}

func (a *app) storeImportCommand() *cobra.Command {
	var from string
	c := &cobra.Command{
		Use:   "import URL --from FILE",
		Short: "Make a new store, of any kind, from a file of store export",
		Long: `Make a new store, of any kind, from a file of "store export". FILE is read and checked
whole before anything is made of it; one that was cut off or altered is refused. The new
store is the same one: use one of the two from then on, and after a loss "restore".`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if from == "" {
				return failf(exitUsage, "flag --from is required: a file of store export")
			}
			report, err := store.ImportFile(c.Context(), from, in[0])
			if err != nil {
				return fail(exitUndecided, err)
			}
			return a.printStore(report)
		},
	}
	c.Flags().StringVar(&from, "from", "", "file that store export has made")
	return c
}
