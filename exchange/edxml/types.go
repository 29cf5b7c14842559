package edxml

import "strings"

// types are the types of documents that have an abbreviation (Decree 30/2020,
// Appendix III). A công văn and a thư công have none.
var types = []struct{ code, name string }{
	{"NQ", "Nghị quyết"}, {"QĐ", "Quyết định"}, {"CT", "Chỉ thị"}, {"QC", "Quy chế"}, {"QyĐ", "Quy định"},
	{"TC", "Thông cáo"}, {"TB", "Thông báo"}, {"HD", "Hướng dẫn"}, {"CTr", "Chương trình"}, {"KH", "Kế hoạch"},
	{"PA", "Phương án"}, {"ĐA", "Đề án"}, {"DA", "Dự án"}, {"BC", "Báo cáo"}, {"BB", "Biên bản"},
	{"TTr", "Tờ trình"}, {"HĐ", "Hợp đồng"}, {"CĐ", "Công điện"}, {"BGN", "Bản ghi nhớ"}, {"BTT", "Bản thỏa thuận"},
	{"GUQ", "Giấy ủy quyền"}, {"GM", "Giấy mời"}, {"GGT", "Giấy giới thiệu"}, {"GNP", "Giấy nghỉ phép"},
	{"PG", "Phiếu gửi"}, {"PC", "Phiếu chuyển"}, {"PB", "Phiếu báo"},
}

// typeCode finds the abbreviation of a type by name, or gives none.
func typeCode(name string) string {
	for _, t := range types {
		if strings.EqualFold(t.name, name) {
			return t.code
		}
	}
	return ""
}

// typeName finds the name, or gives the abbreviation back.
func typeName(code string) string {
	for _, t := range types {
		if t.code == code {
			return t.name
		}
	}
	return code
}
