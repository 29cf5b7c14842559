package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	selectClassless = letterColumns + `WHERE class = '' AND cleared = 0 ORDER BY aging, envelope_id LIMIT 0+?`
	selectAged      = letterColumns + `WHERE class = ?1 AND cleared = 0 AND aging <= ?2 AND (aging, envelope_id) > (?3, ?4)
		ORDER BY aging, envelope_id LIMIT 0+?5`
	// One step of the index for each class: there are a few, of a million letters.
	selectClasses = `WITH RECURSIVE c (class) AS (SELECT min(class) FROM letter WHERE class > '' AND cleared = 0
		UNION ALL SELECT (SELECT min(l.class) FROM letter l WHERE l.class > c.class AND l.cleared = 0) FROM c WHERE c.class IS NOT NULL)
		SELECT class FROM c WHERE class IS NOT NULL`

	updateAging = `UPDATE letter SET class = ?, aging = ? WHERE envelope_id = ? AND origin_node = ? AND cleared = 0`
	clearLetter = `UPDATE letter SET cleared = ?1, erased = iif(erased = 0, ?1, erased), passing = 0, content = x'', staff = '', class = '-'` + erasable + `
		AND cleared = 0 AND NOT EXISTS (SELECT 1 FROM letter_file f JOIN level_job x ON x.base = f.digest WHERE f.letter = letter.n AND x.state = 1)`

	thisLetter = `(SELECT n FROM letter WHERE envelope_id = ?1 AND origin_node = ?2)`
	// ownFiles are the files of a letter that no letter has any more, and those that were
	// signed to make them, unless another letter has what was made of one.
	ownFiles = `(WITH RECURSIVE f (digest) AS (SELECT e.digest FROM erased_file e WHERE e.letter = ` + thisLetter + `
				AND (SELECT 1 FROM letter_file x WHERE x.digest = e.digest LIMIT 1) IS NULL
			UNION SELECT v.base FROM f JOIN evidence v ON v.file = f.digest WHERE v.base <> x''
				AND (SELECT 1 FROM letter_file x WHERE x.digest = v.base LIMIT 1) IS NULL
				AND (SELECT 1 FROM evidence o JOIN letter_file x ON x.digest = o.file WHERE o.base = v.base LIMIT 1) IS NULL)
		SELECT digest FROM f)`
)

// clearRest lets go, after its files, what was read from a letter or made of them.
var clearRest = []string{
	`DELETE FROM report WHERE digest IN (SELECT report FROM report_file WHERE file IN ` + ownFiles + `)`,
	`DELETE FROM report_file WHERE file IN ` + ownFiles,
	`DELETE FROM augmentation WHERE base IN ` + ownFiles,
	`DELETE FROM level_job WHERE base IN ` + ownFiles,
	`DELETE FROM evidence WHERE file IN ` + ownFiles, // last: it says what was made of what
	`DELETE FROM claim WHERE delivery IN (SELECT id FROM delivery WHERE envelope_id = ?1 AND origin_node = ?2)`,
	`DELETE FROM filing WHERE letter = ` + thisLetter,
	`UPDATE number SET note = '', reason = '' WHERE letter = ?1 AND EXISTS (SELECT 1 FROM letter WHERE envelope_id = ?1 AND origin_node = ?2 AND from_peer = '')`,
}

// Classless implements [exchange.RetentionStore].
func (s *Store) Classless(ctx context.Context, limit int) ([]exchange.Letter, error) {
	return s.letters(ctx, selectClassless, limit)
}

// Classes implements [exchange.RetentionStore].
func (s *Store) Classes(ctx context.Context) (out []string, err error) {
	err = s.all(ctx, selectClasses, nil, func(row scanner) error {
		var class string
		err := row.Scan(&class)
		out = append(out, class)
		return err
	})
	return out, err
}

// Aged implements [exchange.RetentionStore].
func (s *Store) Aged(ctx context.Context, class string, upTo int64, after exchange.AgedPlace, limit int) ([]exchange.Letter, error) {
	return s.letters(ctx, selectAged, class, upTo, after.Aging, after.ID[:], limit)
}

func (a *act) putAgings() error {
	for _, g := range a.Agings {
		if err := a.do(updateAging, g.Class, g.From, g.Letter.ID[:], g.Letter.Origin); err != nil {
			return err
		}
	}
	return nil
}
