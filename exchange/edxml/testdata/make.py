#!/usr/bin/env python3
"""Writes the messages of this folder, without any code of ours. Run: python3 make.py"""
import base64, io, zipfile

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def wrap(*entries):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in entries:
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return b.getvalue()


def el(name, *inside):
    return "<E:%s>%s</E:%s>" % (name, "".join(inside), name)


def org(tag, code, name):
    # The order is not that of the documents of the axis.
    return el(tag, el("OrganName", name), el("OrganId", code), el("Website", "www.example.vn"), el("OrganAdd", "Số 1, Phố Mẫu"),
              el("Telephone", "0240000000"), el("OrganizationInCharge", name + " &amp; cấp trên"), el("Email", "vanthu@example.vn"))


def spell(body, how):
    """One message in four spellings of the namespace."""
    if how == "samples":
        env, rest = body.split("<E:AttachmentEncoded>") if "<E:AttachmentEncoded>" in body else (body, None)
        env = env.replace("E:", "edXML:").replace("<edXML:edXMLEnvelope>", '<edXML:edXMLEnvelope xmlns:edXML="%s">' % NS)
        if rest is not None:
            rest = "<AttachmentEncoded>" + rest.replace("E:", "")
        return '<edXML xmlns="%s">%s%s</edXML>' % (NS, env, rest or "")
    if how == "prefix":
        return '<n:edXML xmlns:n="%s">%s</n:edXML>' % (NS, body.replace("E:", "n:"))
    if how == "default":
        return '<edXML xmlns="%s">%s</edXML>' % (NS, body.replace("E:", ""))
    return "<edXML>%s</edXML>" % body.replace("E:", "")  # none


def document(kind, how, reason, more="", business="", attachments=()):
    manifest = [el("Reference", el("AttachmentName", n), el("ContentId", c), el("ContentType", t), el("Description", n)) for c, n, t, _ in attachments]
    encoded = [el("Attachment", el("ContentId", c), el("AttachmentName", n), el("Description", n), el("ContentType", t),
                  el("ContentTransferEncoded", base64.b64encode(d).decode())) for c, n, t, d in attachments]
    header = el("MessageHeader",
                el("ToPlaces", el("Place", "Như trên"), el("Place", "Lưu: VT, <![CDATA[P&TH]]>")),
                el("Subject", "V/v thử nghiệm liên thông số %s" % kind), el("Content", "Nội dung tóm tắt"),
                org("From", "H01.02", "UBND huyện Mẫu"), org("To", "000.00.00.H41", "UBND tỉnh Một"), org("To", "H14", "UBND tỉnh Hai"),
                el("DocumentId", "H01.02,2026/03/0%s,1%s/UBND-VX" % (int(kind) + 1, kind)),
                el("Code", el("CodeNotation", "UBND-VX"), el("CodeNumber", "1" + kind)),
                el("PromulgationInfo", el("PromulgationDate", "2026/03/0%d" % (int(kind) + 1)), el("Place", "Mẫu")),
                el("DocumentType", el("TypeName", "Công văn" if kind == "0" else "Quyết định"), el("Type", "1"), el("TypeDetail", "0")),
                el("SignerInfo", el("FullName", "Trần Thị B"), el("Competence", "KT. CHỦ TỊCH"), el("Position", "PHÓ CHỦ TỊCH")),
                el("DueDate", "2026/03/20"),
                el("OtherInfo", el("Appendixes", el("Appendix", "Phụ lục I"), el("Appendix", "Phụ lục II")), el("Priority", kind),
                   el("PageAmount", "3"), el("PromulgationAmount", "2"), el("Direction", "true"), el("TyperNotation", "TVC"),
                   el("SphereOfPromulgation", "Văn xã")),
                el("SteeringType", "0"), more)
    trace = el("TraceHeaderList",
               el("Bussiness", el("Paper", "0"), el("BussinessDocReason", reason), el("BussinessDocType", kind), business,
                  el("StaffInfo", el("Staff", "Lê Văn C"), el("StaffId", "st-7"), el("Department", "Văn thư"), el("Mobile", "0900000000"))),
               el("TraceHeader", el("Timestamp", "2026/03/05 08:00:00"), el("OrganId", "H01.02")),
               el("TraceHeader", el("OrganId", "00.22.W00"), el("Timestamp", "2026/03/05 08:00:07")))
    body = el("edXMLEnvelope", el("edXMLHeader", trace, header),
              '<E:edXMLBody><E:edXMLManifest version="1.0">%s</E:edXMLManifest></E:edXMLBody>' % "".join(manifest))
    return spell(body + el("AttachmentEncoded", *encoded), how)


def status(code, how, text):
    return spell(el("edXMLEnvelope", el("edXMLHeader", el(
        "MessageHeader", el("Timestamp", "2026/03/06 09:10:11"), el("StatusCode", code), el("Description", text),
        el("StaffInfo", el("Email", "vanthu@example.vn"), el("Staff", "Lê Văn C"), el("Department", "Văn thư")),
        el("ResponseFor", el("DocumentId", "H01.02,2026/03/01,10/UBND-VX"), el("PromulgationDate", "2026/03/01"), el("Code", "10/UBND-VX"), el("OrganId", "H01.02")),
        org("From", "H14", "UBND tỉnh Hai")))), how)


def save(name, text):
    with open(name, "w", encoding="utf-8", newline="") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n")


save("document_0_new.edxml", document("0", "samples", "Văn bản điện tử mới", attachments=[
    ("cid:1", "công văn.pdf", "application/zip", wrap(("cv.pdf", PDF))), ("cid:2", "phụ lục.pdf", "application/pdf", PDF)]))
save("document_1_revoke.edxml", document("1", "prefix", "Ban hành nhầm", attachments=[("cid:1", "a.pdf", "application/pdf", PDF)],
     more=el("ResponseFor", el("OrganId", "H14"), el("Code", "5/UBND"), el("DocumentId", "H14,2026/02/01,5/UBND"), el("PromulgationDate", "2026/02/01"))))
save("document_2_update.edxml", document("2", "default", "Sửa phụ lục", attachments=[("cid:1", "hồ sơ", "application/zip", wrap(("a.pdf", PDF), ("../b.txt", b"b\r\n")))],
     more='<x:taskInfo xmlns:x="urn:x" x:id="9">Mã việc <x:b>12</x:b></x:taskInfo><E:ResponseForTask><E:TaskCode>T-1</E:TaskCode></E:ResponseForTask>',
     business=el("DocumentId", "H01.02,2026/03/01,10/UBND-VX") + el("BussinessDocumentInfo", el(
         "ReceiverList", el("Receiver", el("ReceiverType", "0"), el("OrganId", "H14"))), el("DocumentInfo", "1"), el("DocumentReceiver", "1"))))
save("document_3_replace.edxml", document("3", "none", "Thay thế", attachments=[("cid:1", "rỗng.pdf", "application/pdf", b"")],
     business=el("ReplacementInfoList", el("ReplacementInfo", el("OrganIdList", el("OrganId", "000.00.00.H41"), el("OrganId", "H14")), el("DocumentId", "H01.02,2026/03/01,10/UBND-VX")))))
for code, how, text in [("01", "samples", "Đã đến"), ("02", "prefix", "Từ chối: sai nơi nhận"), ("03", "default", "Đã tiếp nhận"), ("04", "none", "Phân công"),
                        ("05", "samples", "Đang xử lý"), ("06", "prefix", "Hoàn thành"), ("13", "default", "Lấy lại vì nhầm"), ("15", "none", "Đồng ý"), ("16", "samples", "Từ chối")]:
    save("status_%s.edxml" % code, status(code, how, text))
