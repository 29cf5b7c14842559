"""Says of signed PDF files, a question and an answer a line, what pyHanko makes of
them: whether each signature is intact and what followed it is permitted, and with a
root and lists, whether it is valid.

usage: validate.py ROOT.pem TIME LIST.crl...
"""

import json
import logging
import signal
import sys
from datetime import datetime

from asn1crypto import crl, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)
PATIENCE = 60  # seconds


class Late(Exception):
    pass


def late(*_):
    raise Late(f"no answer within {PATIENCE} s")


def load(path):
    with open(path, "rb") as f:
        data = f.read()
    return pem.unarmor(data)[2] if pem.detect(data) else data


def judge(path, trust, context):
    with open(path, "rb") as f:
        reader = PdfFileReader(f, strict=False)
        if reader.encrypted:
            reader.decrypt("")
        signatures = reader.embedded_regular_signatures
        for s in reader.embedded_timestamp_signatures:
            status = validate_pdf_timestamp(s, context())
            if not (status.intact and status.valid):
                return f"{s.field_name}: {status.summary()}"
        if not signatures:
            return "unsigned"
        for s in signatures:
            status = validate_pdf_signature(s, context(), context())
            if trust and not status.bottom_line:
                return f"{s.field_name}: {status.summary()}"
            if not (status.intact and status.valid):
                return f"{s.field_name}: {status.summary()}"
            if status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
                return f"{s.field_name}: coverage {status.coverage.name}"
            if status.modification_level == ModificationLevel.OTHER or status.docmdp_ok is False:
                return f"{s.field_name}: changes {status.modification_level.name if status.modification_level else 'not permitted'}"
    return ""


def main(root, moment, *lists):
    roots = [x509.Certificate.load(load(root))]
    crls = [crl.CertificateList.load(load(name)) for name in lists]
    moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))

    def trusting():
        return ValidationContext(trust_roots=roots, crls=crls, moment=moment, allow_fetching=False, revocation_mode="require")

    def trustless():
        return ValidationContext(trust_roots=[], moment=moment, allow_fetching=False, revocation_mode="soft-fail")

    signal.signal(signal.SIGALRM, late)
    print("ready", flush=True)
    for line in sys.stdin:
        q = json.loads(line)
        signal.alarm(PATIENCE)
        try:
            why = judge(q["path"], q["trust"], trusting if q["trust"] else trustless)
        except Exception as e:
            why = f"{type(e).__name__}: {e}"
        finally:
            signal.alarm(0)
        print(json.dumps({"why": why}), flush=True)


main(*sys.argv[1:])
