package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// EpochsToProto converts what a node says of its directory.
func EpochsToProto(list []exchange.Epoch) []*lienthongv1.DirectoryEpoch {
	var out []*lienthongv1.DirectoryEpoch
	for _, e := range list {
		m := &lienthongv1.DirectoryEpoch{Zone: e.Zone, Epoch: e.Epoch}
		if !e.State.IsZero() {
			m.State = e.State[:]
		}
		out = append(out, m)
	}
	return out
}

// offerEpochs leaves the states out: they are compared once a link, not once a letter.
func offerEpochs(list []exchange.Epoch) []*lienthongv1.DirectoryEpoch {
	var out []*lienthongv1.DirectoryEpoch
	for _, e := range list {
		out = append(out, &lienthongv1.DirectoryEpoch{Zone: e.Zone, Epoch: e.Epoch})
	}
	return out
}

// EpochsFromProto converts what another node says of its directory.
func EpochsFromProto(field string, list []*lienthongv1.DirectoryEpoch) ([]exchange.Epoch, error) {
	if len(list) > envelope.MaxZones+1 {
		return nil, fmt.Errorf("%s: %d zones, want at most %d", field, len(list), envelope.MaxZones+1)
	}
	var out []exchange.Epoch
	for i, m := range list {
		e := exchange.Epoch{Zone: m.GetZone(), Epoch: m.GetEpoch()}
		if len(m.GetState()) > 0 {
			var err error
			if e.State, err = digest(fmt.Sprintf("%s[%d].state", field, i), m.GetState()); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// chunkSize is how much of a file goes in one message, in bytes.
const chunkSize = 256 << 10

// SendFile sends one file of a directory in pieces.
func SendFile(s envelope.Sealed, send func(*lienthongv1.DirectoryChunk) error) error {
	data, sum := s.Marshal(), s.Digest()
	chunk := &lienthongv1.DirectoryChunk{Header: &lienthongv1.DirectoryFileHeader{Size: uint64(len(data)), Digest: sum[:]}}
	for {
		n := min(len(data), chunkSize)
		chunk.Data, data = data[:n], data[n:]
		if err := send(chunk); err != nil {
			return err
		}
		if len(data) == 0 {
			return nil
		}
		chunk = &lienthongv1.DirectoryChunk{}
	}
}

// maxFile is the largest file of a directory on a stream: a payload, and its signatures.
const maxFile = envelope.MaxDirectory + 16<<10

// ReceiveFiles makes files of the pieces of a stream: the function that it returns gives
// one after the other, and io.EOF at the end of the stream between two. A file is held in
// memory until its digest is right, so it has a limit.
func ReceiveFiles(recv func() (*lienthongv1.DirectoryChunk, error)) func() (envelope.Sealed, error) {
	return func() (envelope.Sealed, error) {
		m, err := recv()
		if err != nil {
			return envelope.Sealed{}, err
		}
		want := m.GetHeader()
		if want == nil || want.GetSize() == 0 || want.GetSize() > maxFile {
			return envelope.Sealed{}, badChunk("header", "names %d bytes, want 1 to %d", want.GetSize(), maxFile)
		}
		sum, err := digest("header.digest", want.GetDigest())
		if err != nil {
			return envelope.Sealed{}, err
		}
		var data bytes.Buffer // grows with what comes, not with what is announced
		for {
			data.Write(m.GetData())
			if len(m.GetData()) == 0 || uint64(data.Len()) >= want.GetSize() {
				break
			}
			if m, err = recv(); errors.Is(err, io.EOF) {
				return envelope.Sealed{}, io.ErrUnexpectedEOF
			}
			if err != nil {
				return envelope.Sealed{}, err
			}
			if m.GetHeader() != nil {
				return envelope.Sealed{}, badChunk("header", "begins a file at byte %d of %d of the one before", data.Len(), want.GetSize())
			}
		}
		if uint64(data.Len()) != want.GetSize() {
			return envelope.Sealed{}, badChunk("data", "holds %d bytes, the header names %d", data.Len(), want.GetSize())
		}
		sealed, err := envelope.ParseSealed(data.Bytes())
		if err == nil && sealed.Digest() != sum {
			return envelope.Sealed{}, badChunk("data", "has digest %s, the header names %s", sealed.Digest(), sum)
		}
		return sealed, err
	}
}

func badChunk(field, format string, args ...any) error {
	return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_PIECE", Text: "a piece of a file of the directory is wrong",
		Fields: []exchange.Field{{Path: "chunk." + field, Reason: "BAD_PIECE", Text: fmt.Sprintf(format, args...)}}}
}
