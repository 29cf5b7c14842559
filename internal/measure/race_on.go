//go:build race

package measure

// Race: the race detector is built in, and costs ours ten times what it costs the
// standard library's assembly. Nothing can be compared then.
const Race = true
