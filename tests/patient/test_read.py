"""Whatever bytes a person gives: packings, limits, other kinds of files, and the real exomes."""

import gzip
import hashlib
import io
import random
import zipfile

import pytest

from engine.errors import InputError
from engine.patient import rows as row_limits
from engine.patient import unpack
from engine.patient.read import read

TABLE = b"Gene,Protein change\nBRAF,V600E\nKRAS,G12D\n"
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n7\t140453136\t.\tA\tT\t.\tPASS\t.\n"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def bgzipped(content: bytes, end: bool = True) -> bytes:
    """Members with bgzip's extra field, and its empty last one."""
    members = []
    for start in range(0, len(content), 50):
        packed = bytearray(gzip.compress(content[start : start + 50], mtime=0))
        packed[3] = 4
        size = len(packed) + 8 - 1
        members.append(bytes(packed[:10]) + b"\x06\x00BC\x02\x00" + size.to_bytes(2, "little") + bytes(packed[10:]))
    return b"".join(members) + (unpack._BGZF_END if end else b"")


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        gzip.compress(TABLE),
        gzip.compress(TABLE[:20]) + gzip.compress(TABLE[20:]),
        bgzipped(TABLE),
        zipped(list=TABLE),
        zipped(list=TABLE, **{"__MACOSX/list": b"x"}),
        zipped(list=gzip.compress(TABLE)),
    ],
)
def test_packings(content):
    reading = read(content)
    assert reading.rows["gene"].tolist() == ["BRAF", "KRAS"] and reading.rows["row"].tolist() == [2, 3]
    assert reading.sha256 == hashlib.sha256(content).hexdigest()
    assert reading.notes == ()


def test_a_workbook_inside_an_archive():
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Gene", "Protein change"])
    book.active.append(["BRAF", "V600E"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert read(zipped(list=buffer.getvalue())).rows["gene"].tolist() == ["BRAF"]
    with pytest.raises(InputError, match="damaged"):
        read(buffer.getvalue()[:-300])


def test_bgzip_without_its_end_mark_is_told():
    assert read(bgzipped(TABLE, end=False)).notes == (
        "The packed file lacks its end mark: rows at its end may be missing.",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b" \n\r\n\t\n", "The file is empty"),
        (gzip.compress(b""), "The file is empty"),
        (b"\xff\xd8\xff\xe0 a photo", "The file is a JPEG photo, not a mutation list"),
        (b"\x89PNG\r\n", "The file is a PNG image"),
        (gzip.compress(b"%PDF-1.7"), "The file is a PDF document"),
        (b"<!DOCTYPE html><html></html>", "The file is a web page"),
        (b'{"mutations": []}', "The file is JSON"),
        (random.Random(0).randbytes(5000), "it holds binary data"),
        (TABLE * 10_000 + b"\0\0", "it holds binary data in row"),
        (bgzipped(b"BCF\x02\x02" + b"\0" * 50), "The file is a BCF file: make a VCF of it"),
        (bgzipped(b"BAM\x01"), "an alignment \\(BAM\\)"),
        (b"PAR1", "a Parquet file: save its table as CSV"),
        (gzip.compress(TABLE * 1000)[:-20], "cut off or damaged"),
        (gzip.compress(TABLE) + b"garbage", "cut off or damaged"),
        (b"\x1f\x8b\x08\x00", "cut off or damaged"),
        (b"PK\x03\x04 cut", "cut off or damaged"),
        (zipped(a=TABLE, b=TABLE), "packs 2 files"),
        (zipped(), "packs 0 files"),
        (gzip.compress(gzip.compress(gzip.compress(TABLE))), "packed more than twice"),
        (b"A" * 9_000_000, "its first row does not end"),
        (VCF.replace(b"PASS", b"A" * 9_000_000), "Row 3 of the file has more than 8,000,000 characters"),
    ],
)
def test_what_is_refused(content, message):
    with pytest.raises(InputError, match=message):
        read(content, "patient.vcf.gz")


@pytest.mark.parametrize(
    ("part", "message"),
    [("word/document.xml", "a Word document"), ("content.xml", "an OpenDocument file"), ("xl/workbook.bin", "XLSB")],
)
def test_documents_of_office_programs(part, message):
    with pytest.raises(InputError, match=message):
        read(zipped(**{part: b"x"}))


def test_a_locked_archive():
    content = bytearray(zipped(list=TABLE))
    for at in (6, content.index(b"PK\x01\x02") + 8):
        content[at] |= 1  # the flag of a password
    with pytest.raises(InputError, match="locked by a password"):
        read(bytes(content))


def test_an_archive_of_a_later_kind():
    content = bytearray(zipped(list=TABLE))
    content[content.index(b"PK\x01\x02") + 6] = 200
    with pytest.raises(InputError, match="damaged"):
        read(bytes(content))


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(list=content)], ids=["gz", "zip"])
def test_a_bomb_is_stopped_while_it_unpacks(pack):
    line = b"7\t140453136\t.\tA\t<X>\t.\tPASS\t" + b"A" * 1_000_000 + b"\n"
    with pytest.raises(InputError, match="hundreds of times its size"):
        read(pack(VCF + line * 100))


def test_a_file_that_is_too_large_says_the_limit(monkeypatch):
    monkeypatch.setattr(unpack, "FILE_BYTES", 10)
    with pytest.raises(InputError, match="at most"):
        read(TABLE)


def test_too_much_unpacked(monkeypatch):
    monkeypatch.setattr(unpack, "UNPACKED_BYTES", 100)
    with pytest.raises(InputError, match="unpacks to more than"):
        read(gzip.compress(TABLE * 100))


def test_too_many_rows(monkeypatch):
    monkeypatch.setattr(row_limits, "ROWS", 5)
    with pytest.raises(InputError, match="more than 5 variants"):
        read(VCF + VCF.splitlines(keepends=True)[2] * 5)


def test_text_named_vcf_without_its_header():
    with pytest.raises(InputError, match="called a VCF but has no line #CHROM"):
        read(b"BRAF V600E\n", "mine.VCF")


@pytest.mark.parametrize("content", [b"BRAF V600E\nKRAS G12D\n", b"BRAF\tV600E\nKRAS\tG12D", b"BRAF,V600E\rKRAS,G12D"])
def test_anything_else_is_read_as_text(content):
    reading = read(content)
    assert reading.rows["gene"].tolist() == ["BRAF", "KRAS"]
    assert reading.sha256 == hashlib.sha256(content).hexdigest()


def test_messages_hold_nothing_of_the_file():
    for content in (b"Gene,Patient\nJANE,DOE\n", VCF.replace(b"#CHROM", b"#JANE"), gzip.compress(TABLE + b"JANE")[:-9]):
        with pytest.raises(InputError) as refused:
            read(content, "jane_doe.vcf")
        assert "jane" not in str(refused.value).lower()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("line", "rows"),
    [("A549", 785), ("HCT-116", 4416), ("K-562", 508), ("MALME-3M", 320), ("MCF7", 659), ("SK-MEL-5", 813)],
)
def test_every_row_of_the_real_exomes(real_data, line, rows):
    content = (real_data / f"patients/{line}.GRCh37.maf.gz").read_bytes()
    reading = read(content, f"{line}.GRCh37.maf.gz")
    assert reading.rows["row"].tolist() == list(range(2, rows + 2))
    assert len(gzip.decompress(content).splitlines()) == rows + 1
    assert (reading.format, reading.declared_build, reading.sample) == ("MAF", "GRCh37", line)
    assert (reading.rows["problem"] == "").all() and (reading.rows["gene"] != "").all()
    assert reading.rows["position"].notna().all()
