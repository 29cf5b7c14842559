"""Says as JSON what pyHanko finds in the signatures of PDFs, without a network:
with the evidence in the file alone, each status required ("bottom"); by the rules
for long-term validation (EN 319 102-1, 5.6.3), which pyHanko applies only to
signatures that have a time-stamp of their own ("long"); and of each document
time-stamp, with the lists that are given.

usage: judge_lta.py [--lenient] ROOT.pem NOW SIGNED LIST.crl,... FILE.pdf...

With --lenient files are read that are not quite as the standard would have them, and
metadata that is no XMP is no fault as long as it stays as it was.
"""

import asyncio
import json
import sys
from datetime import datetime

import pyhanko.sign.validation.ades
import pyhanko_certvalidator.ltv.ades_past
import pyhanko_certvalidator.ltv.poe
from asn1crypto import crl, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, StandardDiffPolicy
from pyhanko.sign.diff_analysis.rules.metadata_rules import MetadataUpdateRule
from pyhanko.sign.validation import (
    DocumentSecurityStore,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer


def load(root, lists):
    with open(root, "rb") as f:
        _, _, der = pem.unarmor(f.read())
    known = []
    for path in filter(None, lists.split(",")):
        with open(path, "rb") as f:
            known.append(crl.CertificateList.load(f.read()))
    return x509.Certificate.load(der), known


def policy(strict):
    if strict:
        return DEFAULT_DIFF_POLICY
    # The rule by which metadata may change asks that it be XMP, changed or not.
    rules = [r for r in DEFAULT_DIFF_POLICY.global_rules if not isinstance(getattr(r, "rule", r), MetadataUpdateRule)]
    return StandardDiffPolicy(rules, DEFAULT_DIFF_POLICY.form_rule)


def specification(root, lists, strict):
    return PdfSignatureValidationSpec(
        diff_policy=policy(strict),
        signature_validation_spec=SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build([root]),
                revinfo_policy=CertRevTrustPolicy(
                    REQUIRE_REVINFO,
                    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
                ),
            ),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
            ),
            local_knowledge=LocalKnowledge(
                known_crls=[CRLContainer(c) for c in lists]
            ),
        )
    )


def contexts(reader, root, lists, at, signed):
    options = {
        "trust_roots": [root],
        "allow_fetching": False,
        "revocation_mode": "require",
    }
    store = DocumentSecurityStore.read_dss(reader)
    return (
        store.as_validation_context({**options, "moment": signed}),
        ValidationContext(
            **options, moment=at, crls=lists, other_certs=list(store.load_certs())
        ),
    )


def judge(path, strict, root, lists, at, signed):
    answers = []
    with open(path, "rb") as f:
        reader = PdfFileReader(f, strict=strict)
        if reader.encrypted:
            reader.decrypt("")
        alone, now = contexts(reader, root, lists, at, signed)
        found = [
            validate_pdf_timestamp(stamp, now)
            for stamp in reader.embedded_timestamp_signatures
        ]
        stamps = [s.intact and s.valid and s.trusted for s in found]
        for sig in reader.embedded_regular_signatures:
            status = validate_pdf_signature(sig, alone, alone, diff_policy=policy(strict))
            result = asyncio.run(
                ades_lta_validation(
                    sig,
                    specification(root, lists, strict),
                    timing_info=ValidationTimingInfo(at, at, True),
                )
            )
            answers.append({
                "field": sig.field_name,
                "bottom": status.bottom_line,
                "modification": status.modification_level.name,
                "long": result.ades_subindic.status.name,
                "sub": getattr(result.ades_subindic, "name", ""),
                "archived": result.oldest_evidence_record_timestamp is not None,
                "stamps": stamps,
            })
    return answers


def set_clock(at):
    """What is given now exists since now, whatever the clock of the machine says."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    for module in (
        pyhanko.sign.validation.ades,
        pyhanko_certvalidator.ltv.ades_past,
        pyhanko_certvalidator.ltv.poe,
    ):
        module.datetime = Clock


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def main(*args):
    strict = args[0] != "--lenient"
    root, at, signed, lists, *files = args if strict else args[1:]
    root, lists = load(root, lists)
    set_clock(moment(at))
    answers = []
    for path in files:
        try:
            answers.append(judge(path, strict, root, lists, moment(at), moment(signed)))
        except Exception as e:  # of a stranger's file
            answers.append([{"error": f"{type(e).__name__}: {e}"}])
    print(json.dumps(answers))


main(*sys.argv[1:])
