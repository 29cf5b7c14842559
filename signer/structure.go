package signer

import (
	"fmt"

	"lienthong/signer/pdf"
)

// A parentTree is the number tree that leads from a /StructParent to structure
// elements (ISO 32000-2, 7.9.7 and 14.7.5.4). It is read strictly, each number once
// and in order and every limit right: where a tree is not so, its readers differ in
// what they find.
type parentTree struct {
	keys   []int64
	values []pdf.Object
	nodes  []int // object numbers of nodes and of their arrays, -1 for those that have none
}

const (
	maxTreeKeys  = 1_000_000
	maxTreeDepth = 16
)

// readParentTree reads a tree, which may be absent. Its errors say what is wrong.
func readParentTree(v *pdf.View, o pdf.Object) (*parentTree, error) {
	t := &parentTree{}
	if isNull(o) {
		return t, nil
	}
	_, _, err := t.node(v, o, maxTreeDepth, true)
	return t, err
}

// node reads one node and returns the first and the last number in it.
func (t *parentTree) node(v *pdf.View, o pdf.Object, depth int, root bool) (first, last int64, err error) {
	d, err := v.Dict(o)
	switch {
	case err != nil:
		return 0, 0, err
	case d == nil:
		return 0, 0, fmt.Errorf("a node is no dictionary")
	case depth == 0 || len(t.nodes) > maxTreeKeys:
		return 0, 0, fmt.Errorf("it is nested too deeply or too large")
	case len(d.Duplicates()) > 0 || d.Has("Nums") && d.Has("Kids") || root && d.Has("Limits"):
		return 0, 0, fmt.Errorf("a node has entries that it may not have")
	}
	for _, k := range d.Keys() {
		if k != "Nums" && k != "Kids" && k != "Limits" {
			return 0, 0, fmt.Errorf("a node has the entry /%s", k)
		}
	}
	t.nodes = append(t.nodes, refNumber(o), refNumber(d.Get("Nums")), refNumber(d.Get("Kids")), refNumber(d.Get("Limits")))
	from := len(t.keys)
	if err := t.entries(v, d, depth); err != nil {
		return 0, 0, err
	}
	if len(t.keys) == from {
		if root {
			return 0, 0, nil
		}
		return 0, 0, fmt.Errorf("a node is empty")
	}
	first, last = t.keys[from], t.keys[len(t.keys)-1]
	if !root && !limits(v, d, first, last) {
		return 0, 0, fmt.Errorf("the /Limits of a node are not %d and %d", first, last)
	}
	return first, last, nil
}

func (t *parentTree) entries(v *pdf.View, d *pdf.Dict, depth int) error {
	nums, err := v.Array(d.Get("Nums"))
	if err != nil {
		return err
	}
	for i := 0; i < len(nums); i += 2 {
		n, ok := nums[i].(pdf.Integer)
		if !ok || i+1 == len(nums) || len(t.keys) > maxTreeKeys || len(t.keys) > 0 && int64(n) <= t.keys[len(t.keys)-1] {
			return fmt.Errorf("its numbers are not in order")
		}
		t.keys, t.values = append(t.keys, int64(n)), append(t.values, nums[i+1])
	}
	kids, err := v.Array(d.Get("Kids"))
	if err != nil {
		return err
	}
	for _, kid := range kids {
		if _, _, err := t.node(v, kid, depth-1, false); err != nil {
			return err
		}
	}
	return nil
}

func limits(v *pdf.View, d *pdf.Dict, first, last int64) bool {
	l, err := v.Array(d.Get("Limits"))
	return err == nil && len(l) == 2 && l[0] == pdf.Object(pdf.Integer(first)) && l[1] == pdf.Object(pdf.Integer(last))
}

// next is a number above all in the tree.
func (t *parentTree) next() int64 {
	if len(t.keys) == 0 {
		return 0
	}
	return max(t.keys[len(t.keys)-1]+1, 0)
}

// topElements are the elements at the top of the structure tree: /K of its root,
// which may be one without an array.
func topElements(v *pdf.View, k pdf.Object) (pdf.Array, error) {
	o, err := v.Resolve(k)
	if err != nil {
		return nil, err
	}
	switch o := o.(type) {
	case pdf.Array:
		return o, nil
	case *pdf.Dict:
		return pdf.Array{k}, nil
	case pdf.Null:
		return nil, nil
	}
	return nil, fmt.Errorf("/K of its root is neither an element nor an array")
}
