"""Every known format, written as its public documentation names the columns, gives the same mutations or lines."""

from pathlib import Path

import pandas as pd
import pytest

from engine.errors import InputError
from engine.files import tables
from engine.response import streams
from engine.response.formats import recognise
from engine.response.readers import read_cell_lines, read_drugs
from engine.response.streams import read_mutations, read_responses

LINES = pd.DataFrame(
    {
        "cosmic_id": [905949, 905963, 684055],
        "name": ["A375", "T.T", "TT"],
        "depmap_id": ["ACH-000219", None, "ACH-000321"],
        "sanger_id": ["SIDM00795", None, None],
        "ccle_name": ["A375_SKIN", None, "TT_THYROID"],
    }
)
MAF = """#version 2.4
Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t\
HGVSp_Short\tTumor_Sample_Barcode
BRAF\tGRCh37\tchr7\t140453136\tA\tT\tMissense_Mutation\tp.V600E\tA375_SKIN
"""
DEPMAP = """Chrom,Pos,Ref,Alt,VariantInfo,ProteinChange,HugoSymbol,ModelID
chr7,140753336,A,T,MISSENSE,p.V600E,BRAF,ACH-000219
"""
DEPMAP_VEP = """Chrom,Pos,Ref,Alt,MolecularConsequence,ProteinChange,HugoSymbol,ModelID,IsDefaultEntryForModel
chr7,140753336,A,T,missense_variant&splice_region_variant,p.V600E,BRAF,ACH-000219,Yes
"""
PASSPORTS = """gene_symbol,ensembl_gene_id,model_id,protein_mutation,rna_mutation,cdna_mutation,chromosome,position,\
reference,alternative,cancer_driver,vaf,coding,effect,source
BRAF,ENSG00000157764,SIDM00795,p.V600E,r.1860u>a,c.1799T>A,chr7,140753336,A,T,True,0.6,True,missense,Sanger
"""
COSMIC = """Gene name\tAccession\tSample name\tID_sample\tMutation CDS\tMutation AA\tMutation Description\tGRCh\t\
Mutation genome position
BRAF\tENST00000288602\tA375\t905949\tc.1799T>A\tp.V600E\tSubstitution - Missense\t37\t7:140453136-140453136
BRAF_ENST00000496384\tENST\tA375\t905949\tc.1799T>A\tp.V28E\tSubstitution - Missense\t37\t7:140453136-140453136
"""
COSMIC_98 = """GENE_SYMBOL\tCOSMIC_GENE_ID\tSAMPLE_NAME\tCOSMIC_SAMPLE_ID\tMUTATION_CDS\tMUTATION_AA\t\
MUTATION_DESCRIPTION\tCHROMOSOME\tGENOME_START\tGENOMIC_WT_ALLELE\tGENOMIC_MUT_ALLELE
BRAF\tCOSG1\tA375\tCOSS905949\tc.1799T>A\tp.V600E\tmissense_variant\t7\t140753336\tA\tT
"""


@pytest.mark.parametrize(
    ("text", "name", "build"),
    [
        (MAF, "MAF", 37),
        (DEPMAP, "DepMap OmicsSomaticMutations", 38),
        (DEPMAP_VEP, "DepMap OmicsSomaticMutations", 38),
        (PASSPORTS, "Cell Model Passports mutations_all", 38),
        (COSMIC, "COSMIC Cell Lines MutantExport", 37),
        (COSMIC_98, "COSMIC Cell Lines MutantExport", None),
    ],
)
def test_mutation_formats(tmp_path: Path, text: str, name: str, build: int | None) -> None:
    path = tmp_path / "mutations.txt"
    path.write_text(text)
    reading = read_mutations(path, LINES)
    assert reading.format == name
    assert len(reading.frame) == 1
    row = reading.frame.iloc[0]
    assert (row["cosmic_id"], row["gene"], row["position_key"]) == (905949, "BRAF", "BRAF:600")
    assert (row["classification"], row["protein_change"], row["chromosome"]) == ("Missense_Mutation", "p.V600E", "7")
    starts = {37: (140453136, pd.NA), 38: (pd.NA, 140753336), None: (pd.NA, pd.NA)}[build]
    for start, expected in zip((row["start_grch37"], row["start_grch38"]), starts, strict=True):
        assert start is pd.NA if expected is pd.NA else start == expected
    other_transcripts = 1 if text is COSMIC else 0
    assert reading.receipt.dropped == ({"not the canonical transcript": 1} if other_transcripts else {})


