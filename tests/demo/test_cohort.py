"""The simulated cohort: counts, determinism, what is planted can be seen, and nobody can beat the noise."""

import hashlib
from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest

from engine.chem.molecule import inchikey, parse_smiles, weight_g_mol
from engine.demo import facts
from engine.demo.cohort import simulate, write_files
from engine.demo.panel import drug_panel
from engine.demo.responses import area_under_curve, carriers
from engine.demo.sizes import size_of
from engine.errors import InputError
from engine.response.census import census_genes
from engine.settings import REFERENCE


@pytest.fixture(scope="module")
def small():
    return simulate("small", seed=0)


@pytest.fixture(scope="module")
def paper():
    return simulate("paper", seed=0)


def pairs_of(cohort):
    responses = cohort.responses
    return pd.DataFrame({"line": responses.line, "drug": responses.drug, "y": responses.ln_ic50})


def distinct_positions(cohort):
    return len(cohort.mutations.drop_duplicates(["gene", "residue"]))


def r2(observed, predicted):
    return 1 - ((observed - predicted) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()


def test_small_has_the_size_of_the_embedded_default(small):
    per_type = small.lines["cancer_type"].value_counts()
    assert (len(small.lines), len(per_type), per_type.min()) == (256, 25, 10)
    assert (len(small.drugs), len(small.responses.ln_ic50)) == (60, 12_600)
    assert distinct_positions(small) == 5_000
    assert small.mutations["gene"].nunique() == 242
    assert set(small.mutations["gene"]) <= census_genes()
    assert set(small.mutations["line"]) == set(range(256))


def test_paper_has_exactly_the_published_counts(paper):
    lines = paper.lines["cancer_type"].value_counts()
    assert (len(paper.lines), lines["SCLC"], lines["LCML"], lines["BRCA"]) == (787, 66, 10, 51)
    assert distinct_positions(paper) == 28_328
    assert paper.mutations["gene"].nunique() == 567
    assert (len(paper.drugs), paper.drugs["smiles"].nunique(), paper.drugs["drug_id"].nunique()) == (244, 229, 244)
    pairs = pairs_of(paper)
    assert (len(pairs), len(pairs.drop_duplicates(["line", "drug"]))) == (152_594, 152_594)
    assert (pairs["line"].nunique(), pairs["drug"].nunique()) == (787, 244)


def test_no_line_has_a_position_twice(paper):
    assert not paper.mutations.duplicated(["line", "gene", "residue"]).any()


def test_ids_and_names_cannot_be_taken_for_real_ones(small):
    assert (small.lines["cosmic_id"].iloc[0], small.drugs["drug_id"].iloc[0]) == (9_000_001, 900_001)
    assert small.lines["cell_line"].str.fullmatch(r"SIM-[A-Z_]+-\d\d").all()
    assert small.lines["cell_line"].is_unique


def test_hypermutated_lines_are_the_instable_ones(paper):
    burden = paper.mutations["line"].value_counts().reindex(range(787)).to_numpy()
    instable = ((paper.lines["cancer_type"] == "COAD_READ") & (paper.lines["msi"] == "MSI-H")).to_numpy()
    assert instable.sum() == 10
    assert np.median(burden[instable]) > 5 * np.median(burden)


@pytest.mark.parametrize(
    ("gene", "residue", "cancer_type", "low", "high"),
    [
        ("BRAF", 600, "SKCM", 0.45, 0.7),
        ("KRAS", 12, "PAAD", 0.65, 0.95),
        ("IDH1", 132, "LGG", 0.35, 0.6),
        ("BRAF", 600, "PAAD", 0.0, 0.05),
    ],
)
def test_hotspots_are_as_frequent_as_published(paper, gene, residue, cancer_type, low, high):
    rows = paper.mutations[(paper.mutations["gene"] == gene) & (paper.mutations["residue"] == residue)]
    of_type = (paper.lines["cancer_type"] == cancer_type).to_numpy()
    assert low <= np.isin(np.arange(787), rows["line"])[of_type].mean() <= high


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    def digests(seed, folder):
        files = write_files(simulate("small", seed), tmp_path / folder)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in astuple(files)]

    first = digests(3, "a")
    assert digests(3, "b") == first
    other = digests(4, "c")
    assert [a == b for a, b in zip(first, other, strict=True)] == [False, True, False, False, False]  # drugs are facts


