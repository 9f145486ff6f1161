"""Matrices of expression as people have them, and everything that may be wrong with them."""

import gzip
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.files import tables
from engine.files.receipt import Receipt
from engine.radiation.arrays import NO_PANEL, base_name, numbered
from engine.radiation.expression_read import look, read, read_expression
from engine.radiation.types import Expression

GENES = ["TP53", "KRAS", "BRAF", "EGFR", "MYC", "PTEN", "RB1", "BRCA1", "BRCA2", "ATM", "JUN", "STAT1"]
PROBES = [f"{1000 + i}_at" for i in range(len(GENES))]
LINES = ["A549/ATCC", "MCF-7", "HL-60(TB)", "NCI/ADR-RES"]


def matrix(seed: int = 0, lines: list[str] = LINES, probes: list[str] = PROBES) -> pd.DataFrame:
    """log2 values, probes in rows."""
    values = np.random.default_rng(seed).normal(7, 2, (len(probes), len(lines))).clip(2, 15).round(3)
    return pd.DataFrame(values, index=pd.Index(probes, name="probe"), columns=lines)


def written(folder: Path, frame: pd.DataFrame, name: str = "mine.csv", **how) -> Path:
    path = folder / name
    frame.to_csv(path, **how)
    return path


def read_it(path: Path) -> tuple[Expression, Receipt]:
    receipt = Receipt()
    return read_expression(path, "", receipt), receipt


def same(found: Expression, frame: pd.DataFrame) -> bool:
    return np.allclose(found.values, frame.to_numpy().T, atol=1e-4, equal_nan=True)


def test_probes_in_rows_with_spellings_and_panels(tmp_path):
    frame = matrix()
    found, receipt = read_it(written(tmp_path, frame))
    assert same(found, frame) and found.values.dtype == np.float32 and found.values.flags.c_contiguous
    assert found.probes.tolist() == PROBES and set(found.symbols) == {""}
    assert found.samples.columns.tolist() == ["sample", "line", "line_name", "panel", "replicate"]
    assert found.samples["line"].tolist() == ["A549", "MCF7", "HL-60", "NCI/ADR-RES"]
    assert found.samples["line_name"].tolist() == LINES == found.samples["sample"].tolist()
    assert found.samples["panel"].tolist() == ["Non-small cell lung", "Breast", "Leukemia", "Ovarian"]
    assert (found.scale, receipt.read, receipt.kept, receipt.flagged) == ("log2", 4, 4, {})
    assert "Rows are probes, by the names on its sides." in receipt.notes


@pytest.mark.parametrize("names", [PROBES, GENES])
def test_a_transposed_matrix_is_the_same_matrix(tmp_path, names):
    frame = matrix(probes=names)
    found, receipt = read_it(written(tmp_path, frame.T.rename_axis("whatever"), "turned.tsv", sep="\t"))
    straight, _ = read_it(written(tmp_path, frame))
    assert same(found, frame) and found.probes.tolist() == names
    assert "Rows are samples, by the names on its sides." in receipt.notes
    pd.testing.assert_frame_equal(found.samples, straight.samples)
    assert found.symbols.tolist() == straight.symbols.tolist() == (names if names is GENES else [""] * len(names))


def test_unknown_names_are_told_apart_by_the_longer_side(tmp_path):
    frame = matrix(lines=["P1", "P2", "P3"], probes=[f"thing {i}" for i in range(40)])
    found, receipt = read_it(written(tmp_path, frame.rename_axis("")))
    assert found.values.shape == (3, 40) and "Rows are probes, as the longer side holds the probes." in receipt.notes
    found, _ = read_it(written(tmp_path, frame.T.rename_axis("")))
    assert found.values.shape == (3, 40) and found.samples["sample"].tolist() == ["P1", "P2", "P3"]


def test_unknown_lines_keep_their_name_and_are_counted(tmp_path):
    frame = matrix(lines=["A549", "SK-N-FI", "My line 7"])
    found, receipt = read_it(written(tmp_path, frame))
    assert found.samples["line"].tolist() == ["A549", "SKNFI", "MYLINE7"]
    assert found.samples["line_name"].tolist() == ["A549", "SK-N-FI", "My line 7"]
    assert found.samples["panel"].tolist() == ["Non-small cell lung", "", ""]
    assert receipt.flagged == {NO_PANEL: 2} and receipt.examples[NO_PANEL] == ["sample SK-N-FI", "sample My line 7"]


