// Package axis is what messages of the national document axis mean to the exchange: a
// message that comes in becomes an act of exchange.Service, in the name of who brought it,
// and a letter or a status goes out as a message. A letter that came as a message takes it
// along, so that its receiver gets every byte that the sender wrote.
//
// It asks nobody who they are: that is for the doors, the HTTP calls of the axis (package
// gateway) and gRPC (package server). How messages are written is package exchange/edxml,
// and what may be done is package exchange.
package axis
