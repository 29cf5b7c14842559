package pdf

import "fmt"

// packedRoom is how many bytes of decoded object streams a file keeps.
const packedRoom = 16 << 20

// An objectStream is a decoded object stream (ISO 32000-2, 7.5.7).
type objectStream struct {
	offset  int64 // of its body in the file
	rev     int   // the revision that lists it
	data    []byte
	numbers []int32
	starts  []int32
}

// packedCache holds the object streams read last, newest at the end.
type packedCache struct {
	streams []*objectStream
	bytes   int
}

func (c *packedCache) get(offset int64, rev int) *objectStream {
	for i := len(c.streams) - 1; i >= 0; i-- {
		if s := c.streams[i]; s.offset == offset && s.rev == rev {
			copy(c.streams[i:], c.streams[i+1:])
			c.streams[len(c.streams)-1] = s
			return s
		}
	}
	return nil
}

func (c *packedCache) put(s *objectStream) {
	c.streams = append(c.streams, s)
	c.bytes += s.cost()
	for c.bytes > packedRoom && len(c.streams) > 1 || len(c.streams) > 512 {
		c.bytes -= c.streams[0].cost()
		c.streams = append(c.streams[:0], c.streams[1:]...)
	}
}

func (s *objectStream) cost() int { return len(s.data) + 8*len(s.numbers) }

// unpack returns the object that e places in an object stream.
func (f *File) unpack(v *View, ref Ref, e entry) (Object, error) {
	p, err := f.packedParser(v, ref, e)
	if err != nil {
		return nil, err
	}
	start := p.pos
	o, err := p.object(0)
	if e := f.toil(p.pos - start); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("pdf: object %d in object stream %d: %w", ref.Number, e.stream(), err)
	}
	return o, nil
}

// packedParser returns a parser at the object that e places in an object stream.
func (f *File) packedParser(v *View, ref Ref, e entry) (parser, error) {
	s, err := f.objectStream(v, e.stream())
	if err != nil {
		return parser{}, fmt.Errorf("object %d: %w", ref.Number, err)
	}
	i := e.index()
	if i >= len(s.numbers) || int(s.numbers[i]) != ref.Number {
		return parser{}, &SyntaxError{s.offset, fmt.Sprintf("object stream %d does not hold object %d at index %d", e.stream(), ref.Number, i)}
	}
	return parser{buf: s.data, pos: int(s.starts[i]), base: -1, lim: &f.lim, names: &f.names}, nil
}

// objectStream returns the object stream number n as v sees it. Its /Length
// and filters are looked up as of the revision that lists it, so that a later
// one cannot change what is in it; and while one is being opened another
// cannot be: what it needs must not lie in an object stream.
func (f *File) objectStream(v *View, n int) (*objectStream, error) {
	e, rev := v.lookup(n)
	if rev == 0 || e.kind() != kindOffset {
		return nil, &SyntaxError{-1, fmt.Sprintf("object stream %d is not there", n)}
	}
	if s := f.packed.get(e.offset(), rev); s != nil {
		return s, nil
	}
	v = f.View(rev)
	if f.opening {
		return nil, &SyntaxError{e.offset(), fmt.Sprintf("object stream %d is needed to read an object stream", n)}
	}
	f.opening = true
	defer func() { f.opening = false }()
	o, err := v.plain(Ref{n, e.generation()}, e, rev)
	if err != nil {
		return nil, err
	}
	stm, ok := o.(*Stream)
	if !ok || stm.Dict.Name("Type") != "ObjStm" {
		return nil, &SyntaxError{e.offset(), fmt.Sprintf("object %d is not a stream with /Type /ObjStm", n)}
	}
	s, err := stm.open(v)
	if err != nil {
		return nil, fmt.Errorf("pdf: object stream %d: %w", n, err)
	}
	s.offset, s.rev = e.offset(), rev
	f.packed.put(s)
	return s, nil
}

// open decodes an object stream and reads the numbers and offsets at its head.
func (s *Stream) open(v *View) (*objectStream, error) {
	count, err := v.Resolve(s.Dict.Get("N"))
	if err != nil {
		return nil, err
	}
	first, err := v.Resolve(s.Dict.Get("First"))
	if err != nil {
		return nil, err
	}
	data, err := s.Decode(v)
	if err != nil {
		return nil, err
	}
	n, ok1 := count.(Integer)
	base, ok2 := first.(Integer)
	if !ok1 || !ok2 || n < 0 || base < 0 || int64(base) > int64(len(data)) || int64(n) > int64(base)/3+1 {
		return nil, &SyntaxError{s.start, fmt.Sprintf("object stream of %d bytes: /N %v or /First %v cannot be", len(data), count, first)}
	}
	out := &objectStream{data: data, numbers: make([]int32, n), starts: make([]int32, n)}
	p := parser{buf: data[:base]}
	for i := range out.numbers {
		num, ok1 := p.uint()
		off, ok2 := p.uint()
		if !ok1 || !ok2 || num > maxObjects || off > int64(len(data))-int64(base) {
			return nil, &SyntaxError{s.start, fmt.Sprintf("object stream: entry %d of %d is damaged", i, n)}
		}
		out.numbers[i], out.starts[i] = int32(num), int32(int64(base)+off)
	}
	return out, nil
}