@pytest.mark.parametrize(
    ("drug", "gene", "least"),
    [
        ("Dabrafenib", "BRAF", -3.0),
        ("Erlotinib", "EGFR", -1.5),
        ("Lapatinib", "ERBB2", -2.0),
        ("Trametinib", "BRAF", -2),
    ],
)
def test_carriers_respond(small, drug, gene, least):
    assert difference(small, drug, gene) < least


def test_tp53_mutant_lines_resist_nutlin(small):
    assert difference(small, "Nutlin-3a (-)", "TP53") > 1.5


def difference(cohort, drug, gene):
    """Mean ln(IC50) of carriers of the planted effect minus that of the other lines."""
    effect = next(e for e in facts.effects() if (e.drug, e.gene) == (drug, gene))
    carrier = carriers(effect, cohort.lines, cohort.mutations)
    pairs = pairs_of(cohort)
    of_drug = pairs[pairs["drug"] == cohort.drugs["drug_name"].tolist().index(drug)]
    carries = carrier[of_drug["line"]]
    assert carries.sum() >= 3
    return of_drug["y"][carries].mean() - of_drug["y"][~carries].mean()


@pytest.mark.parametrize("name", ["small", "paper"])
def test_naive_predictors_do_as_well_as_on_real_data(name, request):
    """Drug mean 0.70 to 0.73 and mean effects 0.77 to 0.82 of GDSC; the oracle reaches the known ceiling."""
    cohort = request.getfixturevalue(name)
    pairs = pairs_of(cohort)
    drug_mean = pairs.groupby("drug")["y"].transform("mean")
    mean_effects = drug_mean + (pairs["y"] - drug_mean).groupby(pairs["line"]).transform("mean")
    assert r2(pairs["y"], drug_mean) == pytest.approx(0.70, abs=0.02)
    assert r2(pairs["y"], mean_effects) == pytest.approx(0.785, abs=0.02)
    oracle = r2(pairs["y"], cohort.responses.signal)
    assert oracle == pytest.approx(cohort.responses.best_r2(), abs=1e-12)
    assert oracle == pytest.approx(0.90, abs=0.005)


def test_ln_ic50_lies_where_measured_ones_do(paper):
    low, high = np.quantile(paper.responses.ln_ic50, [0.01, 0.99])
    assert -7 < low < -5 and 6 < high < 8
    assert np.abs(paper.responses.ln_ic50).max() < 15
    assert 0.05 < (paper.responses.ln_ic50 < -2).mean() < 0.2  # sensitive pairs, for AUROC


def test_area_under_the_curve_of_known_ic50s():
    # Far below the doses nothing survives; far above everything; at the middle dose of nine half.
    assert area_under_curve(np.log([1e-9, 1e9, 10 / 2**4])) == pytest.approx([0.0, 1.0, 0.5], abs=1e-6)


def test_the_sixty_drugs_are_what_they_are_called():
    drugs = facts.drugs()
    assert len(drugs) == 60
    for row in drugs.itertuples():
        molecule = parse_smiles(row.smiles, row.drug_name)
        assert inchikey(molecule) == row.inchikey, row.drug_name
        assert weight_g_mol(molecule) < 1000
    published = drugs.set_index("drug_name")["inchikey"]
    assert published["Dabrafenib"] == "BFSMGDJOXZAERB-UHFFFAOYSA-N"
    assert published["Imatinib"] == "KTUFNOKKBVMGRW-UHFFFAOYSA-N"
    assert published["Vinblastine"] == "JXLYSJRDGCGARV-XQKSVPLYSA-N"