def test_linear_values_become_log2(tmp_path):
    frame = matrix()
    found, receipt = read_it(written(tmp_path, 2**frame - 1))
    assert same(found, frame) and found.scale == "log2"
    assert "Its values are linear by their range and were turned into log2(x + 1)." in receipt.notes
    below = 2**frame - 1
    below.iloc[0, 0] = -20
    found, receipt = read_it(written(tmp_path, below))
    assert found.values[0, 0] == 0 and "1 negative intensities count as 0." in receipt.notes


def test_log_and_linear_samples_in_one_file_are_refused(tmp_path):
    frame = matrix(lines=[*LINES, "K-562"])
    frame["K-562"] = 2 ** frame["K-562"]
    told = r"mine\.csv mixes scales: 1 of 5 samples are linear and the others are not \(K-562\).*best log2"
    with pytest.raises(InputError, match=told):
        read_it(written(tmp_path, frame))
    frame[LINES[:3]] = 2 ** frame[LINES[:3]]
    with pytest.raises(InputError, match=r"1 of 5 samples are logarithmic and the others are not \(NCI/ADR-RES\)"):
        read_it(written(tmp_path, frame))


def test_one_wild_cell_is_not_a_scale(tmp_path):
    frame = matrix(probes=[f"{i}_at" for i in range(300)])
    frame.iloc[7, 1] = 9520.0
    found, receipt = read_it(written(tmp_path, frame))
    assert np.isnan(found.values[1, 7]) and np.isnan(found.values).sum() == 1
    assert "1 values above 30 cannot be log2 and count as missing." in receipt.notes


def test_z_scores_are_kept(tmp_path):
    frame = matrix(probes=GENES, lines=[f"line {i}" for i in range(30)])
    z = frame.sub(frame.mean(axis=1), axis=0).div(frame.std(axis=1), axis=0)
    found, receipt = read_it(written(tmp_path, z))
    assert found.scale == "z" and same(found, z) and any("centred" in note for note in receipt.notes)


def test_nan_columns_rows_and_cells(tmp_path):
    frame = matrix(lines=[*LINES, "K-562", "SR", "SN12C"], probes=[f"{i}_at" for i in range(40)])
    frame["K-562"] = np.nan
    frame.loc[frame.index[:9], "SR"] = np.nan
    frame.loc["5_at"] = np.nan
    frame.iloc[20, 0] = np.nan
    frame["SN12C"] = 7.0
    found, receipt = read_it(written(tmp_path, frame))
    assert found.samples["line"].tolist() == ["A549", "MCF7", "HL-60", "NCI/ADR-RES"]
    assert receipt.dropped == {
        "no values at all": 1,
        "more than 20% of the values missing": 1,
        "all values are the same": 1,
    }
    assert receipt.examples["no values at all"] == ["sample K-562"] and (receipt.read, receipt.kept) == (7, 4)
    assert "5_at" not in found.probes and len(found.probes) == 39
    assert "1 probes without a name or without a value were left out." in receipt.notes
    assert np.isnan(found.values).sum() == 1 and np.isnan(found.values[0, 19])


def test_nothing_but_missing_values_is_refused(tmp_path):
    frame = matrix()
    frame[:] = np.nan
    with pytest.raises(InputError, match="holds no value at all: every cell of its 4 samples is missing"):
        read_it(written(tmp_path, frame))
    frame.iloc[:5] = 7.5
    frame.iloc[0, 0] = 7.0
    frame.iloc[0, 1:] = np.nan
    with pytest.raises(
        InputError, match="holds no sample that can be used, of 4: 3 more than 20% of the values missing, 1 all"
    ):
        read_it(written(tmp_path, frame.assign(**{LINES[0]: 7.5})))


