"""Says as JSON what pyHanko finds in each signature of a PDF.

usage: judge.py ROOT.pem TIME FILE.pdf
"""

import json
import sys
from datetime import datetime

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def text(value, key):
    # Not value.get(key), which gives the string of an encrypted file as it is stored.
    return str(value[key]) if key in value else ""


def main(root, moment, path):
    with open(root, "rb") as f:
        _, _, der = pem.unarmor(f.read())
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der)],
        moment=datetime.fromisoformat(moment.replace("Z", "+00:00")),
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    answers = []
    with open(path, "rb") as f:
        reader = PdfFileReader(f, strict=True)
        if reader.encrypted:
            reader.decrypt("")
        for sig in reader.embedded_regular_signatures:
            status = validate_pdf_signature(sig, context, context)
            value = sig.sig_object
            answers.append({
                "field": sig.field_name,
                "coverage": status.coverage.name,
                "modification": status.modification_level.name if status.modification_level else "",
                "intact": status.intact,
                "valid": status.valid,
                "trusted": status.trusted,
                "bottom": status.bottom_line,
                "stamped": bool(status.timestamp_validity and status.timestamp_validity.valid and status.timestamp_validity.trusted),
                "name": text(value, "/Name"),
                "reason": text(value, "/Reason"),
                "location": text(value, "/Location"),
                "contact": text(value, "/ContactInfo"),
                "signed": text(value, "/M"),
            })
    print(json.dumps(answers))


main(*sys.argv[1:])
