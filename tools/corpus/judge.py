"""Says of signatures in PDF files, a question and an answer a line, what keeps
pyHanko from calling them valid.

Where it does not call them valid, the control is asked for: pyHanko signs the
file itself, as often, and judges that. What it says then of its own signatures is
about the file.

usage: judge.py ROOT.pem TIME KEY.pem
"""

import io
import json
import logging
import resource
import signal
import sys
from datetime import datetime

from asn1crypto import pem, x509
from asn1crypto.keys import PrivateKeyInfo
from pyhanko.pdf_utils import reader as pdf_reader
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, StandardDiffPolicy
from pyhanko.sign.diff_analysis.rules.metadata_rules import MetadataUpdateRule
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

logging.disable(logging.CRITICAL)
PATIENCE = 300  # seconds
# pyHanko walks a file by recursion: a deep one needs more of it than Python allows at first.
DEPTH, STACK = 20_000, 64 << 20  # calls, bytes

# pyHanko's own rules but for the one by which metadata may change. That rule finds
# fault with metadata that is no XMP even where it is what it was. Without it nothing
# more is allowed: any change of metadata is one that no rule explains.
METADATA_STAYS = StandardDiffPolicy(
    [r for r in DEFAULT_DIFF_POLICY.global_rules if not isinstance(getattr(r, "rule", r), MetadataUpdateRule)],
    DEFAULT_DIFF_POLICY.form_rule,
)


# pyHanko reads nothing of a file that does not begin with %PDF-d.d. What version it is
# has no part in what signatures are worth, so it is told one; the answer says that.
read_version = pdf_reader._read_header_version
told = []


def version(stream):
    try:
        return read_version(stream)
    except PdfReadError:
        told.append(True)
        return 1, 7


pdf_reader._read_header_version = version


class Late(Exception):
    pass


def late(*_):
    raise Late(f"no answer within {PATIENCE} s")


def judge(f, names, root, moment):
    reader = PdfFileReader(f, strict=False)
    if reader.encrypted:
        reader.decrypt("")
    found = {s.field_name: s for s in reader.embedded_regular_signatures}
    for name in names:
        if name not in found:
            return f"no signature {name}"
        context = ValidationContext(
            trust_roots=[root], moment=moment, allow_fetching=False, revocation_mode="soft-fail"
        )
        status = validate_pdf_signature(found[name], context, context, diff_policy=METADATA_STAYS)
        if not status.bottom_line:
            return f"{name}: {status.summary()} {status.modification_level}"
    return ""


def load(path):
    with open(path, "rb") as f:
        parts = list(pem.unarmor(f.read(), multiple=True))
    certs = [x509.Certificate.load(der) for name, _, der in parts if name == "CERTIFICATE"]
    key = next(PrivateKeyInfo.load(der) for name, _, der in parts if name == "PRIVATE KEY")
    store = SimpleCertificateStore()
    store.register_multiple(certs)
    return signers.SimpleSigner(signing_cert=certs[0], signing_key=key, cert_registry=store)


def control(path, times, root, moment, signer):
    with open(path, "rb") as f:
        data = io.BytesIO(f.read())
    names = [f"Control{i}" for i in range(times)]
    for name in names:
        w = IncrementalPdfFileWriter(data, strict=False)
        if w.prev.encrypted:
            w.encrypt("")
        w._update_meta = lambda: None  # leave the document's own as it is, as we do
        meta = signers.PdfSignatureMetadata(field_name=name, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256")
        data = io.BytesIO(signers.PdfSigner(meta, signer).sign_pdf(w).getvalue())
    return judge(data, names, root, moment)


def answer(ask):
    """Returns what keeps ask from an empty answer, in time."""
    signal.alarm(PATIENCE)
    try:
        return ask()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    finally:
        signal.alarm(0)


def main(root, moment, key):
    with open(root, "rb") as f:
        _, _, der = pem.unarmor(f.read())
    signer = load(key)
    root = x509.Certificate.load(der)
    moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    signal.signal(signal.SIGALRM, late)
    print("ready", flush=True)
    for line in sys.stdin:
        q = json.loads(line)
        with open(q["path"], "rb") as f:
            told.clear()
            why = answer(lambda: judge(f, q["fields"], root, moment))
            helped = bool(told)
        own = why and answer(lambda: control(q["input"], len(q["fields"]), root, moment, signer))
        print(json.dumps({"why": why, "control": own, "told": helped}), flush=True)


sys.setrecursionlimit(DEPTH)
resource.setrlimit(resource.RLIMIT_STACK, (STACK, resource.getrlimit(resource.RLIMIT_STACK)[1]))
main(*sys.argv[1:])