def test_lines_are_found_by_any_id_else_by_name(tmp_path: Path) -> None:
    path = tmp_path / "short.maf"
    rows = [
        ("p.A1T", "", "", "905949"),
        ("p.A2T", "", "ACH-000219", ""),
        ("p.A3T", "a375_skin", "", ""),
        ("p.A4T", "A-375", "", ""),
        ("p.A5T", "T.T", "", ""),
        ("p.A6T", "TT", "", ""),
        ("p.A7T", "ACH-000321", "", ""),
        ("p.A8T", "t-t", "", ""),  # T.T or TT? nobody knows
        ("p.A9T", "HELA", "ACH-999999", "1"),
    ]
    header = "Hugo_Symbol\tVariant_Classification\tProtein_Change\tTumor_Sample_Barcode\tDepMap_ID\tCOSMIC_ID\n"
    path.write_text(header + "".join(f"TP53\tMissense\t{a}\t{b}\t{c}\t{d}\n" for a, b, c, d in rows))
    reading = read_mutations(path, LINES)
    assert reading.frame["cosmic_id"].tolist() == [905949] * 4 + [905963, 684055, 684055]
    assert reading.receipt.dropped == {"unknown cell line": 2}
    assert reading.receipt.examples["unknown cell line"][1] == "row 10: cosmic_id 1, depmap_id ACH-999999, sample HELA"


def test_old_gene_symbols_become_current(tmp_path: Path) -> None:
    path = tmp_path / "old.maf"
    path.write_text(
        "Hugo_Symbol\tVariant_Classification\tProtein_Change\tTumor_Sample_Barcode\n"
        "MLL2\tNonsense\tp.R5*\tA375\nKMT2D\tNonsense\tp.R5*\tA375\nTTN\tMissense\tp.A1T\tA375\n"
    )
    reading = read_mutations(path, LINES)
    assert reading.frame["position_key"].tolist() == ["KMT2D:5"]
    assert reading.receipt.dropped == {"gene outside the census": 1, "duplicate": 1}
    every = read_mutations(path, LINES, census_only=False)
    assert every.frame["position_key"].tolist() == ["KMT2D:5", "TTN:1"]


def test_gdsc_details_workbook(tmp_path: Path) -> None:
    path = tmp_path / "Cell_Lines_Details.xlsx"
    details = pd.DataFrame(
        [
            ["A375", 905949, "skin", "melanoma", "SKCM", "MSS/MSI-L", "Adherent"],
            ["C2BBe1", 910700, "large_intestine", "large_intestine", "COAD/READ", "MSS/MSI-L", "Adherent"],
            ["ES3", 684055, "bone", "ewings_sarcoma", "UNABLE TO CLASSIFY", "MSS/MSI-L", "Adherent"],
            ["TOTAL:", None, None, None, None, None, None],
        ],
        columns=[
            "Sample Name",
            "COSMIC identifier",
            "GDSC\nTissue descriptor 1",
            "GDSC\nTissue\ndescriptor 2",
            "Cancer Type\n(matching TCGA label)",
            "Microsatellite \ninstability Status (MSI)",
            "Growth Properties",
        ],
    )
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"note": ["about this file"]}).to_excel(book, sheet_name="Read me", index=False)
        details.to_excel(book, sheet_name="Cell line details", index=False)
    reading = read_cell_lines(path)
    assert reading.frame["cosmic_id"].tolist() == [905949, 910700, 684055]
    assert reading.frame["cancer_type"].fillna("").tolist() == ["SKCM", "COAD_READ", ""]
    assert reading.frame["tissue_detail"].tolist() == ["melanoma", "large_intestine", "ewings_sarcoma"]
    assert reading.receipt.dropped == {"no COSMIC id": 1}
    assert reading.receipt.flagged == {"no cancer type": 1}