def test_cells_that_are_no_numbers_are_counted_with_their_place(tmp_path):
    frame = matrix().astype(object)
    frame.iloc[2, 1], frame.iloc[3, 0], frame.iloc[4, 2] = "high", "NA", "1.2.3"
    found, receipt = read_it(written(tmp_path, frame))
    assert np.isnan(found.values).sum() == 3
    told = (
        "2 cells are no numbers and count as missing (row 4, column MCF-7: 'high'; row 6, column HL-60(TB): '1.2.3')."
    )
    assert told in receipt.notes


def test_infinite_values_are_missing(tmp_path):
    frame = matrix()
    frame.iloc[1, 1] = -np.inf
    found, receipt = read_it(written(tmp_path, frame))
    assert np.isnan(found.values[1, 1]) and "1 infinite values count as missing." in receipt.notes


def test_duplicate_samples(tmp_path):
    frame = matrix(lines=["A549", "A549_rep2", "MCF7", "MCF7", "SR", "K-562"])
    frame["A549_rep2"] = frame["A549"]  # the same array twice
    frame["K-562"] = frame["SR"]  # the same array under two lines
    found, receipt = read_it(written(tmp_path, frame))
    assert found.samples["sample"].tolist() == ["A549", "MCF7", "MCF7 (2)", "SR", "K-562"]
    assert found.samples["line"].tolist() == ["A549", "MCF7", "MCF7", "SR", "K-562"]
    assert found.samples["replicate"].tolist() == [1, 1, 2, 1, 1]
    assert receipt.dropped == {"a copy of another sample of its line, value by value": 1}
    assert receipt.flagged["a sample of that name comes twice, renamed"] == 1
    assert receipt.flagged["the same values as a sample of another cell line: look why"] == 1
    assert np.allclose(found.values[2], frame.iloc[:, 3]) and len(found.values) == 5


@pytest.mark.parametrize(
    ("written_as", "given", "base"),
    [
        ("A549.1", {"A549.1"}, "A549"),
        ("SK-MEL-2_3", {"SK-MEL-2_3"}, "SK-MEL-2"),
        ("SK-MEL-28", {"SK-MEL-28"}, "SK-MEL-28"),
        ("OVCAR-3", {"OVCAR-3", "OVCAR"}, "OVCAR-3"),
        ("MCF7 (2)", {"MCF7 (2)"}, "MCF7"),
        ("MCF7rep2", {"MCF7rep2"}, "MCF7"),
        ("SKNFI.1", {"SKNFI", "SKNFI.1"}, "SKNFI"),
        ("L3.3", {"L3.3"}, "L3.3"),
    ],
)
def test_repeats_are_told_by_what_stands_behind_the_name(written_as, given, base):
    assert base_name(written_as, given) == base


def test_names_that_come_again_are_numbered():
    assert numbered(["a", "a", "a (2)", "b"]) == ["a", "a (2)", "a (2) (2)", "b"]


def test_repeated_probes_are_averaged(tmp_path):
    frame = pd.concat([matrix(probes=GENES), matrix(seed=1, probes=["TP53"])]).rename_axis("gene")
    frame.iloc[-1, 0] = np.nan
    found, receipt = read_it(written(tmp_path, frame))
    assert (
        found.probes.tolist() == GENES and "1 rows of probes that come more than once were averaged." in receipt.notes
    )
    assert np.isclose(found.values[0, 0], frame.iloc[0, 0])
    assert np.isclose(found.values[1, 0], (frame.iloc[0, 1] + frame.iloc[-1, 1]) / 2)


def test_symbols_beside_the_probes(tmp_path):
    frame = matrix().reset_index()
    frame.insert(1, "Gene Symbol", ["TP53 /// WRAP53", "---", *GENES[2:]])
    frame.insert(2, "ENTREZ_GENE_ID", range(100, 112))
    found, _ = read_it(written(tmp_path, frame, index=False))
    assert found.probes.tolist() == PROBES and found.symbols.tolist()[:3] == ["TP53", "", "BRAF"]
    assert found.values.shape == (4, 12)


def test_a_column_id_names_the_probes_before_symbols_do(tmp_path):
    frame = matrix().reset_index(names="ID").assign(symbol=["TP53", "TP53", *GENES[2:]])
    found, _ = read_it(written(tmp_path, frame, index=False))
    assert found.probes.tolist() == PROBES and found.symbols.tolist()[:3] == ["TP53", "TP53", "BRAF"]
    frame["ID"] = range(100, 112)
    found, _ = read_it(written(tmp_path, frame, index=False))
    assert found.probes.tolist() == ["TP53", *GENES[2:]]


