// Package storetest is the one behavioural suite that every store of a node
// passes. Databases share this test and no code.
//
// It asks only what package exchange's Store promises, through that interface. How a
// database gets there (plans, settings, locks) is tested beside the database.
package storetest

import (
	"testing"

	"lienthong/exchange"
)

// An Opener opens the store that is kept in the folder dir, or makes it there.
// The suite closes it. A failure to open fails t.
type Opener func(t testing.TB, dir string) exchange.Store

// Run runs the suite. It must be called from a test function and not from a
// subtest: the crash test runs this function again in a child process.
func Run(t *testing.T, open Opener) {
	if childOf(t, open) {
		return
	}
	for _, tt := range suite {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(newWorld(t, open))
		})
	}
}

// suite is what every store does.
var suite = []struct {
	name string
	test func(*world)
}{
	{"a new store has an incarnation that stays", testIncarnation},
	{"a letter comes back as it was put", testLetter},
	{"a letter is stored once, and never with another digest", testLetterOnce},
	{"unicode, big numbers and early times come back", testExtremes},
	{"a letter needs its files", testLetterNeedsFiles},
	{"documents are paged newest first, and only those submitted here", testDocuments},
	{"a path is stored once by its tip", testPath},
	{"a delivery is put at the revision that was read", testDeliveryRevisions},
	{"deliveries of a letter are ordered by recipient", testDeliveries},
	{"the inbox is paged newest first while letters arrive", testInbox},
	{"letters of one number or document are found by those who may see them", testNamesakes},
	{"what is late to be acknowledged is paged by arrival", testUnacknowledged},
	{"what is late to be answered is paged by its date", testUnanswered},
	{"a thread is listed by recipient and version, and stays as it was seen", testThread},
	{"recalls and their targets see one another", testAims},
	{"a tombstone goes if its target never came", testTombstones},
	{"copies that are frozen or superseded are not active", testCopies},
	{"a change stores several letters", testAlso},
	{"changes are never cut within one", testChanges},
	{"whoever follows the changes misses none", testFollow},
	{"any text comes back, bytes that are none included", testAnyText},
	{"deadlines and holds are found when they are due", testDeadlines},
	{"the outbox goes by class, then by arrival", testOutboxOrder},
	{"an outbox row sleeps, is claimed, deferred and rewound", testOutboxStates},
	{"the outbox has one row for a delivery", testOutboxReplaced},
	{"the store of a peer is remembered, and what went to and from it is paged", testPeers},
	{"heads of journals are kept with what others say of them", testCheckpoints},
	{"only what was decided over the newest link is written", testLinks},
	{"what a clock that ran ahead has put off is due", testClock},
	{"a statement is stored once, and may gain a proof", testStatements},
	{"statements wait until the peer has stored them", testStatementsOut},
	{"a job is leased, and again when the lease ends", testJobs},
	{"a request id is answered once", testRequests},
	{"uploads are started once and completed", testUploads},
	{"files belong to holders", testFiles},
	{"a missing blob refuses the change and names all", testMissing},
	{"what nothing keeps is idle, and nothing else", testIdle},
	{"a doomed blob is missing, and never revived", testDoomed},
	{"what was put before a sweep gets no row after", testFence},
	{"a damaged blob is missing until it comes anew", testDamage},
	{"of a letter and a sweeper one wins", testSweepRace},
	{"an erased letter keeps its digests, and nothing of it waits", testErase},
	{"letters are erased together or not at all", testEraseTogether},
	{"letters that pass through are found when their days are over", testPassing},
	{"the text of a letter goes, and what proves its way stays", testClear},
	{"what is made of a file stays while another letter has it", testClearShared},
	{"what was signed on the way to a file goes with it", testClearBase},
	{"letters are found by class and age", testAged},
	{"what is held is not erased", testHolds},
	{"a hold keeps what it names alone", testHoldOthers},
	{"reports are kept by digest", testReports},
	{"a signing session ends once, and is kept for a while", testSessions},
	{"a race for one signing session has one winner", testSessionRace},
	{"a level job is leased, tried again and ended", testLevelJobs},
	{"level jobs are paged newest first, and belong to agencies", testLevelJobPages},
	{"augmented files are linked to their base, and renewed once", testAugmentations},
	{"evidence is kept once, with its blobs", testEvidence},
	{"a key is suspended at the revision that was read", testKeyStates},
	{"what was fetched is replaced, and forgotten long after", testFetched},
	{"what waits is counted, and what has ended is not", testBacklog},
	{"what is held is added up by who gave it, whose it is and where it goes", testHoldings},
	{"what peers gave is loose until it is of a letter", testLoose},
	{"what was refused for space is due again at once", testWakeRefused},
	{"what is under way is paged by state, peer and age", testUnderway},
	{"commits and what was in them are counted", testWritten},
	{"what is filed is found by its words, the newest first", testFilings},
	{"a series goes on from where it was read", testSeries},
	{"numbers are nobody else's, and change once", testNumbers},
	{"a race for numbers gives each to one, and leaves none out", testNumberRace},
	{"registers are read in their order", testRegister},
	{"what is counted is what every row says", testTallies},
	{"a group has the members that were put last", testGroups},
	{"what was handed over is open until its result is here", testHandovers},
	{"a claim is one consumer's until its lease ends", testClaims},
	{"a race for deliveries gives each to one consumer", testClaimRace},
	{"what was filed without words gets them once", testBlankFilings},
	{"principals are found by any of their keys", testPrincipals},
	{"principals are found by id, with or without a key", testPrincipalByID},
	{"a token is found by its hash, and revoked once", testTokens},
	{"an invitation is used once", testInvitations},
	{"refusals are counted, and the oldest go", testRefusals},
	{"files of a directory are replaced by newer ones only", testDirectory},
	{"a change without entries is refused", testNoEntries},
	{"a change that fails leaves nothing", testAllOrNothing},
	{"leaves and hashes are those of the tree", testJournal},
	{"one failing change does not undo its neighbours", testNeighbours},
	{"64 writers and as many readers agree", testConcurrent},
	{"the end of a node is decided once, and taken back", testRetirement},
	{"what a node has still to do is counted", testRemains},
	{"a race for one delivery has one winner", testRace},
	{"a cancelled context leaves nothing or all", testCancelled},
	{"everything is there after a restart", testReopen},
	{"a closed store refuses", testClosed},
	{"a killed process loses nothing that it acknowledged", testCrash},
}
