"""Series of the Gene Expression Omnibus: where the series matrix of an accession lies.

Addresses as https://www.ncbi.nlm.nih.gov/geo/info/download.html gives them: folders of a thousand series each.
"""

import re

from engine.errors import InputError
from engine.fetch.releases import EXPRESSION, Release, files_of

SOURCE = "geo"
ROOT = "https://ftp.ncbi.nlm.nih.gov/geo/series"
LICENCE = "NCBI places no restrictions; submitters may, see the series' page"
TERMS = "https://www.ncbi.nlm.nih.gov/geo/info/disclaimer.html"
SEVERAL = (
    "Of a series measured on several platforms, GEO keeps one matrix per platform: name it, as in `fetch geo "
    "GSE2109-GPL570`."
)
_ACCESSION = re.compile(r"(GSE(\d{1,8}))(-GPL\d{1,8})?", re.IGNORECASE)


def series_release(accession: str) -> Release:
    """The series matrix of an accession: GSE32474, or GSE2109-GPL570 where a series has several platforms.

    One that the table of public releases knows is taken from there. Raises InputError for anything else.
    """
    found = _ACCESSION.fullmatch(accession.strip())
    if found is None:
        raise InputError(
            f"{accession!r} is no series of GEO: give an accession such as GSE32474 (a sample, GSM..., or a platform, "
            "GPL..., has no series matrix)."
        )
    series, platform = found[1].upper(), (found[3] or "").upper()
    file = f"{series}{platform}_series_matrix.txt.gz"
    known = next((one for one in files_of(SOURCE) if one.file == file), None)
    return known or Release(
        source=SOURCE,
        file=file,
        kind=EXPRESSION,
        dataset="",
        release=f"GEO {series}{platform}",
        url=f"{ROOT}/GSE{found[2][:-3]}nnn/{series}/matrix/{file}",
        bytes=None,
        checksum="",
        licence=LICENCE,
        terms=TERMS,
        use="Gene expression of its samples",
    )
