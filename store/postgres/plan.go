package postgres

import "lienthong/journal"

// A scanner is a row to be read.
type scanner interface{ Scan(dest ...any) error }

// A step is one statement of an operation.
type step struct {
	query string
	args  []any
	row   func(scanner) error // called with each row; nil: rows are not looked at
	check func(n int64) error // called at the end with the number of rows read or changed; nil: any will do
}

// A plan is what one operation sends, in order. No step needs the answer to an
// earlier one, so that the plans of a whole batch go in one pipeline; what the
// answers must be is said by the steps and judged when they come.
type plan struct {
	steps   []step
	records []record       // what it appends to the journal
	waiting map[string]int // how many rows it adds to the outbox of each peer
	notice  string         // what other processes are told besides that there is something new
}

// do adds a statement for its effect.
func (p *plan) do(query string, args ...any) {
	p.steps = append(p.steps, step{query: query, args: values(args)})
}

// must adds a statement that has to change a row: fails says what it means if none was.
func (p *plan) must(fails func() error, query string, args ...any) {
	p.steps = append(p.steps, step{query: query, args: values(args), check: func(n int64) error {
		if n == 0 {
			return fails()
		}
		return nil
	}})
}

// each adds a statement whose rows are read.
func (p *plan) each(row func(scanner) error, query string, args ...any) {
	p.steps = append(p.steps, step{query: query, args: values(args), row: row})
}

// count notes that rows came to, or left, the outbox of a peer.
func (p *plan) count(peer string, n int) {
	if p.waiting == nil {
		p.waiting = map[string]int{}
	}
	p.waiting[peer] += n
}

// A record is a journal entry made ready outside the writer: its bytes and its
// hash are the caller's work, and only the tree above is the writer's.
type record struct {
	agency string
	leaf   []byte
	hash   journal.Hash
}
