package exchange

import (
	"time"

	"lienthong/envelope"
)

// delay is how long what an agency sends waits here.
func (n *Node) delay(from *envelope.Agency) time.Duration {
	if d, ok := n.cfg.SendDelay[from.ID]; ok {
		return d
	}
	for _, c := range from.Codes {
		if d, ok := n.cfg.SendDelay[c.Code]; ok {
			return d
		}
	}
	return n.cfg.SendDelay["*"]
}

// delayed is before when a document does not leave: the time that its sender asks for, or a
// later one that leaves its agency time to take it back. What is flash (hỏa tốc) goes at once.
func (n *Node) delayed(from *envelope.Agency, req *SendRequest) int64 {
	delay := n.delay(from)
	if delay <= 0 || req.NotBefore < 0 || req.Urgency == envelope.UrgencyFlash {
		return req.NotBefore
	}
	return max(req.NotBefore, n.cfg.Now().Add(delay).UnixMicro())
}
