"""Signs or validates a PDF with pyHanko, a question and an answer a line, and says
how many milliseconds that took. What is read or made once (key, roots) is not in it.

usage: pyhanko.py ROOT.pem TIME KEY.pem; then lines "validate PATH" or "sign PATH"
"""

import io
import logging
import sys
import time
from datetime import datetime

from asn1crypto import pem, x509
from asn1crypto.keys import PrivateKeyInfo
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

logging.disable(logging.CRITICAL)


def load(path):
    with open(path, "rb") as f:
        parts = list(pem.unarmor(f.read(), multiple=True))
    certs = [x509.Certificate.load(der) for name, _, der in parts if name == "CERTIFICATE"]
    key = next((PrivateKeyInfo.load(der) for name, _, der in parts if name == "PRIVATE KEY"), None)
    return certs, key


def validate(data, root, moment):
    for sig in PdfFileReader(io.BytesIO(data)).embedded_regular_signatures:
        context = ValidationContext(trust_roots=[root], moment=moment, allow_fetching=False, revocation_mode="soft-fail")
        status = validate_pdf_signature(sig, context, context)
        if not (status.intact and status.valid):
            raise ValueError(status.summary())


def sign(data, signer):
    meta = signers.PdfSignatureMetadata(field_name="Bench", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), meta, signer=signer, output=io.BytesIO())


def main(root, moment, key):
    (root,), _ = load(root)
    moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    certs, private = load(key)
    store = SimpleCertificateStore()
    store.register_multiple(certs)
    signer = signers.SimpleSigner(signing_cert=certs[0], signing_key=private, cert_registry=store)
    print("ready", flush=True)
    for line in sys.stdin:
        act, path = line.rstrip("\n").split(" ", 1)
        with open(path, "rb") as f:
            data = f.read()
        begin = time.perf_counter()
        if act == "sign":
            sign(data, signer)
        else:
            validate(data, root, moment)
        print((time.perf_counter() - begin) * 1000, flush=True)


main(*sys.argv[1:])
