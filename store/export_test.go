package store

// Unpack is for tests: what is read of a file before a store is made of it.
var Unpack = unpack
