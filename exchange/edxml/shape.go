package edxml

// The shapes of messages. Each function names elements and fields once, for reading
// and for writing: the order is that in which real senders write them, and counts
// for writing alone.

func (d *Document) shape(c *codec) {
	c.declared("edXMLEnvelope", func(c *codec) {
		c.group("edXMLHeader", true, func(c *codec) {
			c.group("MessageHeader", true, d.header)
			c.group("TraceHeaderList", true, func(c *codec) {
				list(c, "TraceHeader", &d.Traces, func(c *codec, t *Trace) {
					c.text("OrganId", &t.OrganID)
					c.text("Timestamp", &t.Timestamp)
				})
				c.group("Bussiness", true, d.Business.shape)
			})
		})
		c.group("edXMLBody", false, func(c *codec) {
			c.group("edXMLManifest", false, func(c *codec) {
				c.attribute("version", &d.ManifestVersion)
				list(c, "Reference", &d.Manifest, func(c *codec, e *Entry) {
					c.text("ContentId", &e.ContentID)
					c.text("ContentType", &e.ContentType)
					c.text("Description", &e.Description)
					c.text("AttachmentName", &e.Name)
				})
			})
		})
	})
	c.group("AttachmentEncoded", false, func(c *codec) {
		list(c, "Attachment", &d.Attachments, func(c *codec, a *Attachment) {
			c.text("ContentId", &a.ContentID)
			c.text("AttachmentName", &a.Name)
			c.text("Description", &a.Description)
			c.text("ContentType", &a.ContentType)
			c.encoded(&a.Encoded)
		})
	})
}

func (d *Document) header(c *codec) {
	c.group("From", true, d.From.shape)
	list(c, "To", &d.To, func(c *codec, o *Organisation) { o.shape(c) })
	c.text("DocumentId", &d.DocumentID)
	c.group("Code", true, func(c *codec) {
		c.text("CodeNumber", &d.CodeNumber)
		c.text("CodeNotation", &d.CodeNotation)
	})
	c.group("PromulgationInfo", true, func(c *codec) {
		c.text("Place", &d.Place)
		c.text("PromulgationDate", &d.PromulgationDate)
	})
	c.group("DocumentType", true, func(c *codec) {
		c.text("Type", &d.Type)
		c.text("TypeDetail", &d.TypeDetail)
		c.text("TypeName", &d.TypeName)
	})
	c.text("Subject", &d.Subject)
	c.text("Content", &d.Content)
	c.group("SignerInfo", true, func(c *codec) {
		c.text("Competence", &d.Competence)
		c.text("Position", &d.Position)
		c.text("FullName", &d.FullName)
	})
	c.text("DueDate", &d.DueDate)
	c.group("OtherInfo", false, func(c *codec) {
		c.text("Priority", &d.Priority)
		c.text("SphereOfPromulgation", &d.Sphere)
		c.text("TyperNotation", &d.TyperNotation)
		c.text("PromulgationAmount", &d.PromulgationCount)
		c.text("PageAmount", &d.PageAmount)
		c.text("Direction", &d.Direction)
		c.group("Appendixes", false, func(c *codec) { c.texts("Appendix", &d.Appendixes) })
	})
	list(c, "ResponseFor", &d.ResponseFor, func(c *codec, r *Reference) {
		c.text("OrganId", &r.OrganID)
		c.text("Code", &r.Code)
		c.text("DocumentId", &r.DocumentID)
		c.text("PromulgationDate", &r.PromulgationDate)
	})
	c.text("SteeringType", &d.SteeringType)
	c.group("ToPlaces", false, func(c *codec) { c.texts("Place", &d.ToPlaces) })
}

func (b *Business) shape(c *codec) {
	c.text("DocumentId", &b.DocumentID)
	c.text("BussinessDocType", &b.Type)
	c.text("BussinessDocReason", &b.Reason)
	c.text("Paper", &b.Paper)
	c.group("BussinessDocumentInfo", false, func(c *codec) {
		c.text("DocumentInfo", &b.DocumentInfo)
		c.text("DocumentReceiver", &b.DocumentReceiver)
		c.group("ReceiverList", false, func(c *codec) {
			list(c, "Receiver", &b.Receivers, func(c *codec, r *Receiver) {
				c.text("OrganId", &r.OrganID)
				c.text("ReceiverType", &r.Type)
			})
		})
	})
	c.group("ReplacementInfoList", false, func(c *codec) {
		list(c, "ReplacementInfo", &b.Replacements, func(c *codec, r *Replacement) {
			c.text("DocumentId", &r.DocumentID)
			c.group("OrganIdList", false, func(c *codec) { c.texts("OrganId", &r.OrganIDs) })
		})
	})
	c.group("StaffInfo", false, func(c *codec) {
		c.text("Department", &b.Staff.Department)
		c.text("DepartmentId", &b.Staff.DepartmentID)
		c.text("Staff", &b.Staff.Name)
		c.text("StaffId", &b.Staff.StaffID)
		c.text("Email", &b.Staff.Email)
		c.text("Mobile", &b.Staff.Mobile)
	})
}

func (o *Organisation) shape(c *codec) {
	c.text("OrganId", &o.OrganID)
	c.text("OrganizationInCharge", &o.InCharge)
	c.text("OrganName", &o.Name)
	o.address(c)
}

func (o *Organisation) address(c *codec) {
	c.text("OrganAdd", &o.Address)
	c.text("Email", &o.Email)
	c.text("Telephone", &o.Telephone)
	c.text("Fax", &o.Fax)
	c.text("Website", &o.Website)
}

func (s *Status) shape(c *codec) {
	c.declared("edXMLEnvelope", func(c *codec) {
		c.group("edXMLHeader", true, func(c *codec) { c.group("MessageHeader", true, s.header) })
	})
}

// header has another order than that of documents: so it is in what senders write.
func (s *Status) header(c *codec) {
	c.group("From", true, func(c *codec) {
		c.text("OrganId", &s.From.OrganID)
		c.text("OrganName", &s.From.Name)
		c.text("OrganizationInCharge", &s.From.InCharge)
		s.From.address(c)
	})
	c.group("ResponseFor", true, func(c *codec) {
		c.text("OrganId", &s.ResponseFor.OrganID)
		c.text("Code", &s.ResponseFor.Code)
		c.text("PromulgationDate", &s.ResponseFor.PromulgationDate)
		c.text("DocumentId", &s.ResponseFor.DocumentID)
	})
	c.group("StaffInfo", false, func(c *codec) {
		c.text("Department", &s.Staff.Department)
		c.text("DepartmentId", &s.Staff.DepartmentID)
		c.text("Staff", &s.Staff.Name)
		c.text("StaffId", &s.Staff.StaffID)
		c.text("Mobile", &s.Staff.Mobile)
		c.text("Email", &s.Staff.Email)
	})
	c.text("StatusCode", &s.Code)
	c.text("Description", &s.Description)
	c.text("Timestamp", &s.Timestamp)
}
