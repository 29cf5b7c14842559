package exchange_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/measure"
)

// BenchmarkSend submits letters with an annex of 10 KB, 256 in flight, for an agency
// that is not at home here.
func BenchmarkSend(b *testing.B) {
	w := newWorld(b, map[string]string{"ward": "district", "district": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"pho-yen", "district"})
	w.setDown("ward", "district", true)
	b.ReportAllocs()
	b.ResetTimer()
	used := measure.Processor()
	sendMany(b, w.node("ward"), "pho-yen", b.N)
	reportProcessor(b, used)
}

// reportProcessor says how long processors worked for each letter since a time: it depends
// less on what else the machine does.
func reportProcessor(b *testing.B, since time.Duration) {
	b.ReportMetric(float64((measure.Processor()-since).Microseconds())/float64(b.N), "cpu-us/letter")
}

// BenchmarkThreeNodes is from Send at the ward to Delivered back at the ward, with
// all three nodes in this process.
func BenchmarkThreeNodes(b *testing.B) {
	w := newWorld(b, map[string]string{"ward": "district", "district": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	ward := w.node("ward")
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	b.ReportAllocs()
	b.ResetTimer()
	used := measure.Processor()
	keys := sendMany(b, ward, "thai-nguyen", b.N)
	for _, key := range keys {
		ward.eventually("delivered", ward.delivered(key, "thai-nguyen"))
	}
	b.StopTimer()
	reportProcessor(b, used)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}

func sendMany(b *testing.B, n *testNode, to string, count int) []exchange.LetterKey {
	b.Helper()
	template := letter(b, "ba-hang", to)
	template.Files[0].Data = append([]byte("%PDF-1.7\n"), make([]byte, 10_000)...)
	keys := make([]exchange.LetterKey, count)
	next := make(chan int)
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for i := range next {
				req := template
				data := append([]byte(nil), template.Files[0].Data...)
				binary.BigEndian.PutUint64(data[len(data)-8:], uint64(i))
				req.Files = []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "a.pdf", Data: data}}
				req.Metadata.Number = fmt.Sprintf("%02d", 1+i%99_999)
				doc, err := n.service.Send(context.Background(), clerk, req)
				if err != nil {
					b.Error(err)
					continue
				}
				keys[i] = doc.Letter.Key
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	wg.Wait()
	return keys
}
