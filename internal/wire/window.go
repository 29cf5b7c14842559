package wire

// What a peer may have sent and nobody has read yet, in bytes: of one call, and of one
// connection. It is what comes again after a line broke: with a window that grows with
// the line, as gRPC has it by default, 100 cuts cost a file of 4 GiB nearly 2 % more. A
// call over a line of 50 ms carries 5 MiB a second with it.
const (
	StreamWindow     = 256 << 10
	ConnectionWindow = 1 << 20
)
