package sqlite

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every query goes through an index, and sorts nothing but a handful of rows: the
// cost of a call does not grow with the store.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	for _, tt := range []struct {
		name, query string
		args        int
		want        []string // the lines of the plan
	}{
		{"letter", selectLetter, 2, []string{"SEARCH letter USING INDEX sqlite_autoindex_letter_1 (envelope_id=? AND origin_node=?)"}},
		{"documents", selectDocuments, 3, []string{"SEARCH letter USING INDEX letter_submitted (agency_id=? AND envelope_id<?)"}},
		{"letter files", selectLetterFiles, 1, []string{"SEARCH letter_file USING PRIMARY KEY (letter=?)"}},
		{"erased files", selectErasedFiles, 1, []string{"SEARCH erased_file USING PRIMARY KEY (letter=?)"}},
		{"passed through", selectPassed, 2, []string{"SEARCH letter USING INDEX letter_passing (passing>? AND passing<?)"}},
		{"letters without a class", selectClassless, 1, []string{"SEARCH letter USING INDEX letter_aging (class=?)"}},
		{"letters by age", selectAged, 5, []string{"SEARCH letter USING INDEX letter_aging (class=? AND (aging,envelope_id)>(?,?) AND aging<?)"}},
		{"path", selectPath, 1, []string{"SEARCH path USING INDEX sqlite_autoindex_path_1 (tip=?)"}},
		{"deliveries", selectDeliveries, 2, []string{"SEARCH delivery USING INDEX sqlite_autoindex_delivery_2 (envelope_id=? AND origin_node=?)"}},
		{"delivery", selectDelivery, 1, []string{"SEARCH delivery USING PRIMARY KEY (id=?)"}},
		{"inbox", selectInbox, 3, []string{"SEARCH delivery USING INDEX delivery_inbox (agency_id=? AND id<?)"}},
		{"letters of one number", selectSameNumber, 5, []string{"SEARCH l USING INDEX letter_register (agency_id=? AND register=? AND received<?)",
			"CORRELATED SCALAR SUBQUERY 1", "SEARCH d USING INDEX sqlite_autoindex_delivery_2 (envelope_id=? AND origin_node=? AND agency_id=?)"}},
		{"letters of one document", selectSameDocument, 4, []string{"SEARCH l USING INDEX letter_document (document=? AND received<?)",
			"CORRELATED SCALAR SUBQUERY 1", "SEARCH d USING INDEX sqlite_autoindex_delivery_2 (envelope_id=? AND origin_node=? AND agency_id=?)"}},
		{"late to acknowledge", selectUnacknowledged, 6, []string{"SEARCH delivery USING INDEX delivery_unacknowledged (agency_id=? AND urgency=? AND (arrived,id)>(?,?) AND arrived<?)"}},
		{"not fetched", selectUnfetched, 3, []string{"SEARCH delivery USING INDEX delivery_unacknowledged (agency_id=? AND urgency=?)"}},
		{"not fetched, counted", countUnfetched, 1, []string{"SEARCH delivery USING INDEX delivery_unacknowledged (agency_id=?)"}},
		{"late to answer", selectUnanswered, 5, []string{"SEARCH delivery USING INDEX delivery_unanswered (agency_id=? AND (answer_by,id)>(?,?) AND answer_by<?)"}},
		{"thread of one recipient", selectThread, 3, []string{"SEARCH delivery USING INDEX delivery_thread (thread=? AND agency_id=?)"}},
		{"thread", selectThreadAll, 2, []string{"SEARCH delivery USING INDEX delivery_thread (thread=?)"}},
		{"thread as it was seen", sumThread, 3, []string{"SEARCH delivery USING INDEX delivery_thread (thread=? AND agency_id=?)"}},
		{"aims", selectAims, 2, []string{"SEARCH aim USING PRIMARY KEY (target=? AND agency_id=?)"}},
		{"all aims", selectAllAims, 1, []string{"SEARCH aim USING PRIMARY KEY (target=?)"}},
		{"count of aims", countAims, 1, []string{"SEARCH aim USING PRIMARY KEY (target=?)"}},
		{"active inbox", selectActive, 3, []string{"SEARCH delivery USING INDEX delivery_active (agency_id=? AND id<?)"}},
		{"tombstones", selectTombstones, 2, []string{"SEARCH aim USING INDEX aim_expires (expires>? AND expires<?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH s USING COVERING INDEX sqlite_autoindex_statement_1 (envelope_digest=? AND agency_id=?)"}},
		{"incomplete", selectIncomplete, 2, []string{"SEARCH delivery USING INDEX delivery_incomplete (arrived<?)"}},
		{"filings by words", selectFilings, 4, []string{"SCAN w VIRTUAL TABLE INDEX 192:M1<", "SEARCH f USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH l USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"newest filings", selectNewestFilings, 3, []string{"SEARCH f USING INDEX filing_agency (agency_id=? AND n<?)", "SEARCH l USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"series", selectSeries, 3, []string{"SEARCH series USING PRIMARY KEY (agency_id=? AND way=? AND year=?)"}},
		{"number", selectNumber, 5, []string{"SEARCH number USING INDEX sqlite_autoindex_number_2 (agency_id=? AND way=? AND year=? AND series=? AND number=?)"}},
		{"numbers", selectNumbers, 6, []string{"SEARCH number USING INDEX sqlite_autoindex_number_2 (agency_id=? AND way=? AND year=? AND series=? AND number>?)"}},
		{"register", selectRegister, 6, []string{"SEARCH f USING INDEX filing_entered (agency_id=? AND way=? AND entered>? AND entered<?)", "SEARCH l USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"a count of filings", tallyFilings, 5, []string{"SEARCH filing_count USING PRIMARY KEY (agency_id=? AND way=? AND day>? AND day<?)", "USE TEMP B-TREE FOR GROUP BY"}},
		{"a count of deliveries", tallySent, 3, []string{"SEARCH sent_count USING PRIMARY KEY (agency_id=? AND day>? AND day<?)", "USE TEMP B-TREE FOR GROUP BY"}},
		{"dossiers", selectHandovers, 5, []string{"SEARCH h USING INDEX handover_agency (agency_id=? AND (at,delivery)<(?,?))", "SEARCH d USING PRIMARY KEY (id=?)"}},
		{"late dossiers", selectLate, 6, []string{"SEARCH h USING INDEX handover_late (agency_id=? AND (at,delivery)<(?,?))", "SEARCH d USING PRIMARY KEY (id=?)"}},
		{"one dossier", selectDossier, 6, []string{"SEARCH h USING INDEX handover_code (agency_id=? AND code=? AND (at,delivery)<(?,?))", "SEARCH d USING PRIMARY KEY (id=?)"}},
		{"one dossier that is late", selectDossierLate, 7, []string{"SEARCH h USING INDEX handover_code (agency_id=? AND code=? AND (at,delivery)<(?,?))", "SEARCH d USING PRIMARY KEY (id=?)"}},
		{"claimable deliveries", selectClaimable, 4, []string{"SEARCH d USING INDEX delivery_unacknowledged (agency_id=? AND urgency=?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH c USING PRIMARY KEY (delivery=?)"}},
		{"blank filings", selectBlankFilings, 1, []string{"SCAN f USING INDEX filing_blank", "SEARCH l USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"expiring", selectExpiring, 2, []string{"SEARCH delivery USING INDEX delivery_expiring (expires_at<?)"}},
		{"held", selectHeldDue, 2, []string{"SEARCH delivery USING INDEX delivery_held (held_until<?)"}},
		{"changes", selectChanges, 4, []string{"COMPOUND QUERY",
			"LEFT-MOST SUBQUERY", "CO-ROUTINE (subquery-1)", "SEARCH delivery USING INDEX delivery_received_changed (agency_id=? AND changed>? AND changed<?)", "SCAN (subquery-1)",
			"UNION ALL", "CO-ROUTINE (subquery-3)", "SEARCH delivery USING INDEX delivery_sent_changed (origin_agency_id=? AND changed>? AND changed<?)", "SCAN (subquery-3)"}},
		// The statements of one delivery are a few: these may be sorted.
		{"statements", selectStatements, 2, []string{"SEARCH s USING INDEX sqlite_autoindex_statement_1 (envelope_digest=? AND agency_id=?)", "USE TEMP B-TREE FOR ORDER BY"}},
		{"statements to a peer", selectStatementsTo, 3, []string{"SEARCH o USING INDEX statement_out_peer (peer=? AND seq>?)", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"outbox asleep", selectAsleep, 2, []string{"SEARCH outbox USING COVERING INDEX outbox_asleep (peer=? AND due_at<?)"}},
		{"outbox due", selectDue, 2, []string{"SEARCH outbox USING INDEX outbox_due (peer=?)"}},
		{"outbox due, one class", selectDueOf, 3, []string{"SEARCH outbox USING INDEX outbox_due (peer=? AND class=?)"}},
		{"outbox peers", selectPeers, 0, []string{"SCAN outbox_peer"}},
		{"jobs", selectJobs, 2, []string{"SEARCH job USING INDEX job_claimable (claimable_at<?)"}},
		{"report", selectReport, 1, []string{"SEARCH report USING INDEX sqlite_autoindex_report_1 (digest=?)"}},
		{"requests that were answered", selectAnswered, 3, []string{"SEARCH request USING PRIMARY KEY (principal=? AND method=? AND id=?)", "LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:"}},
		{"request", selectRequest, 3, []string{"SEARCH request USING PRIMARY KEY (principal=? AND method=? AND id=?)"}},
		{"old requests", selectOldRequests, 1, []string{"SEARCH request USING COVERING INDEX request_time (time<?)"}},
		{"upload", selectUpload, 1, []string{"SEARCH upload USING PRIMARY KEY (id=?)"}},
		{"signing session", selectSession, 1, []string{"SEARCH signing_session USING INDEX sqlite_autoindex_signing_session_1 (id=?)"}},
		{"expired signing sessions", selectExpired, 2, []string{"SEARCH signing_session USING INDEX signing_session_open (expires<?)"}},
		{"old signing sessions", selectOldSessions, 1, []string{"SEARCH signing_session USING INDEX signing_session_ended (expires<?)"}},
		{"level jobs due", selectLevelDue, 2, []string{"SEARCH level_job USING INDEX level_job_claimable (claimable_at<?)"}},
		{"level jobs", selectLevelJobs, 3, []string{"SEARCH level_job USING INDEX level_job_agency (agency_id=? AND id<?)"}},
		{"level jobs of a file", selectLevelOfFile, 2, []string{"SEARCH level_job USING INDEX level_job_base (agency_id=? AND base=?)"}},
		{"augmentations", selectAugmentations, 2, []string{"SEARCH augmentation USING INDEX augmentation_base (agency_id=? AND base=?)"}},
		{"renewals due", selectRenewals, 2, []string{"SEARCH augmentation USING INDEX augmentation_renew (renew_at>? AND renew_at<?)"}},
		{"evidence", selectEvidence, 2, []string{"SEARCH evidence USING PRIMARY KEY (file=? AND agency_id=?)"}},
		{"key state", selectKeyState, 1, []string{"SEARCH key_state USING PRIMARY KEY (key=?)"}},
		{"fetched", selectFetched, 1, []string{"SEARCH fetched USING INDEX sqlite_autoindex_fetched_1 (key=?)"}},
		{"old fetched", selectOldFetched, 1, []string{"SEARCH fetched USING INDEX fetched_due (due<?)"}},
		{"queue", selectWaiting, 5, []string{"SEARCH delivery USING INDEX delivery_waiting (state=? AND (peer,created,id)>(?,?,?))"}},
		{"queue of a peer", selectWaitingFor, 5, []string{"SEARCH delivery USING INDEX delivery_waiting (state=? AND peer=? AND (created,id)>(?,?))"}},
		{"under way", selectUnderway, 5, []string{"SEARCH delivery USING INDEX delivery_underway (urgency=? AND (created,id)>(?,?) AND created<?)"}},
		{"outbox row", selectOutbox, 3, []string{"SEARCH outbox USING INDEX sqlite_autoindex_outbox_1 (envelope_id=? AND origin_node=? AND recipient=?)"}},
		// What is counted waits: these indexes hold nothing else.
		{"waiting deliveries", countWaiting, 0, []string{"SEARCH delivery USING COVERING INDEX delivery_waiting (state=?)"}},
		{"what waits holds", sumWaiting, 0, []string{"SEARCH delivery USING COVERING INDEX delivery_waiting (state=?)", "USE TEMP B-TREE FOR GROUP BY"}},
		{"what is fresh holds", sumFresh, 1, []string{"SEARCH delivery USING COVERING INDEX delivery_fresh (created>?)", "USE TEMP B-TREE FOR GROUP BY"}},
		{"refused rows that wake", wakeRefused, 4, []string{"SEARCH outbox USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 2",
			"SEARCH o USING INDEX outbox_asleep (peer=? AND due_at<?)", "SEARCH d USING INDEX sqlite_autoindex_delivery_2 (envelope_id=? AND origin_node=? AND agency_id=?)", "LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:", "CREATE BLOOM FILTER"}},
		{"what is loose", selectLoose, 1, []string{"SEARCH p USING PRIMARY KEY (agency_id>? AND agency_id<?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH x USING COVERING INDEX letter_file_digest (digest=?)"}},
		{"waiting statements", countStatements, 0, []string{"SCAN statement_out USING COVERING INDEX statement_out_peer"}},
		{"waiting jobs", countJobs, 1, []string{"SEARCH job USING COVERING INDEX job_claimable (claimable_at<?)"}},
		{"waiting level jobs", countLevelJobs, 0, []string{"SCAN level_job USING INDEX level_job_claimable"}},
		{"the end of the node", selectRetirement, 0, []string{"SEARCH retirement USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"letters under way", countUnderway, 0, []string{"SCAN delivery USING INDEX delivery_underway"}},
		{"unread letters", countUnread, 0, []string{"SCAN delivery USING INDEX delivery_unacknowledged"}},
		{"file", selectFile, 2, []string{"SEARCH b USING PRIMARY KEY (digest=?)", "SEARCH p USING PRIMARY KEY (agency_id=? AND digest=?)"}},
		{"blob", selectBlob, 1, []string{"SEARCH blob USING PRIMARY KEY (digest=?)"}},
		{"stored blob", selectStored, 1, []string{"SEARCH blob USING PRIMARY KEY (digest=?)"}},
		{"stored blobs", selectStoredAfter, 2, []string{"SEARCH blob USING PRIMARY KEY (digest>?)"}},
		{"doomed blobs", selectDoomed, 2, []string{"SEARCH blob USING INDEX blob_doomed (touched<?)"}},
		{"damaged blobs", countDamaged, 0, []string{"SCAN blob USING COVERING INDEX blob_damaged"}}, // which holds nothing else
		{"principal", selectPrincipal, 1, []string{"SEARCH k USING PRIMARY KEY (key=?)", "SEARCH p USING PRIMARY KEY (id=?)"}},
		{"principals", selectPrincipals, 0, []string{"SCAN principal"}}, // all of them are wanted
		{"keys", selectKeys, 1, []string{"SEARCH principal_key USING COVERING INDEX principal_key_principal (principal=?)"}},
		{"grants", selectGrants, 1, []string{"SEARCH principal_grant USING PRIMARY KEY (principal=?)"}},
		{"principal by id", selectPrincipalByID, 1, []string{"SEARCH principal USING PRIMARY KEY (id=?)"}},
		{"token by hash", selectTokenByHash, 1, []string{"SEARCH api_token USING INDEX sqlite_autoindex_api_token_2 (hash=?)"}},
		{"token", selectTokenByID, 1, []string{"SEARCH api_token USING PRIMARY KEY (id=?)"}},
		{"invitation by hash", selectInvitationByHash, 1, []string{"SEARCH invitation USING INDEX sqlite_autoindex_invitation_2 (hash=?)"}},
		{"invitation", selectInvitationByID, 1, []string{"SEARCH invitation USING PRIMARY KEY (id=?)"}},
		{"invitations", selectInvitations, 2, []string{"SEARCH invitation USING PRIMARY KEY (id<?)"}},
		{"group", selectGroup, 2, []string{"SEARCH recipient_group USING PRIMARY KEY (agency_id=? AND key=?)"}},
		{"groups", selectGroups, 3, []string{"SEARCH recipient_group USING PRIMARY KEY (agency_id=? AND key>?)"}},
		{"tokens", selectTokens, 2, []string{"SEARCH api_token USING PRIMARY KEY (id<?)"}},
		{"token grants", selectTokenGrants, 1, []string{"SEARCH api_token_grant USING PRIMARY KEY (token=?)"}},
		{"refusals", selectRefusals, 5, []string{"SEARCH refusal USING PRIMARY KEY ((minute,principal,method,reason)<(?,?,?,?))"}},
		{"directory", selectDirectoryRows, 0, []string{"SCAN directory_file", "USE TEMP B-TREE FOR ORDER BY"}}, // all of them are wanted
		{"directory file", selectDirectoryFile, 3, []string{"SEARCH directory_file USING INDEX sqlite_autoindex_directory_file_1 (zone=? AND kind=? AND epoch=?)"}},
		{"directory epoch", selectDirectoryEpoch, 3, []string{"SEARCH directory_file USING COVERING INDEX sqlite_autoindex_directory_file_1 (zone=? AND kind=?)"}},
		{"leaves", selectLeaves, 2, []string{"SEARCH journal USING INTEGER PRIMARY KEY (rowid>?)"}},
		{"hash", selectHash, 2, []string{"SEARCH journal USING INTEGER PRIMARY KEY (rowid=?)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+tt.query, make([]any, tt.args)...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var got []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				got = append(got, detail)
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("plan:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// The statements that the writer runs for each letter search, too.
func TestWritePlans(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	for _, query := range []string{
		`UPDATE delivery SET state = 1 WHERE id = ? AND revision = ?`,
		`DELETE FROM outbox WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`,
		`UPDATE outbox SET state = 3 WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`,
		`UPDATE outbox SET state = 1 WHERE peer = ? AND state = 3`,
		updateAsleep,
		insertHandovers, answerHandovers, reopenHandovers,
		doomBlob, selectIdle, deletePossession,
		`DELETE FROM statement_out WHERE peer = ? AND digest = ?`,
		`DELETE FROM job WHERE envelope_id = ? AND origin_node = ? AND agency_id = ?`,
		`UPDATE blob SET touched = ?1 WHERE digest = ?2 AND state = 1 AND touched < ?1 - ?3`,
	} {
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, nil, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s\n%s", query, detail)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// No statement is planned anew at each call: what Store.statement says.
func TestLimits(t *testing.T) {
	t.Parallel()
	bare := regexp.MustCompile(`(LIMIT|OFFSET)\s*[+(-]*[?]`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(source), "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") && bare.MatchString(line) {
				t.Errorf("%s:%d: a limit that is a bare parameter: write 0+?\n%s", name, i+1, line)
			}
		}
	}
}

// BenchmarkLimit is a query whose limit is a parameter, as it is asked here and bare.
func BenchmarkLimit(b *testing.B) {
	s := open(b, b.TempDir()).(*Store)
	defer s.Close()
	for name, query := range map[string]string{"ours": selectSameNumber, "bare": strings.Replace(selectSameNumber, "0+?", "?", 1)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := s.all(b.Context(), query, []any{"a", "a", make([]byte, 32), 5, 3}, func(scanner) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
