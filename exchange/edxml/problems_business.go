package edxml

import "fmt"

func (d *Document) business(j *judge) {
	const path = "TraceHeaderList.Bussiness."
	b := &d.Business
	j.need(path+"BussinessDocType", b.Type)
	j.number(path+"BussinessDocType", b.Type, 0, 3)
	j.number(path+"Paper", b.Paper, 0, 1)
	j.number(path+"BussinessDocumentInfo.DocumentInfo", b.DocumentInfo, 0, 1)
	j.number(path+"BussinessDocumentInfo.DocumentReceiver", b.DocumentReceiver, 0, 1)
	for i, r := range b.Receivers {
		at := fmt.Sprintf("%sBussinessDocumentInfo.ReceiverList.Receiver[%d]", path, i+1)
		j.need(at+".OrganId", r.OrganID)
		j.number(at+".ReceiverType", r.Type, 0, 1)
	}
	for i, r := range b.Replacements {
		j.need(fmt.Sprintf("%sReplacementInfoList.ReplacementInfo[%d].DocumentId", path, i+1), r.DocumentID)
	}
	switch b.Type {
	case OperationRevoke:
		j.need(path+"BussinessDocReason", b.Reason)
	case OperationReplace:
		if len(b.Replacements) == 0 {
			j.add("N", path+"ReplacementInfoList", "is missing: no document is named that is replaced")
		}
	}
}

// manifest compares the manifest with the attachments: each names the other.
func (d *Document) manifest(j *judge) {
	listed := map[string]bool{}
	for i, e := range d.Manifest {
		path := fmt.Sprintf("edXMLManifest.Reference[%d]", i+1)
		j.need(path+".ContentId", e.ContentID)
		j.most(path+".AttachmentName", e.Name, 200)
		listed[e.ContentID] = true
	}
	there := map[string]bool{}
	for i, a := range d.Attachments {
		path := fmt.Sprintf("AttachmentEncoded.Attachment[%d]", i+1)
		j.need(path+".ContentId", a.ContentID)
		j.need(path+".AttachmentName", a.Name)
		j.most(path+".AttachmentName", a.Name, 200)
		switch {
		case there[a.ContentID]:
			j.add("M", path+".ContentId", "is %.40q, as that of another attachment", a.ContentID)
		case !listed[a.ContentID]:
			j.add("M", path+".ContentId", "is %.40q, which the manifest does not list", a.ContentID)
		}
		if a.Encoded == "" {
			j.add("N", path+".ContentTransferEncoded", "is empty")
		}
		there[a.ContentID] = true
	}
	for i, e := range d.Manifest {
		if !there[e.ContentID] {
			j.add("M", fmt.Sprintf("edXMLManifest.Reference[%d].ContentId", i+1), "is %.40q, and no attachment has it", e.ContentID)
		}
	}
}