def test_depmap_model_and_passports_model_list(tmp_path: Path) -> None:
    model, passports = tmp_path / "Model.csv", tmp_path / "model_list.csv"
    model.write_text(
        "ModelID,CellLineName,StrippedCellLineName,CCLEName,COSMICID,SangerModelID,OncotreeLineage\n"
        "ACH-000219,A-375,A375,A375_SKIN,905949,SIDM00795,Skin\nACH-9,NEW,NEW,NEW_SKIN,,,Skin\n"
    )
    passports.write_text(
        "model_id,model_name,COSMIC_ID,BROAD_ID,CCLE_ID,tissue,cancer_type\n"
        "SIDM00795,A375,905949,ACH-000219,A375_SKIN,Skin,Melanoma\n"
    )
    for path in (model, passports):
        row = read_cell_lines(path).frame.iloc[0]
        assert (row["cosmic_id"], row["depmap_id"], row["sanger_id"]) == (905949, "ACH-000219", "SIDM00795")
        assert pd.isna(row["cancer_type"])  # neither gives TCGA labels


DRUGS = pd.DataFrame({"drug_id": [1, 1003], "name": ["Erlotinib", "Camptothecin"]})


def test_gdsc2_release_workbook(tmp_path: Path) -> None:
    path = tmp_path / "GDSC2_fitted_dose_response.xlsx"
    pd.DataFrame(
        {
            "DATASET": ["GDSC2"],
            "NLME_RESULT_ID": [343],
            "COSMIC_ID": [905949],
            "CELL_LINE_NAME": ["A375"],
            "SANGER_MODEL_ID": ["SIDM00795"],
            "TCGA_DESC": ["SKCM"],
            "DRUG_ID": [1003],
            "DRUG_NAME": ["Camptothecin"],
            "MIN_CONC": [0.0001],
            "MAX_CONC": [0.1],
            "LN_IC50": [-1.463887],
            "AUC": [0.93022],
            "RMSE": [0.089],
            "Z_SCORE": [0.433],
        }
    ).to_excel(path, index=False)
    frame = read_responses(path, LINES, DRUGS).frame
    assert frame.to_dict("records") == [
        {
            "dataset": "GDSC2",
            "cosmic_id": 905949,
            "drug_id": 1003,
            "ln_ic50": -1.463887,
            "auc": 0.93022,
            "n_measured": 1,
        }
    ]


def test_responses_of_a_file_without_ids(tmp_path: Path) -> None:
    path = tmp_path / "gdsc1_mine.tsv"
    path.write_text("Cell line\tDrug\tIC50 (nM)\nA-375\tERLOTINIB\t1000\nTT\terlotinib\t100\n")
    reading = read_responses(path, LINES, DRUGS)
    assert reading.frame["dataset"].tolist() == ["GDSC1", "GDSC1"]
    assert reading.frame["ln_ic50"].round(4).tolist() == [-2.3026, 0.0]
    assert reading.receipt.notes == ["IC50 in nm by the name of its column, converted to ln of uM."]


