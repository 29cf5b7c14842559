// Package edxml reads and writes the messages of Vietnam's national document axis
// (edXML, QCVN 102:2016/BTTTT): documents with their attachments, and statuses.
//
// A [Message] holds every byte that came: writing it again gives the same bytes,
// so that what came as edXML and goes on as edXML loses nothing. [Document] and
// [Status] are what the message says, in fields; what has no field, an extension
// or the Signature element, is kept as [Extra] and written again where it stood.
//
// The package takes what senders really send: elements in any order, with a
// prefix, with a default namespace, with none, with names as they are misspelled.
// It refuses by name what could harm: document types and entities, depth, counts
// and sizes over [Limits], archives that swell, base64 that is damaged, files that
// went through a text string on their way.
//
// It does not judge signatures: the Signature element of the samples covers
// nothing that can be checked, and is never called valid. It does not send
// anything, knows no SQL, no protobuf, no disk and no clock. What a letter means
// is package exchange; the folder of an import is the command's.
package edxml
