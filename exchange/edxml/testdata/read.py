#!/usr/bin/env python3
"""Reads messages with Python's own XML, ZIP and base64, and prints them as JSON."""
import base64, hashlib, io, json, sys, zipfile
import xml.etree.ElementTree as ET

NS = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"


def tree(e):
    assert e.tag.startswith(NS), e.tag
    kids = [tree(k) for k in e]
    text = (e.text or "").strip()
    out = {"name": e.tag[len(NS):]}
    if kids:
        out["in"] = kids
    elif text and out["name"] != "ContentTransferEncoded":
        out["text"] = text
    return out


def files(root):
    for a in root.iter(NS + "Attachment"):
        data = base64.b64decode("".join(a.findtext(NS + "ContentTransferEncoded").split()), validate=True)
        if a.findtext(NS + "ContentType") == "application/zip":
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                assert z.testzip() is None
                data = z.read(z.namelist()[0])
        yield hashlib.sha256(data).hexdigest()


root = ET.fromstring(sys.stdin.buffer.read())
json.dump({"tree": tree(root), "files": list(files(root))}, sys.stdout)
