package exchange

// NextChange is closed when the node commits again, so that tests wait for what they
// want to see, and not for time.
func (n *Node) NextChange() <-chan struct{} { return n.changed.next() }

// HasLink reports whether the newest link to a peer is up.
func (r *Relay) HasLink(peer string) bool { return contains(r.Connected(), peer) }
