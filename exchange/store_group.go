package exchange

import "context"

// A GroupStore is the part of a [Store] that knows the groups of recipients of agencies.
type GroupStore interface {
	// Group finds a group of an agency (id) by its key. ErrNotFound.
	Group(ctx context.Context, agency, key string) (Group, error)
	// Groups lists the groups of an agency (id) by key, after one (empty: from the first).
	Groups(ctx context.Context, agency, after string, limit int) ([]Group, error)
}

// A Group is a list of recipients to which an agency gave a name (nhóm nơi nhận).
type Group struct {
	Agency   string   // id; whose it is
	Key      string   // the name as it is looked for, see [groupKey]
	Name     string   // as it was written
	Members  []string // ids of agencies, in the order in which they were named
	By       string   // staff member, or principal
	Changed  int64
	Revision uint64
}
