// Package exchange is the domain: agencies, documents, deliveries and their
// statuses, routes over the directory, the relay between nodes, and the jobs that
// validate what arrives.
//
// It knows neither protobuf nor SQL nor sockets. It declares what it needs, as
// [Store], [Blobs], [Conn] and [Courier]; packages store and client provide them.
// Clients of a node come in through [Service], peers through [Relay].
//
// The rule on which all rests: an acknowledgement is given only after everything
// that it promises is durable, and the rules of custody stand here once, in Go.
// An act reads, decides, and commits one [Change] that names the revision of every
// delivery it read; where something else was faster the store refuses with
// [ErrStale], and the act reads and decides again. So two databases cannot differ
// in what custody means.
package exchange
