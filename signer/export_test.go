package signer

import "lienthong/signer/pdf"

// ClaimOf returns what a file claims: the part and level of PDF/A, and the part of PDF/UA.
func ClaimOf(f *pdf.File) (archive int, level string, access int) {
	_, catalog, err := f.Latest().Catalog()
	if err != nil {
		return 0, "", 0
	}
	c := readClaim(f.Latest(), catalog)
	return c.archive, c.level, c.access
}

// ClaimIn returns the same of metadata, as people write it.
func ClaimIn(xmp []byte) string {
	var c claim
	c.readXMP(xmp)
	return c.String()
}