def test_depmap_columns_give_symbols(tmp_path):
    frame = matrix(probes=[f"{gene} ({i})" for i, gene in enumerate(GENES)], lines=["ACH-000681", "ACH-000019"]).T
    found, receipt = read_it(written(tmp_path, frame.rename_axis("")))
    assert found.symbols.tolist() == GENES and found.samples["sample"].tolist() == ["ACH-000681", "ACH-000019"]
    assert "Rows are samples" in receipt.notes[0]


def test_samples_with_columns_about_them(tmp_path):
    frame = matrix(probes=GENES, lines=["SK-N-FI", "A549", "TT", "T.T"]).T.rename_axis("cellid").reset_index()
    frame.insert(0, "depmap_id", [f"ACH-00000{i}" for i in range(4)])
    frame.insert(2, "tissueid", ["autonomic_ganglia", "lung", "thyroid", "oesophagus"])
    frame.insert(3, "age", [3, 58, 77, 50])
    found, receipt = read_it(written(tmp_path, frame, index=False))
    assert found.probes.tolist() == GENES and found.samples["line"].tolist() == ["SKNFI", "A549", "TT", "T-T"]
    # Mostly lines outside the NCI-60: the file's tissues for all, so that one tissue has one name.
    assert found.samples["panel"].tolist() == ["autonomic_ganglia", "lung", "thyroid", "oesophagus"]
    assert receipt.flagged[NO_PANEL] == 3


def test_headers_as_r_and_pandas_write_them(tmp_path):
    frame = matrix()
    path = written(tmp_path, frame, "r.txt", sep="\t")
    path.write_text(path.read_text().replace("probe\t", "", 1))  # write.table names the columns of values only
    found, _ = read_it(path)
    assert same(found, frame) and found.probes.tolist() == PROBES
    found, _ = read_it(written(tmp_path, frame.reset_index(), "pandas.csv"))  # with numbers of rows
    assert same(found, frame) and found.probes.tolist() == PROBES
    path = written(tmp_path, frame, "ends.csv")
    path.write_text("".join(f"{line},\n" for line in path.read_text().splitlines()))
    assert same(read_it(path)[0], frame)


def test_a_title_comments_and_decimal_commas(tmp_path):
    frame = matrix()
    path = written(tmp_path, frame, "german.csv", sep=";", decimal=",")
    path.write_text("# exported\nMessung vom Montag\n" + path.read_text())
    found, receipt = read_it(path)
    assert same(found, frame) and "Its numbers have decimal commas." in receipt.notes


def test_one_sample_alone(tmp_path):
    frame = matrix(lines=["A549"])
    assert same(read_it(written(tmp_path, frame))[0], frame)
    path = written(tmp_path, frame, "one.tsv", sep="\t")
    path.write_text(path.read_text().replace("probe\t", "", 1))
    found, _ = read_it(path)
    assert same(found, frame) and found.samples["line"].tolist() == ["A549"]


def test_excel_and_its_dates(tmp_path):
    frame = matrix(probes=[*GENES[:-1], "SEPT9"]).rename_axis("gene")
    frame.index = [*GENES[:-1], pd.Timestamp("2009-09-01")]
    path = tmp_path / "book.xlsx"
    frame.rename_axis("gene").to_excel(path)
    found, receipt = read_it(path)
    assert same(found, frame) and found.probes.tolist()[:11] == GENES[:11]
    assert any(note.startswith("1 names are dates, which Excel makes of genes") for note in receipt.notes)
    assert read(path, "", Receipt()).format == "XLSX" == look(path)


@pytest.mark.parametrize("index", [True, False])
def test_parquet_with_an_index_or_columns(tmp_path, index):
    frame = matrix()
    given = frame if index else frame.reset_index().assign(symbol=GENES, entrez=np.arange(12.0))
    path = tmp_path / "mine.parquet"
    given.to_parquet(path)
    found, _ = read_it(path)
    assert same(found, frame) and found.probes.tolist() == PROBES
    assert found.symbols.tolist() == ([""] * 12 if index else GENES)
    unnamed = frame.rename_axis(None)
    unnamed.to_parquet(path)
    assert read_it(path)[0].probes.tolist() == PROBES


