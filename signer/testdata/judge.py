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
        for sig in PdfFileReader(f, strict=True).embedded_regular_signatures:
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
                "name": str(value.get("/Name", "")),
                "reason": str(value.get("/Reason", "")),
                "location": str(value.get("/Location", "")),
                "contact": str(value.get("/ContactInfo", "")),
                "signed": str(value.get("/M", "")),
            })
    print(json.dumps(answers))


main(*sys.argv[1:])
