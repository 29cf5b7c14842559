// Package notation is the number and symbol of Vietnamese official documents (số, ký
// hiệu): how they are written, what a symbol says about the type of its document, and
// the marks of secrecy that must not travel (Decree 30/2020, Art. 15 and Appendices I
// and III; Party bodies write theirs by rules of their own).
//
// It reads and judges text alone. What is odd is a warning, since old registers hold
// much that is odd; what cannot be a number or a symbol is a refusal.
package notation