def test_parquet_with_numbers_kept_as_text(tmp_path):
    frame = matrix(lines=[f"L{i}" for i in range(20)]).map(str)
    frame.iloc[0, 0] = "n.d."
    path = tmp_path / "text.parquet"
    frame.reset_index().to_parquet(path)
    found, receipt = read_it(path)
    assert found.values.shape == (20, 12) and np.isnan(found.values).sum() == 1
    assert any("'n.d.'" in note for note in receipt.notes)


def test_parquet_of_lists_is_refused(tmp_path):
    path = tmp_path / "lists.parquet"
    pd.DataFrame({"sample": ["a"], "values": [[1.0, 2.0]]}).to_parquet(path)
    with pytest.raises(
        InputError, match=r"lists\.parquet cannot be read as an expression table \(a column holds lists"
    ):
        read_it(path)


def test_a_file_that_is_cut_off(tmp_path):
    path = written(tmp_path, matrix())
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"mine\.csv is cut off in row 13, which is shorter than the others"):
        read_it(path)
    packed = tmp_path / "mine.csv.gz"
    matrix(probes=[f"{i}_at" for i in range(9000)]).to_csv(packed)
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    with pytest.raises(InputError, match=r"mine\.csv\.gz is cut off or damaged"):
        read_it(packed)


def test_shifted_rows_are_refused(tmp_path):
    path = written(tmp_path, matrix())
    lines = path.read_text().splitlines()
    lines[6] += ",3.3"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"names 5 columns but row 7 has 6 values, so they are shifted"):
        read_it(path)


MAF = "Hugo_Symbol,Chromosome,Start_Position,Variant_Classification,Tumor_Sample_Barcode,t_depth\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MAF + "BRAF,7,140453136,Missense_Mutation,A375,88\n" * 3, r"is a list of mutations.*`import mutations`"),
        ("cell_line,drug_name,ln_ic50\nA549,Erlotinib,1.2\n", "is a table of drug responses.*`import responses`"),
        ("cell_line,panel,true_sf2\nA549,Lung,0.61\nMCF7,Breast,0.58\n", "is a table of survival.*`import survival`"),
        ("cellid,surv_1gy,surv_2gy,alpha\nA549,0.9,0.6,0.1\n", "is a table of survival"),
        ("gene,A549,MCF7\nTP53,1.5,2.5\nKRAS,1,2\n", "it has 2 probes or genes for 2 samples, and 10 are the least"),
        ("gene,note\nTP53,high\nKRAS,low\n", r"no column of it holds numbers \(it has gene, note\)"),
        ("a,b\n1.5,2.5\n1.5,3.5\n", "has no column that names its rows"),
        ("gene,A549\n", "has a header but no rows"),
        ("", "is empty"),
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\n7\t140453136\n", "is a VCF with variants"),
        ("<html><body>Sign in</body></html>", "is a web page"),
        (
            "gene,line,value\n" + "".join(f"TP53,A549,{i / 7:.3f}\nKRAS,MCF7,{i / 9:.3f}\n" for i in range(30)),
            "is a list, not a matrix: the same names come again and again",
        ),
    ],
)  # fmt: skip
def test_other_files_are_refused_in_words(tmp_path, text, told):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_it(path)


def test_a_wide_maf_is_refused_by_its_words(tmp_path):
    path = tmp_path / "x.maf"
    pd.DataFrame({f"word {i}": ["a", "b"] for i in range(30)} | {"n": [1.5, 2.5]}).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match=r"30 of its 31 columns are words \(word 0, word 1, word 2, word 3, \.\.\.\)"):
        look(path)


def test_a_matrix_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.radiation.grid.MAX_VALUES", 20)
    with pytest.raises(InputError, match=r"holds more than 20 values \(4 in each row\): give fewer samples at a time"):
        read_it(written(tmp_path, matrix()))
    path = tmp_path / "mine.parquet"
    matrix().to_parquet(path)
    with pytest.raises(InputError, match="holds more than 20 values"):
        read_it(path)


