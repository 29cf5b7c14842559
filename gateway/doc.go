// Package gateway is the door for programs that speak the HTTP calls of the national
// document axis (VXP, SDK 2.0.1): a document-management system that sends and fetches
// edXML messages there does it here by changing one address.
//
// It is HTTPS with answers in JSON, whose ErrorCode is "0" where all is well; docs/gateway.md
// has the calls and codes. A caller is a user of this node by an API token, which is asked
// for in every call; what it may do is what the token may do over gRPC. Messages become
// acts of exchange.Service, in the name of the user, and are journalled there.
//
// It knows no SQL, no protobuf and no rule of the exchange: what a message means is packages
// exchange/axis and exchange/edxml, what may be done is package exchange.
package gateway
