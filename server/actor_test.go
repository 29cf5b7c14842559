package server_test

import "lienthong/journal"

var testActor = journal.Actor{Principal: "test"}