def test_drug_table_prefers_the_parent_structure(tmp_path: Path) -> None:
    path = tmp_path / "screened_compounds.csv"
    path.write_text(
        "DRUG_ID,SCREENING_SITE,DRUG_NAME,SYNONYMS,TARGET,TARGET_PATHWAY,PubChem,SMILES,smiles_parent\n"
        "1,MGH,Salt,,EGFR,RTK,176870,CCN.Cl,CCN\n"
        '2,MGH,Mixture,,"MEK1, MEK2",ERK,several,CCO.[Na+].[Cl-],\n'
        "3,MGH,Broken,,EGFR,RTK,,C1CC,\n"
        "4,MGH,Half broken,,EGFR,RTK,,CCC,C1CC\n"
        "5,MGH,Antibody,,EGFR,RTK,,,\n"
        "1,SANGER,Salt,,EGFR,RTK,176870,CCN.Cl,CCN\n"
        "x,SANGER,No id,,,,,CC,\n"
    )
    reading = read_drugs(path)
    frame = reading.frame
    assert frame["drug_id"].tolist() == [1, 2, 3, 4, 5]
    assert frame["smiles"].fillna("").tolist() == ["CCN", "CCO", "", "CCC", ""]
    assert frame["weight_g_mol"].round(2).fillna(0).tolist() == [45.08, 46.07, 0, 44.1, 0]
    assert frame["target"].tolist()[1] == "MEK1, MEK2"
    assert frame["inchikey"].tolist()[1] == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert frame["pubchem_cid"].isna().tolist() == [False, True, True, True, True]
    assert reading.receipt.dropped == {"no drug id": 1, "duplicate": 1}
    assert reading.receipt.flagged == {
        "no structure": 1,
        "SMILES cannot be read, kept without structure": 1,
        "salt or mixture, largest fragment kept": 1,
    }
    named = "row 4 (Broken): the SMILES 'C1CC' cannot be read: check it for a typing error."
    assert named in reading.receipt.notes
    assert (reading.receipt.read, reading.receipt.kept) == (7, 5)


def test_column_names_match_without_case_blanks_and_punctuation() -> None:
    match = recognise(["cosmic id", "Drug-ID", "ln_ic50"], "responses")
    assert match is not None
    assert dict(match.columns) == {"cosmic_id": 0, "drug_id": 1, "ln_ic50": 2}


def test_wrong_columns_say_what_is_missing_and_which_formats_are_known(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("COSMIC_ID,DRUG_ID,EC50\n1,2,3\n")
    with pytest.raises(InputError, match=r"wrong\.csv .*missing LN_IC50.*found COSMIC_ID, DRUG_ID, EC50.*GDSC fitted"):
        read_responses(path, LINES, DRUGS)
    with pytest.raises(InputError, match=r"columns of mutations: missing.*MAF.*DepMap.*COSMIC.*Passports"):
        read_mutations(path, LINES)


def test_a_table_of_another_kind_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(DEPMAP)
    with pytest.raises(InputError, match="It looks like a table of mutations: import it as that"):
        read_cell_lines(path)


def test_merging_on_the_way_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutations, responses = tmp_path / "m.maf", tmp_path / "r.csv"
    header = "Hugo_Symbol\tVariant_Classification\tProtein_Change\tTumor_Sample_Barcode\n"
    mutations.write_text(header + "".join(f"TP53\tMissense\tp.A{i % 3}T\tA375\n" for i in range(30)))
    responses.write_text("COSMIC_ID,DRUG_ID,LN_IC50,AUC\n" + "".join(f"905949,1,{i - 4},0.5\n" for i in range(10)))

    def both() -> list:
        readings = read_mutations(mutations, LINES), read_responses(responses, LINES, DRUGS)
        return [(reading.frame.to_dict("records"), reading.receipt.as_dict({})) for reading in readings]

    whole = str(both())
    monkeypatch.setattr(tables, "CHUNK_ROWS", 4)
    monkeypatch.setattr(streams, "COMPACT_ROWS", 5)
    assert str(both()) == whole
    assert "'duplicate': 27" in whole
    assert "'ln_ic50': 0.5, 'auc': 0.5, 'n_measured': 10" in whole
