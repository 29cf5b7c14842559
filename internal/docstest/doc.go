// Package docstest holds what the documents say against what there is: links
// lead somewhere, targets, tests and features exist, and the README's map names the
// folders of the tree. Commands are held against cmd/lienthong beside that. It says nothing about whether a sentence is true.
package docstest