def test_analogues_are_valid_distinct_and_named_as_simulated(paper):
    analogues = paper.drugs[paper.drugs["note"].str.contains("analogue")]
    assert len(analogues) == 169
    assert analogues["drug_name"].str.startswith("SIM-").all() and analogues["drug_name"].is_unique
    assert analogues["pubchem_cid"].isna().all()
    for row in analogues.itertuples():
        assert weight_g_mol(parse_smiles(row.smiles, row.drug_name)) < 1000
    repeats = paper.drugs[paper.drugs["drug_name"].duplicated()]
    assert len(repeats) == 15


def test_the_facts_agree_with_each_other():
    types, lengths = facts.cancer_types(), facts.gene_lengths()
    assert (len(types), types["lines"].sum(), types["mutated_positions"].sum()) == (25, 787, 23_961)
    assert len(lengths) >= 150 and set(lengths) <= census_genes()
    names, drugs = set(types["cancer_type"]), set(facts.drugs()["drug_name"])
    for driver in facts.hotspots():
        first = 0 if driver.classification == "Splice_Site" else 1
        assert first <= driver.residue <= lengths[driver.gene], driver
        assert set(driver.frequency) <= names, driver
    for effect in facts.effects():
        assert effect.drug in drugs and (effect.gene in lengths or effect.cancer_types), effect
        assert set(effect.cancer_types) <= names, effect
    known = {(driver.gene, driver.residue) for driver in facts.hotspots()}
    planted = {(e.gene, p) for e in facts.effects() if not isinstance(e.positions, str) for p in e.positions}
    assert planted <= known  # an effect of a position that no line can carry would be planted in vain


def test_an_unknown_size_is_refused():
    with pytest.raises(InputError, match="size 'huge': choose small or paper"):
        simulate("huge")


def test_too_many_analogues_are_refused():
    size = size_of("paper")
    with pytest.raises(InputError, match=r"Only \d+ analogues can be made of the drugs, 9940 are asked for"):
        drug_panel(type(size)(**{**size.__dict__, "chemicals": 10_000}))


def test_every_source_of_a_hotspot_is_told_in_the_readme():
    told = (REFERENCE / "README.md").read_text()
    sources = pd.read_csv(REFERENCE / "demo_hotspots.csv")["source"].unique()
    assert [source for source in sources if f"| {source} |" not in told] == []
    assert pd.read_csv(REFERENCE / "demo_effects.csv")["reference"].str.startswith("doi:10.").all()


def test_t790m_comes_on_top_of_a_sensitising_change_and_undoes_it(paper):
    effects = {(e.drug, e.positions): e for e in facts.effects() if e.gene == "EGFR" and e.drug == "Erlotinib"}
    resistance = next(e for e in effects.values() if not isinstance(e.positions, str) and set(e.positions) == {790})
    sensitive = next(e for e in effects.values() if e.ln_ic50 < 0)
    resistant = carriers(resistance, paper.lines, paper.mutations)
    assert resistant.sum() >= 1
    assert carriers(sensitive, paper.lines, paper.mutations)[resistant].all()
    assert abs(resistance.ln_ic50 + sensitive.ln_ic50) < 0.5


def test_the_second_study_measures_some_pairs_again(small):
    """As noisy as the first, 0.3 ln units higher; the two agree less than the first with its own signal."""
    first, again = pairs_of(small), small.repeat
    assert 4_000 < len(again.line) < 5_000
    assert (len(np.unique(again.line)), len(np.unique(again.drug))) == (154, 36)  # 0.6 of 256 and of 60
    both = pd.DataFrame({"line": again.line, "drug": again.drug, "y2": again.ln_ic50}).merge(first)
    assert len(both) == len(again.line)
    shift = both["y2"] - both["y"]
    assert shift.mean() == pytest.approx(0.3, abs=0.08)
    noise = (small.responses.ln_ic50 - small.responses.signal).std()
    assert shift.std() == pytest.approx(np.sqrt(2) * noise, rel=0.05)
    assert np.corrcoef(both["y"], both["y2"])[0, 1] == pytest.approx(0.9, abs=0.03)
