package signer

import (
	"errors"
	"fmt"

	"lienthong/signer/appearance"
	"lienthong/signer/content"
	"lienthong/signer/pdf"
	"lienthong/signer/place"
)

// searched reports whether the rectangle is not given but has to be found.
func (p *Placement) searched() bool { return p.Auto || p.Anchor != "" }

// placeInBlock finds the signing block of the last page, or that of the anchor, and
// puts the signature into it.
func (p *plan) placeInBlock() error {
	pages, err := p.view.Pages()
	if err != nil {
		return fmt.Errorf("sign: read the pages: %w", err)
	}
	if len(pages) == 0 {
		return fmt.Errorf("%w: the file has no pages", ErrNoPlace)
	}
	r := p.reader()
	var page *place.Page
	var block *place.Block
	if p.opts.Place.Auto {
		page = p.see(r, pages[len(pages)-1], len(pages))
		if block, err = place.FindBlock(page); err != nil {
			err = p.withoutBlock(r, pages, page, err)
		}
	} else {
		page, block, err = place.FindAnchor(p.opts.Place.Anchor, p.backwards(r, pages))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPlace, err)
	}
	p.below = page
	rect, err := p.within(page, block)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPlace, err)
	}
	if err := p.usePage(pages, page.Number); err != nil {
		return err
	}
	return p.setRect(page.Number, rect)
}

// backwards yields the pages from the last to the first.
func (p *plan) backwards(r *content.Reader, pages []pdf.Page) func() (*place.Page, error) {
	next := len(pages)
	return func() (*place.Page, error) {
		if next == 0 {
			return nil, nil
		}
		next--
		return p.see(r, pages[next], next+1), nil
	}
}

// searchBack is how many pages before the last are looked at to say where a block
// is instead.
const searchBack = 20

// withoutBlock decides about a page on which no block is found: for a seal one
// signature that shows is enough, as on a scan. Otherwise the error says on which
// page there is a block.
func (p *plan) withoutBlock(r *content.Reader, pages []pdf.Page, last *place.Page, err error) error {
	if p.opts.Profile == appearance.Agency && len(last.Signed) == 1 && !last.Readable() {
		return nil
	}
	var cause *place.NotFound
	for i := len(pages) - 1; i > 0 && i >= len(pages)-searchBack && errors.As(err, &cause); i-- {
		if b, _ := place.FindBlock(p.see(r, pages[i-1], i)); b != nil {
			return &place.NotFound{Wanted: cause.Wanted, Found: fmt.Sprintf("%s; page %d has one, %q: if it is that, name its last line above the blank space as the anchor", cause.Found, i, b.String())}
		}
	}
	return err
}

// within returns the rectangle of the signature in a block, or without one over the
// only signature of the page.
func (p *plan) within(page *place.Page, block *place.Block) (place.Rect, error) {
	if p.opts.Profile == appearance.Agency {
		return place.Seal(page, block, p.sealMark())
	}
	if err := page.Free(block); err != nil {
		return place.Rect{}, err
	}
	mark := p.picture
	if len(p.opts.Lines) > 0 {
		mark = place.Mark{} // beside text the picture has what is left
	}
	return place.Personal(block, mark)
}

// sealMark is the size of the seal: the longer side of its image is as long as the seal
// is wide.
func (p *plan) sealMark() place.Mark {
	m := p.picture
	if m.Width == 0 || m.Height == 0 {
		m = place.Mark{Width: 1, Height: 1}
	}
	scale := p.opts.SealSize * place.Millimetre / max(m.Width, m.Height)
	return place.Mark{Width: m.Width * scale, Height: m.Height * scale}
}
