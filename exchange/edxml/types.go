package edxml

import "lienthong/exchange/notation"

// typeCode finds the abbreviation of a type by name, or gives none.
func typeCode(name string) string {
	t, _ := notation.TypeNamed(name)
	return t.Code
}

// typeName finds the name, or gives the abbreviation back.
func typeName(code string) string {
	if t, ok := notation.TypeOf(code); ok {
		return t.Name
	}
	return code
}
