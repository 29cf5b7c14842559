package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lienthong/internal/testpg"
)

// unerased keeps a read of a letter from looking for erased files of most.
const unerased = "One-Time Filter: (letter.erased <> 0)"

// planOf is the plan that the server keeps for a query, by the settings of our sessions.
func planOf(t *testing.T, conn *pgx.Conn, n int, query string) []string {
	t.Helper()
	name := fmt.Sprintf("plan_test_%d", n)
	prepared, err := conn.Prepare(t.Context(), name, query)
	if err != nil {
		t.Fatal(err)
	}
	args := strings.TrimSuffix(strings.Repeat("NULL, ", len(prepared.ParamOIDs)), ", ")
	if args != "" {
		args = "(" + args + ")"
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS off) EXECUTE "+name+args, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines[i]), "->"))
	}
	return lines
}

// Every query goes through an index by a condition on its first columns, filters
// nothing and sorts nothing but a handful of rows: the cost of a call does not grow with
// the store.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	pooled, err := s.read.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	for i, tt := range []struct {
		name, query string
		index       string   // that is searched
		but         []string // what would be wrong elsewhere
	}{
		{"letter", selectLetter, "letter_key", []string{"Sort", unerased}}, // sorts the files of one letter
		{"documents", selectDocuments, "letter_submitted", []string{"Sort", unerased}},
		{"passed through", selectPassed, "letter_passing", []string{unerased}},
		{"letters without a class", selectClassless, "letter_aging", []string{unerased}},
		{"letters by age", selectAged, "letter_aging", []string{unerased}},
		{"path", selectPath, "path_pkey", nil},
		{"deliveries", selectDeliveries, "delivery_key", nil},
		{"delivery", selectDelivery, "delivery_pkey", nil},
		{"inbox", selectInbox, "delivery_inbox", nil},
		{"letters of one number", selectSameNumber, "letter_register", visibleFilters},
		{"letters of one document", selectSameDocument, "letter_document", visibleFilters},
		{"late to acknowledge", selectUnacknowledged, "delivery_unacknowledged", []string{"Filter: (kind <> 4)"}}, // recalls that no clerk has seen: a few
		{"not fetched", selectUnfetched, "delivery_unacknowledged", nil},
		{"not fetched, counted", countUnfetched, "delivery_unacknowledged", []string{"Filter: ((kind <> 4) OR (take_back = 0))"}}, // requests to give back: a few
		{"late to answer", selectUnanswered, "delivery_unanswered", nil},
		{"thread of one recipient", selectThread, "delivery_thread", []string{"Sort", "Filter: (origin_agency_id = $2)"}}, // of one thread: a few
		{"thread", selectThreadAll, "delivery_thread", []string{"Sort", "Filter: (origin_agency_id = $2)"}},
		{"thread as it was seen", sumThread, "delivery_thread", []string{"Filter: (origin_agency_id = $2)", "Filter: ((count(*) <> $4) OR (COALESCE(sum(revision), '0'::numeric) <> $5))"}},
		{"aims", selectAims, "aim_pkey", nil},
		{"all aims", selectAllAims, "aim_pkey", []string{"Sort"}}, // at one envelope: a few
		{"active inbox", selectActive, "delivery_active", nil},
		{"incomplete", selectIncomplete, "delivery_incomplete", nil},
		{"newest filings", selectNewestFilings, "filing_agency", []string{"Filter: ((f.tokens @@ ($4)::tsquery) IS TRUE)"}},
		{"rare filings", selectRareFilings, "filing_tokens", nil},
		{"filings that were found", selectFilingsOf, "filing_pkey", []string{"Filter: ((agency_id = $2) IS TRUE)", "Sort"}}, // as many as are rare
		{"series", selectSeries, "series_pkey", nil},
		{"number", selectNumber, "number_key", nil},
		{"numbers", selectNumbers, "number_key", nil},
		{"register", selectRegister, "filing_entered", nil},
		{"a series that goes on", nextOfSeries, "series_pkey", []string{"Filter: (last = $7)"}},
		{"a number that is used", updateNumber, "number_pkey", []string{"Filter: (revision = $6)"}},
		{"an entry in the register", updateEntered, "filing_key", []string{"Filter: (number = 0)"}},
		{"a count of filings", tallyFilings, "filing_count_key", []string{"Sort"}}, // by status
		{"a count of deliveries", tallySent, "sent_count_key", []string{"Sort", "Filter: (sum(deliveries) > '0'::numeric)"}},
		{"dossiers", selectHandovers, "handover_agency", handoverFilters},
		{"late dossiers", selectLate, "handover_late", handoverFilters},
		{"one dossier", selectDossier, "handover_code", handoverFilters},
		{"one dossier that is late", selectDossierLate, "handover_code", handoverFilters},
		{"a dossier that is handed over", insertHandovers, "filing_key", []string{"Filter: (dossier <> ''::text)",
			"Join Filter: CASE WHEN (f.way = 1) THEN (d.from_peer = ''::text) ELSE ((d.id = f.id) AND (d.origin_agency_id <> f.agency_id)) END"}},
		{"a result", answerHandovers, "handover_code", []string{"Filter: (dossier <> ''::text)", "Filter: (digest = $4)", // of the letters of one dossier
			"Join Filter: CASE WHEN (f.way = 1) THEN (d.from_peer = ''::text) ELSE (d.id = f.id) END",
			"Filter: ((answered <= 0) AND (r.other = other) AND ((3 - r.way) = way))"}},
		{"a result that is none", reopenHandovers, "handover_result", []string{"Filter: (answered > 0)"}},
		{"claimed deliveries", claimDeliveries, "delivery_unacknowledged", []string{"Filter: (NOT (SubPlan 1))", "Conflict Filter: (c.until <= ((EXTRACT(epoch FROM clock_timestamp()) * '1000000'::numeric))::bigint)",
			"Filter: (until > ((EXTRACT(epoch FROM clock_timestamp()) * '1000000'::numeric))::bigint)"}},
		{"counts that are none", deleteNoFilings, "filing_count_none", nil},
		{"blank filings", selectBlank, "filing_blank", []string{"no condition"}},
		{"a filed document", fillFiling, "filing_key", []string{"Filter: (length(words) = 0)"}},
		{"a status of what came", updateReceivedState, "filing_key", []string{"Filter: (status <> $1)"}},
		{"statuses of what was sent", updateSentState, "filing_key", []string{"Join Filter: (filing.state <> s.state)", "Sort"}},
		{"expiring", selectExpiring, "delivery_expiring", nil},
		{"held", selectHeldDue, "delivery_held", nil},
		{"changes received", selectChanges, "delivery_received_changed", nil},
		{"changes sent", selectChanges, "delivery_sent_changed", nil},
		{"statements", selectStatements, "statement_key", []string{"Sort"}}, // of one delivery: a few
		{"statements to a peer", selectStatementsTo, "statement_out_peer", nil},
		{"outbox asleep", selectAsleep, "outbox_asleep", nil},
		{"outbox due", selectDue, "outbox_due", nil},
		{"outbox due, one class", selectDueOf, "outbox_due", nil},
		{"report", selectReport, "report_pkey", nil},
		{"request", selectRequest, "request_pkey", nil},
		{"requests that were answered", selectAnswered, "request_pkey", nil},
		{"upload", selectUpload, "upload_pkey", nil},
		{"signing session", selectSession, "signing_session_pkey", nil},
		{"expired signing sessions", selectExpired, "signing_session_open", nil},
		{"level jobs due", claimLevelJobs, "level_job_claimable", []string{"Filter: (state = 1)"}},
		{"level jobs", selectLevelJobs, "level_job_agency", nil},
		{"level jobs of a file", selectLevelOfFile, "level_job_base", nil},
		{"augmentations", selectAugmentations, "augmentation_base", nil},
		{"renewals due", selectRenewals, "augmentation_renew", nil},
		{"evidence", selectEvidence, "evidence_pkey", nil},
		{"key state", selectKeyState, "key_state_pkey", nil},
		{"fetched", selectFetched, "fetched_pkey", nil},
		{"old fetched", deleteOldFetched, "fetched_due", nil},
		{"queue", selectWaiting, "delivery_waiting", []string{stateFilter}},
		{"queue of a peer", selectWaitingFor, "delivery_waiting", []string{stateFilter}},
		{"under way", selectUnderway, "delivery_underway", nil},
		{"outbox row", selectOutbox, "outbox_key", nil},
		// What is counted waits: these indexes hold nothing else.
		{"waiting deliveries", countWaiting, "delivery_waiting", []string{"Sort", "no condition"}}, // sorts what waits
		{"what waits holds", sumWaiting, "delivery_waiting", []string{"Sort", "no condition"}},
		{"what is fresh holds", sumFresh, "delivery_fresh", []string{"Sort"}},
		{"what is loose", selectLoose, "possession_pkey", []string{"Filter: (since >= $1)"}},
		{"waiting statements", countStatements, "statement_out", []string{"no condition"}},
		{"waiting jobs", countJobs, "job_claimable", nil},
		{"waiting level jobs", countLevelJobs, "level_job_claimable", []string{"no condition"}},
		{"letters under way", countUnderway, "delivery_underway", []string{"no condition"}},
		{"unread letters", countUnread, "delivery_unacknowledged", []string{"no condition"}},
		{"file", selectFile, "possession_pkey", []string{"Filter: (state = 1)"}},
		{"blob", selectBlob, "blob_pkey", []string{"Filter: (state = 1)"}},
		{"stored blob", selectStored, "blob_pkey", nil},
		{"stored blobs", selectStoredAfter, "blob_pkey", nil},
		{"idle blobs", selectIdle, "blob_pkey", nil},
		{"doomed blobs", selectDoomed, "blob_doomed", nil},
		{"damaged blobs", countDamaged, "blob_damaged", []string{"no condition"}},
		{"who had it", deletePossession, "possession_digest", nil},
		{"old uploads", deleteUploads, "upload_started", nil},
		{"principal", selectPrincipal, "principal_key_pkey", []string{"Sort"}},
		{"principal by id", selectPrincipalByID, "principal_pkey", []string{"Sort"}},
		{"token by hash", selectTokenByHash, "api_token_hash_key", nil},
		{"token", selectTokenByID, "api_token_pkey", nil},
		{"group", selectGroup, "recipient_group_pkey", nil},
		{"groups", selectGroups, "recipient_group_pkey", nil},
		{"tokens", selectTokens, "api_token_pkey", nil},
		{"token grants", selectTokenGrants, "api_token_grant_pkey", []string{"Sort"}},
		{"refusals", selectRefusals, "refusal_pkey", nil},
		{"directory file", selectDirectoryFile, "directory_file_pkey", nil},
		{"leaves", selectLeaves, "journal_pkey", nil},
		{"hashes", selectHashes, "journal_pkey", nil},

		{"a request's successors", deleteOldRequests, "request_time", nil},
		{"a letter", insertLetter, "letter_key", []string{"Conflict Filter: ((letter.digest <> excluded.digest) OR (letter.erased <> 0))", "no condition"}},
		{"touched blobs", touchBlobs, "blob_pkey", []string{"Filter: ((touched < $3) AND (state = 1))"}},
		{"missing blobs", selectMissing, "blob_pkey", []string{"Filter: (b.state = 1)", "Filter: (state = 1)", "Sort"}}, // as many as were named
		{"a changed delivery", updateDelivery, "delivery_pkey", []string{"Filter: (revision = $28)"}},
		{"claimed jobs", claimJobs, "job_claimable", nil},
		{"a finished job", deleteJob, "job_pkey", nil},
		{"a settled row", deleteOutbox, "outbox_key", nil},
		{"an offered row", claimOutbox, "outbox_key", nil},
		{"a deferred row", deferOutbox, "outbox_key", nil},
		{"rows that wake", wakeOutbox, "outbox_asleep", []string{"Filter: (state = 2)"}}, // of the partial index, again
		{"a broken link", rewindOutbox, "outbox_claimed", []string{"Filter: (state = 3)"}},
		{"an act over a link", checkLink, "link_pkey", []string{"Filter: (epoch = $2)"}},
		{"a statement for a peer", queueStatement, "statement_key", nil},
		{"statements that were sent", deleteStatements, "statement_out_once", nil},
		{"ended signing sessions", deleteOldSessions, "signing_session_ended", []string{"Filter: (state > 1)"}},
		{"a changed signing session", updateSession, "signing_session_pkey", []string{"Filter: (revision = $7)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := planOf(t, pooled.Conn(), i, tt.query)
			text := strings.Join(lines, "\n")
			if !strings.Contains(text, tt.index) {
				t.Errorf("%s is not used", tt.index)
			}
			if !strings.Contains(text, "Index Cond") && !contains(tt.but, "no condition") {
				t.Error("nothing is searched for")
			}
			for _, line := range lines {
				bad := strings.HasPrefix(line, "Seq Scan") || strings.HasPrefix(line, "Sort") && !strings.HasPrefix(line, "Sort Key") ||
					strings.Contains(line, "Filter:")
				if bad && !contains(tt.but, line) {
					t.Errorf("%q", line)
				}
			}
			if t.Failed() {
				t.Log("\n" + text)
			}
		})
	}
}

// stateFilter is the condition of a partial index, again.
const stateFilter = "Filter: (state = ANY ('{1,2,5,7,10}'::integer[]))"

// visibleFilters are what is looked at of the few letters that are found: whether the one
// who asks may see them.
var visibleFilters = []string{"Filter: (((from_peer = ''::text) AND (agency_id = $1)) OR (SubPlan 1))"}

// handoverFilters are what is looked at of each dossier on the way.
var handoverFilters = []string{"Filter: (($4 = 0) OR (way = $4))", "Filter: (copy <> ALL ('{2,3}'::integer[]))",
	"Filter: ((due <= $6) AND (($4 = 0) OR (way = $4)))", "Filter: ((copy <> ALL ('{2,3}'::integer[])) AND (status <> 2) AND (copy <> 4) AND (state <> 8))",
	"Filter: ((due <= $6) AND (($4 = 0) OR (way = $4)) AND ((answered <= 0) OR (answered >= due)))"}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
