package notation

import "strings"

// A Type is a type of documents (tên loại).
type Type struct {
	Code string // abbreviation in a symbol
	Name string
	Copy bool // a form of copy (Art. 25), not a type of its own
}

// types are those that have an abbreviation (Decree 30/2020, Appendix III). A công văn
// and a thư công have none.
var types = []Type{
	{"NQ", "Nghị quyết", false}, {"QĐ", "Quyết định", false}, {"CT", "Chỉ thị", false}, {"QC", "Quy chế", false},
	{"QyĐ", "Quy định", false}, {"TC", "Thông cáo", false}, {"TB", "Thông báo", false}, {"HD", "Hướng dẫn", false},
	{"CTr", "Chương trình", false}, {"KH", "Kế hoạch", false}, {"PA", "Phương án", false}, {"ĐA", "Đề án", false},
	{"DA", "Dự án", false}, {"BC", "Báo cáo", false}, {"BB", "Biên bản", false}, {"TTr", "Tờ trình", false},
	{"HĐ", "Hợp đồng", false}, {"CĐ", "Công điện", false}, {"BGN", "Bản ghi nhớ", false}, {"BTT", "Bản thỏa thuận", false},
	{"GUQ", "Giấy ủy quyền", false}, {"GM", "Giấy mời", false}, {"GGT", "Giấy giới thiệu", false},
	{"GNP", "Giấy nghỉ phép", false}, {"PG", "Phiếu gửi", false}, {"PC", "Phiếu chuyển", false}, {"PB", "Phiếu báo", false},
	{"SY", "Sao y", true}, {"TrS", "Trích sao", true}, {"SL", "Sao lục", true},
}

// unnamed are the types without an abbreviation.
var unnamed = []string{"Công văn", "Thư công"}

// TypeOf finds a type by its abbreviation, case and all.
func TypeOf(code string) (Type, bool) {
	for _, t := range types {
		if t.Code == code {
			return t, true
		}
	}
	return Type{}, false
}

// TypeNamed finds a type by its name; one without an abbreviation has no Code.
func TypeNamed(name string) (Type, bool) {
	name = Clean(name)
	for _, t := range types {
		if strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	for _, n := range unnamed {
		if strings.EqualFold(n, name) {
			return Type{Name: n}, true
		}
	}
	return Type{}, false
}

// likely finds the type that a code in wrong case may mean.
func likely(code string) (Type, bool) {
	for _, t := range types {
		if strings.EqualFold(t.Code, code) {
			return t, true
		}
	}
	return Type{}, false
}
