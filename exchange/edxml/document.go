package edxml

// Values are texts as they stand in the message, without the white space around
// them: dates are yyyy/MM/dd, times yyyy/MM/dd HH:mm:ss in Vietnam's time, without
// a zone. [ParseDate] and [ParseTime] read them. An empty value is not written.

// A Document is a message that carries, revokes, updates or replaces a document.
// Its numbers are those of the standard.
type Document struct {
	From              Organisation   `json:"from"`                         // 1.1
	To                []Organisation `json:"to"`                           // 1.2
	DocumentID        string         `json:"document_id,omitempty"`        // 1.14; opaque
	CodeNumber        string         `json:"code_number,omitempty"`        // 1.3, số
	CodeNotation      string         `json:"code_notation,omitempty"`      // ký hiệu
	Place             string         `json:"place,omitempty"`              // 1.4
	PromulgationDate  string         `json:"promulgation_date,omitempty"`  //
	Type              string         `json:"type,omitempty"`               // 1.5: 1 or 2
	TypeDetail        string         `json:"type_detail,omitempty"`        //
	TypeName          string         `json:"type_name,omitempty"`          // tên loại
	Subject           string         `json:"subject,omitempty"`            // 1.6, trích yếu
	Content           string         `json:"content,omitempty"`            // 1.7
	Competence        string         `json:"signer_competence,omitempty"`  // 1.8
	Position          string         `json:"signer_position,omitempty"`    //
	FullName          string         `json:"signer_full_name,omitempty"`   //
	DueDate           string         `json:"due_date,omitempty"`           // 1.9
	ToPlaces          []string       `json:"to_places,omitempty"`          // 1.10
	Priority          string         `json:"priority,omitempty"`           // 1.11: 0 to 4
	Sphere            string         `json:"sphere,omitempty"`             //
	TyperNotation     string         `json:"typer_notation,omitempty"`     //
	PromulgationCount string         `json:"promulgation_count,omitempty"` //
	PageAmount        string         `json:"page_amount,omitempty"`        //
	Direction         string         `json:"direction,omitempty"`          // true or false
	Appendixes        []string       `json:"appendixes,omitempty"`         //
	ResponseFor       []Reference    `json:"response_for,omitempty"`       // 1.12
	SteeringType      string         `json:"steering_type,omitempty"`      // 1.13; 0: not steering
	Traces            []Trace        `json:"traces,omitempty"`
	Business          Business       `json:"business"`
	ManifestVersion   string         `json:"manifest_version,omitempty"`
	Manifest          []Entry        `json:"manifest,omitempty"`
	Attachments       []Attachment   `json:"attachments,omitempty"`
	Extra             []Extra        `json:"extra,omitempty"`
}

// A Status is a message in which an agency says what became of a document.
type Status struct {
	From        Organisation `json:"from"`
	ResponseFor Reference    `json:"response_for"` // its OrganID is whom the status is for
	Staff       Staff        `json:"staff"`
	Code        string       `json:"status_code"` // 01 to 06, 13, 15, 16
	Description string       `json:"description,omitempty"`
	Timestamp   string       `json:"timestamp,omitempty"`
	Extra       []Extra      `json:"extra,omitempty"`
}

// An Organisation is a sender or receiver.
type Organisation struct {
	OrganID   string `json:"organ_id"`
	InCharge  string `json:"in_charge,omitempty"` // cơ quan chủ quản
	Name      string `json:"name,omitempty"`
	Address   string `json:"address,omitempty"`
	Email     string `json:"email,omitempty"`
	Telephone string `json:"telephone,omitempty"`
	Fax       string `json:"fax,omitempty"`
	Website   string `json:"website,omitempty"`
}

// A Reference names a document of an agency.
type Reference struct {
	OrganID          string `json:"organ_id,omitempty"`
	Code             string `json:"code,omitempty"` // number and notation, such as 7816/VPCP-TTĐT
	DocumentID       string `json:"document_id,omitempty"`
	PromulgationDate string `json:"promulgation_date,omitempty"`
}

// A Trace is an agency through which the message went.
type Trace struct {
	OrganID   string `json:"organ_id"`
	Timestamp string `json:"timestamp,omitempty"`
}

// Operations, the values of [Business.Type].
const (
	OperationNew     = "0" // văn bản mới
	OperationRevoke  = "1" // thu hồi
	OperationUpdate  = "2" // cập nhật
	OperationReplace = "3" // thay thế
)

// Business says what the message asks for; the message spells it Bussiness.
type Business struct {
	DocumentID       string        `json:"document_id,omitempty"` // that is acted upon; empty: the message's own
	Type             string        `json:"type"`
	Reason           string        `json:"reason,omitempty"`
	Paper            string        `json:"paper,omitempty"`             // 1: paper follows
	DocumentInfo     string        `json:"document_info,omitempty"`     // update: 1, the content changed
	DocumentReceiver string        `json:"document_receiver,omitempty"` // update: 1, the receivers changed
	Receivers        []Receiver    `json:"receivers,omitempty"`
	Replacements     []Replacement `json:"replacements,omitempty"`
	Staff            Staff         `json:"staff"`
}

// A Receiver is an agency that an update adds or takes away.
type Receiver struct {
	OrganID string `json:"organ_id"`
	Type    string `json:"type,omitempty"` // 0 or 1; which is which the standard does not say
}

// A Replacement is a document that is replaced, for the agencies named.
type Replacement struct {
	DocumentID string   `json:"document_id"`
	OrganIDs   []string `json:"organ_ids,omitempty"`
}

// Staff is the person who acted. DepartmentID and StaffID are extensions.
type Staff struct {
	Department   string `json:"department,omitempty"`
	DepartmentID string `json:"department_id,omitempty"`
	Name         string `json:"name,omitempty"`
	StaffID      string `json:"staff_id,omitempty"`
	Email        string `json:"email,omitempty"`
	Mobile       string `json:"mobile,omitempty"`
}

// An Entry is a line of the manifest, which names an attachment by its content id.
type Entry struct {
	ContentID   string `json:"content_id"`
	ContentType string `json:"content_type,omitempty"`
	Description string `json:"description,omitempty"`
	Name        string `json:"name,omitempty"`
}

// An Attachment is a file as it travels. [Attachment.Files] opens it.
type Attachment struct {
	ContentID   string `json:"content_id"`
	Name        string `json:"name,omitempty"` // as the sender gave it; never a path
	Description string `json:"description,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Encoded     string `json:"-"` // base64
}

// An Extra is what a message has and this package has no field for: an element, a
// text, or an attribute of an element that it knows. It is written again at the
// end of the element where it stood.
type Extra struct {
	Path      string `json:"path"`                // such as edXMLEnvelope/edXMLHeader/MessageHeader/To[2]
	XML       string `json:"xml,omitempty"`       // an element or escaped text
	Attribute string `json:"attribute,omitempty"` // or the name of an attribute,
	Value     string `json:"value,omitempty"`     // with its value
	Namespace string `json:"namespace,omitempty"` // and what its prefix stands for
}
