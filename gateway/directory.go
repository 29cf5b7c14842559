package gateway

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

// oldForm is a code of QCVN 102:2016; others are of Decision 20/2020.
var oldForm = regexp.MustCompile(`^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$`)

// codesOf are the newest codes of an agency in the new and in the old form; empty: it has none.
func codesOf(a *envelope.Agency) (now, old string) {
	var nowFrom, oldFrom int64
	for _, c := range a.Codes {
		switch {
		case oldForm.MatchString(c.Code) && (old == "" || c.NotBefore >= oldFrom):
			old, oldFrom = c.Code, c.NotBefore
		case !oldForm.MatchString(c.Code) && (now == "" || c.NotBefore >= nowFrom):
			now, nowFrom = c.Code, c.NotBefore
		}
	}
	return now, old
}

func (c *call) agencies() error {
	type row struct {
		ID      string `json:"id"`
		Parent  string `json:"pid"`
		Code    string `json:"code"`
		Name    string `json:"name"`
		Mail    string `json:"mail"`
		OldCode string `json:"oldCode"`
	}
	return c.list(func(a *envelope.Agency) any {
		_, old := codesOf(a)
		return row{ID: a.ID, Parent: a.Parent, Code: exchange.CodeAt(*a, c.opts.Now()), Name: a.Name, OldCode: old}
	})
}

func (c *call) agenciesQD20() error {
	type row struct {
		ID      string `json:"id"`
		Code    string `json:"code"`
		Code102 string `json:"code102"`
		Name    string `json:"name"`
		Mail    string `json:"mail"`
	}
	level := c.param("level")
	return c.list(func(a *envelope.Agency) any {
		now, old := codesOf(a)
		if groups := strings.Count(now, ".") + 1; now == "" || level != "" && level != "0" && level != string(rune('0'+groups)) {
			return nil
		}
		return row{ID: a.ID, Code: now, Code102: old, Name: a.Name}
	})
}

func (c *call) units() error {
	type row struct {
		ID         string `json:"id"`
		Parent     string `json:"pid"`
		Code       string `json:"code"`
		Name       string `json:"name"`
		Mail       string `json:"mail"`
		Version    uint64 `json:"version"`
		CenterCode string `json:"centerCode"`
		Deleted    bool   `json:"deleted"`
		ModifyDate string `json:"modifyDate"`
		IsAgency   bool   `json:"isAgency"`
	}
	version, now := c.svc.Directory().Epoch, c.opts.Now()
	return c.each(func(a *envelope.Agency) any {
		changed := a.Ended
		for _, code := range a.Codes {
			changed = max(changed, code.NotBefore)
		}
		out := row{ID: a.ID, Parent: a.Parent, Code: exchange.CodeAt(*a, now), Name: a.Name, Version: version, CenterCode: a.HomeNode,
			Deleted: ended(a, now), IsAgency: !strings.HasSuffix(exchange.CodeAt(*a, now), "W00")}
		if changed != 0 {
			out.ModifyDate = edxml.FormatTime(time.UnixMicro(changed))
		}
		return out
	})
}

func ended(a *envelope.Agency, now time.Time) bool { return a.Ended != 0 && a.Ended <= now.UnixMicro() }

// list gives the agencies that have not ended.
func (c *call) list(row func(*envelope.Agency) any) error {
	now := c.opts.Now()
	return c.each(func(a *envelope.Agency) any {
		if ended(a, now) {
			return nil
		}
		return row(a)
	})
}

// each writes a row for each agency, one after another: there are a hundred thousand.
func (c *call) each(row func(*envelope.Agency) any) error {
	if !c.token.Permits("/lienthong.v1.DirectoryService/ListAgencies") {
		return forbidden("token %s is not for DirectoryService/ListAgencies", c.token.ID)
	}
	c.begin()
	if _, err := io.WriteString(c.w, `{"status":"OK","ErrorCode":"0","ErrorDesc":"","data":[`); err != nil {
		return nil // who asked has gone
	}
	separator := ""
	for _, a := range c.svc.Directory().Agencies {
		v := row(a)
		if v == nil {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c.w, separator+string(text)); err != nil {
			return nil
		}
		separator = ","
	}
	_, _ = io.WriteString(c.w, "]}\n")
	return nil
}

// closedDirectory refuses what would change the directory.
func (c *call) closedDirectory() error {
	return &exchange.Error{Code: exchange.Denied, Reason: reasonPolicy,
		Text: "agencies are entered and closed in the signed directory, by its authority, and not by a call: ask the authority of the zone"}
}
