// Package docstest holds what the documents say against what there is: links
// lead somewhere, commands and targets exist, and the README's map names the
// folders of the tree. It says nothing about whether a sentence is true.
package docstest
