package main

import "github.com/spf13/cobra"

// commands lists the commands, each of which has a file of its own.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.demoCommand(), a.serveCommand(),
		a.recallCommand(), a.updateCommand(), a.replaceCommand(), a.forwardCommand(),
		a.prepareCommand(), a.signCommand(), a.augmentCommand(), a.validateCommand(), a.inspectCommand(),
		a.sendCommand(), a.inboxCommand(), a.outboxCommand(), a.showCommand(), a.statusCommand(), a.fetchCommand(), a.fileCommand(), a.queueCommand(),
		a.journalCommand(), a.agencyCommand(), a.resolveCommand(), a.groupCommand(), a.peerCommand(), a.keyCommand(), a.userCommand(), a.certsCommand(), a.storeCommand(), a.backupCommand(), a.restoreCommand(), a.evidenceCommand(), a.edxmlCommand(),
		a.tokenCommand(), a.joinCommand(), a.nodeCommand(), a.retireCommand(), a.holdCommand(),
		a.searchCommand(), a.registerCommand(), a.numberCommand(), a.statsCommand(), a.dossierCommand(), a.apologyCommand(),
		a.crossCheckCommand(), a.judgeCommand(),
	}
}
