package exchange

import "context"

// A ClockStore is the part of a [Store] that outlives a clock which ran ahead and was set
// right: what was to wait a little by the wrong clock would wait as much longer as it was
// wrong.
type ClockStore interface {
	// Hasten makes due what waits for a time that no right clock can have meant: letters that
	// a peer refused for now until after far, and first validations until after now. Letters
	// that are to be sent later wait. It takes no entries, and may read whole tables: a
	// process asks when it starts, and when its clock was set back.
	Hasten(ctx context.Context, now, far int64) error
}
