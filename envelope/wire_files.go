package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// MarshalFiles is the form in which people carry several files of a directory.
func MarshalFiles(files []Sealed) []byte {
	p := &pb.DirectoryFiles{}
	for _, s := range files {
		p.Files = append(p.Files, s.Proto())
	}
	return mustMarshal(p)
}

// ParseFiles reads the form of [MarshalFiles], or one file by itself.
func ParseFiles(data []byte) ([]Sealed, error) {
	var p pb.DirectoryFiles
	if err := proto.Unmarshal(data, &p); err == nil && len(p.Files) > 0 {
		out := make([]Sealed, len(p.Files))
		for i, f := range p.Files {
			if out[i], err = SealedFromProto(f); err != nil {
				return nil, fmt.Errorf("envelope: file %d: %w", i, err)
			}
		}
		return out, nil
	}
	one, err := ParseSealed(data)
	if err != nil {
		return nil, err
	}
	return []Sealed{one}, nil
}
