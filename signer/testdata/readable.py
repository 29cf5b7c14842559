"""Says as JSON of each PDF why pyHanko cannot read it to the last object, or
nothing: what it cannot read, it cannot judge signatures in.

usage: readable.py FILE.pdf...
"""

import json
import sys

from pyhanko.pdf_utils.reader import PdfFileReader


def why(path):
    try:
        with open(path, "rb") as f:
            reader = PdfFileReader(f, strict=False)
            if reader.encrypted:
                reader.decrypt("")
            last = reader.get_historical_resolver(reader.xrefs.total_revisions - 1)
            last._load_reverse_xref_cache()  # what it does before it compares revisions
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return ""


print(json.dumps([why(path) for path in sys.argv[1:]]))