def test_a_large_matrix_needs_little_more_than_its_values(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "large.tsv"
    rows, columns = 4_000, 170
    with path.open("w") as file:
        file.write("ID_REF\t" + "\t".join(f"L{i}" for i in range(columns)) + "\n")
        for i in range(rows):
            file.write(f"{i}_at\t" + "\t".join(f"{v:.4f}" for v in rng.normal(7, 2, columns)) + "\n")
    tracemalloc.start()
    found, _ = read_it(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.values.shape == (columns, rows)
    assert peak < 5 * found.values.nbytes + 6_000_000  # its text is read row by row


@pytest.mark.real_data
def test_the_real_u133a_table(real_data):
    path = real_data / "sf2" / "nci60_u133a_gcrma.parquet"
    found, receipt = read_it(path)
    frame = pd.read_parquet(path)
    assert found.values.shape == (59, 22_283) and found.scale == "log2" and receipt.flagged == {}
    assert found.probes.tolist() == frame["probe"].tolist() and found.symbols[0] == "DDR1"
    assert np.array_equal(found.values, frame[found.samples["sample"]].to_numpy(np.float32).T)
    assert set(found.samples["line"]) == set(found.samples["sample"]) and (found.samples["panel"] != "").all()
    assert "MDA-N" in set(found.samples["line"]) and found.samples["panel"].value_counts()["Melanoma"] == 10


@pytest.mark.real_data
def test_the_real_table_of_z_scores(real_data):
    found, receipt = read_it(real_data / "sf2" / "cleveland_ccle706_expr_z.parquet")
    assert found.values.shape == (316, 706) and found.scale == "z" and not np.isnan(found.values).any()
    assert found.samples["sample"].iloc[0] == "SK-N-FI" and found.samples["panel"].iloc[0] == "autonomic_ganglia"
    assert found.symbols.tolist() == found.probes.tolist() and receipt.kept == 316
    assert receipt.flagged == {NO_PANEL: 289} and found.samples["line"].is_unique


@pytest.mark.parametrize("packing", ["", "gz", "zip"])
def test_a_workbook_is_known_by_its_bytes_not_by_its_name(tmp_path, packing):
    """The copy of an upload has no suffix; a workbook may be packed once more."""
    frame, book = matrix(), tmp_path / "book.xlsx"
    frame.to_excel(book)
    path = tmp_path / "tumorcast-upload-1x"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(book, "book.xlsx")
    else:
        path.write_bytes(gzip.compress(book.read_bytes()) if packing else book.read_bytes())
    assert same(read_expression(path, "book.xlsx", Receipt()), frame)


def test_a_packed_workbook_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    matrix().to_excel(tmp_path / "book.xlsx")
    path = tmp_path / "book.xlsx.gz"
    path.write_bytes(gzip.compress((tmp_path / "book.xlsx").read_bytes()))
    monkeypatch.setattr(tables, "UNPACKED_BYTES", 1000)
    with pytest.raises(InputError, match=r"book\.xlsx\.gz unpacks to more than 0\.0 GB: unpack it first"):
        read_expression(path, "", Receipt())


@pytest.mark.parametrize("name", ["panel", "Tissue"])
def test_a_row_of_panels_is_no_probe(tmp_path, name):
    frame = matrix(lines=["P1", "P2", "P3"])
    told = pd.DataFrame([["Lung", "", "Leukemia"]], index=pd.Index([name]), columns=frame.columns)
    found, receipt = read_it(written(tmp_path, pd.concat([told, frame]).rename_axis("probe")))
    assert same(found, frame) and found.samples["panel"].tolist() == ["Lung", "", "Leukemia"]
    assert found.probes.tolist() == PROBES and not any("no numbers" in note for note in receipt.notes)


def test_a_column_of_panels_is_no_probe(tmp_path):
    frame = matrix(lines=["P1", "P2", "P3"])
    turned = frame.T.rename_axis("sample")
    turned.insert(0, "panel", ["Lung", "Colon", "Leukemia"])
    found, _ = read_it(written(tmp_path, turned))
    assert same(found, frame) and found.samples["panel"].tolist() == ["Lung", "Colon", "Leukemia"]
