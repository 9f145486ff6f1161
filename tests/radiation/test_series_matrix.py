"""GEO series matrices and GCT files, whole and damaged."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.radiation.expression_read import look, read
from engine.radiation.geo import line_in

N_PROBES = 15
VALUES = np.random.default_rng(3).normal(7, 2, (N_PROBES, 4)).clip(2, 14).round(4)
SAMPLES = ["GSM803615", "GSM803674", "GSM803733", "GSM803616"]
# The keys of the characteristics stand in another order in the third sample, as they do in real series.
TITLES = ["BT-549 rep 1", "BT-549 rep 2", "a leukaemia", "NCI-60, MCF7, array 1"]
FIRST = ["tissue: Breast", "tissue: Breast", "cell line: HL-60(TB)", "tissue: Breast"]
SECOND = ["cell line: BT-549", "cell line: BT-549", "tissue: Leukemia", "gender: F"]


def series(**changed) -> str:
    """A series matrix with four samples."""
    parts = {
        "accessions": SAMPLES,
        "header": ["ID_REF", *SAMPLES],
        "rows": [[f"{1000 + i}_at", *map(str, row)] for i, row in enumerate(VALUES)],
        "end": "!series_matrix_table_end\n",
    } | changed

    def line(*cells: str) -> str:
        return "\t".join([cells[0], *(f'"{cell}"' for cell in cells[1:])]) + "\n"

    return (
        line("!Series_title", "Some lines")
        + line("!Series_geo_accession", "GSE99")
        + line("!Series_platform_id", "GPL570")
        + "\n"
        + line("!Sample_title", *TITLES)
        + line("!Sample_geo_accession", *parts["accessions"])
        + line("!Sample_characteristics_ch1", *FIRST)
        + line("!Sample_characteristics_ch1", *SECOND)
        + line("!Sample_platform_id", *["GPL570"] * 4)
        + "!series_matrix_table_begin\n"
        + "\t".join(f'"{cell}"' for cell in parts["header"])
        + "\n"
        + "".join("\t".join([f'"{row[0]}"', *row[1:]]) + "\n" for row in parts["rows"])
        + parts["end"]
    )


def put(folder: Path, text: str, name: str = "GSE99_series_matrix.txt.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["GSE99_series_matrix.txt.gz", "plain.txt"])
def test_a_series_matrix_with_what_it_tells_of_its_samples(tmp_path, name):
    path, receipt = put(tmp_path, series(), name), Receipt()
    found = read(path, "", receipt)
    samples = found.expression.samples
    assert found.format == "GEO series matrix" == look(path)
    assert samples["sample"].tolist() == SAMPLES
    assert samples["line"].tolist() == ["BT-549", "BT-549", "HL-60", "MCF7"]
    assert samples["line_name"].tolist() == ["BT-549", "BT-549", "HL-60(TB)", "MCF7"]
    assert samples["panel"].tolist() == ["Breast", "Breast", "Leukemia", "Breast"]
    assert samples["replicate"].tolist() == [1, 2, 1, 1]
    assert found.expression.platform == "GPL570" and found.summary["platform"] == "GPL570"
    assert np.allclose(found.expression.values, VALUES.T, atol=1e-4) and found.expression.probes[0] == "1000_at"
    assert (receipt.read, receipt.kept, receipt.flagged) == (4, 4, {})


def test_missing_values_and_words(tmp_path):
    rows = [[f"{1000 + i}_at", *map(str, row)] for i, row in enumerate(VALUES)]
    rows[2][1], rows[3][2], rows[4][3] = "", "null", "absent"
    receipt = Receipt()
    found = read(put(tmp_path, series(rows=rows)), "", receipt).expression
    assert np.isnan(found.values).sum() == 3
    assert any("(row 16, column GSM803733: 'absent')" in note for note in receipt.notes)


def test_a_series_matrix_cut_in_half(tmp_path):
    text = series()
    middle = text.index("1007_at") - 1
    with pytest.raises(InputError, match="is cut off: the line !series_matrix_table_end is missing behind 7 rows"):
        read(put(tmp_path, text[:middle]), "", Receipt())
    with pytest.raises(InputError, match=r"is cut off or damaged in row 19: it has 1 values for 4 samples"):
        read(put(tmp_path, text[: middle + 16]), "", Receipt())
    with pytest.raises(InputError, match="is cut off or no series matrix: the line !series_matrix_table_begin is miss"):
        read(put(tmp_path, text[: text.index("!series_matrix_table_begin")]), "", Receipt())
    path = put(tmp_path, series(rows=[[f"{i}_at", "1.5", "2.5", "3.5", f"{i % 97}.25"] for i in range(9000)]))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert look(path) == "GEO series matrix"  # its beginning is in order
    with pytest.raises(InputError, match=r"matrix\.txt\.gz is cut off or damaged \(Compressed file ended"):
        read(path, "", Receipt())


@pytest.mark.parametrize("rows", [40, 9000])
def test_a_quotation_mark_that_is_not_closed(tmp_path, rows):
    """It would join two rows, or all that follow, which may be more than a cell may hold."""
    before, name, after = series(rows=[[f"{i}_at", "1.5", "2", "3", f"{i % 97}.25"] for i in range(rows)]).partition(
        '"20_at'
    )
    for damaged in (after[1:], after.replace('"', "")):
        with pytest.raises(InputError, match=r"has a quotation mark in row 32 that is not closed, so rows run into"):
            read(put(tmp_path, before + name + damaged), "", Receipt())


def test_a_series_without_a_table(tmp_path):
    with pytest.raises(InputError, match="holds no values: its series matrix has no table, as series of sequencing"):
        read(put(tmp_path, series(rows=[])), "", Receipt())
    with pytest.raises(InputError, match="holds no values: its series matrix has no table"):
        look(put(tmp_path, series(header=["ID_REF"], rows=[])))


def test_samples_that_are_not_described(tmp_path):
    with pytest.raises(InputError, match="its table has the samples GSM803616, which it does not describe"):
        read(put(tmp_path, series(accessions=[*SAMPLES[:3], "GSM1"])), "", Receipt())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("BT-549 rep 1", "BT-549"),
        ("SK-MEL-28", "SK-MEL-28"),
        ("expression of SK-OV-3, untreated", "SK-OV-3"),
        ("LE:CCRF-CEM_2", "LE:CCRF-CEM"),
        ("NCI60 NCI/ADR-RES", "NCI/ADR-RES"),
        ("tumour of patient 7", ""),
    ],
)
def test_lines_in_titles(text, line):
    assert line_in(text) == line


def gct(version: str) -> str:
    names = ["A549", "BR:MCF7", "s3", "s4"]
    if version == "#1.2":
        head = [version, f"{N_PROBES}\t4", "\t".join(["Name", "Description", *names])]
        beside = ["TP53"] + [f"GENE{i}" for i in range(1, N_PROBES)]
    else:
        head = [version, f"{N_PROBES}\t4\t1\t2", "\t".join(["id", "pr_gene_symbol", *names])]
        head += ["\t".join(["cell_line", "na", *names[:2], "SK-N-FI", "A549"])]
        head += ["\t".join(["dose", "na", "1", "2", "3", "4"])]
        beside = ["TP53"] + [f"GENE{i}" for i in range(1, N_PROBES - 1)] + [""]  # a probe without a gene stays
    rows = ["\t".join([f"{1000 + i}_at", beside[i], *map(str, row)]) for i, row in enumerate(VALUES)]
    return "\n".join([*head, *rows]) + "\n"


@pytest.mark.parametrize("version", ["#1.2", "#1.3"])
def test_gct(tmp_path, version):
    path = put(tmp_path, gct(version), "x.gct")
    found = read(path, "", Receipt())
    assert found.format == f"GCT {version[1:]}" == look(path)
    assert found.expression.samples["sample"].tolist() == ["A549", "BR:MCF7", "s3", "s4"]
    lines = ["A549", "MCF7", "S3", "S4"] if version == "#1.2" else ["A549", "MCF7", "SKNFI", "A549"]
    assert found.expression.samples["line"].tolist() == lines
    assert found.expression.probes[0] == "1000_at" and np.allclose(found.expression.values, VALUES.T, atol=1e-4)
    assert found.expression.symbols.tolist()[:2] == ["TP53", "GENE1"]


def test_damaged_gct(tmp_path):
    text = gct("#1.2")
    with pytest.raises(InputError, match="announces 15 rows but holds 14: it is cut off, download or save it again"):
        read(put(tmp_path, text[: text.index("1014_at")], "x.gct"), "", Receipt())
    with pytest.raises(InputError, match="is cut off in row 18, which is shorter than its header"):
        read(put(tmp_path, text[: text.index("1014_at") + 20], "x.gct"), "", Receipt())
    with pytest.raises(InputError, match="announces 5 samples but row 3 names 4: it is damaged or cut off"):
        look(put(tmp_path, text.replace("15\t4", "15\t5"), "x.gct"))
    with pytest.raises(InputError, match=r"row 2 does not tell its size \('many\\tfew'\): save it again"):
        look(put(tmp_path, text.replace("15\t4", "many\tfew"), "x.gct"))
    with pytest.raises(InputError, match="has 7 values in row 5 where its header has 6"):
        read(put(tmp_path, text.replace("\n1001_at", "\n1001_at\textra"), "x.gct"), "", Receipt())
