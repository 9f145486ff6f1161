"""What was measured on lines with and without a patient's mutations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_predictor import DRUG_IDS, plain_predictor
from scipy.sparse import csr_matrix
from scipy.stats import ttest_ind

from engine.errors import InputError
from engine.patient.markers import markers, strongest_markers
from engine.patient.screened import Screened
from engine.response.fingerprint import Vocabulary

POSITIONS = ("BRAF:594", "BRAF:600", "KRAS:12", "TP53:175")
N = 40


def _predictor(shift: float):
    """40 lines, the first half SKCM; 0 to 9 have BRAF:600, 10 and 11 BRAF:594, every other one TP53:175, two KRAS:12.

    Drug 10 is lower by `shift` where BRAF:600 is; drug 20 knows nothing of mutations; drug 30 was never measured.
    """
    bits = np.zeros((N, 4), np.uint8)
    bits[10:12, 0] = bits[:10, 1] = bits[20:22, 2] = bits[::2, 3] = 1
    bits[39, :] = 0  # measured, but the store has no mutations of it
    rng = np.random.default_rng(1)
    ln_ic50 = np.column_stack([rng.normal(0, 0.3, N) - shift * bits[:, 1], rng.normal(0, 1, N), np.full(N, np.nan)])
    mean, sd = ln_ic50[:, :2].mean(axis=0), ln_ic50[:, :2].std(axis=0, ddof=1)
    screened = Screened(
        lines=pd.DataFrame(
            {
                "cosmic_id": np.arange(N),
                "name": [f"line {i}" for i in range(N)],
                "cancer_type": ["SKCM"] * 20 + ["LUAD"] * 15 + [None] * 5,
            }
        ),
        positions=Vocabulary(POSITIONS),
        bits=csr_matrix(bits),
        genes=np.array(["BRAF", "BRAF", "KRAS", "TP53"], dtype=object),
        ln_ic50=ln_ic50,
        mean=np.append(mean, np.nan),
        sd=np.append(sd, np.nan),
        counts=np.array([N, N, 0]),
    )
    return replace(plain_predictor(), screened=screened)


KEYS = ("BRAF:600", "KRAS:12", "NRAS:61", "TP53:175")


def test_measured_lines_with_and_without_a_mutation():
    predictor = _predictor(3.0)
    table = markers(predictor, KEYS, DRUG_IDS[0]).set_index("marker")
    # KRAS:12 has two carriers, NRAS:61 none: too few to say anything.
    assert list(table.index) == ["BRAF:600", "BRAF", "TP53:175", "TP53"]
    braf = table.loc["BRAF:600"]
    with_mutations = predictor.screened.mutated
    z = predictor.screened.z_scores(predictor.screened.ln_ic50)[with_mutations, 0]
    assert (braf["n_with"], braf["n_without"]) == (10, with_mutations.sum() - 10)
    assert braf["z_with"] == pytest.approx(z[:10].mean())
    assert braf["difference"] == pytest.approx(z[:10].mean() - z[10:].mean())
    assert braf["lower"] < braf["difference"] < braf["upper"] < 0
    assert table.loc["BRAF", "n_with"] == 12


def test_the_tissue_is_taken_off_within_types():
    """All carriers are SKCM. A drug that kills SKCM, whatever its BRAF, owes BRAF nothing."""
    predictor = _predictor(0.0)
    ln_ic50 = predictor.screened.ln_ic50.copy()
    ln_ic50[:20, 0] -= 3
    predictor = replace(predictor, screened=replace(predictor.screened, ln_ic50=ln_ic50))
    braf = markers(predictor, ("BRAF:600",), DRUG_IDS[0]).set_index("marker").loc["BRAF:600"]
    assert braf["difference"] < -5
    assert abs(braf["within_types"]) < 1
    assert braf["n_within"] == 10


def test_what_most_lines_of_a_type_carry_keeps_its_effect_within_the_type():
    """18 of 20 melanomas carry it and are 3 lower than the two that do not: the type's mean must not swallow that."""
    predictor = _predictor(0.0)
    bits = predictor.screened.bits.toarray()
    bits[:18, 1], bits[18:, 1], bits[10:12, 0] = 1, 0, 0
    ln_ic50 = predictor.screened.ln_ic50.copy()
    noise = np.tile([0.01, -0.01], N // 2)
    ln_ic50[:, 0] = np.where(bits[:, 1] == 1, -3.0, 0.0) + np.where(np.arange(N) < 20, 0.0, 1.0) + noise
    screened = replace(predictor.screened, ln_ic50=ln_ic50, bits=csr_matrix(bits))
    predictor = replace(predictor, screened=screened)
    braf = markers(predictor, ("BRAF:600",), DRUG_IDS[0]).set_index("marker").loc["BRAF:600"]
    assert braf["within_types"] == pytest.approx(-3 / screened.sd[0], abs=0.1) and braf["n_within"] == 18


def test_a_type_of_carriers_alone_says_nothing_within_types():
    predictor = _predictor(0.0)
    lines = predictor.screened.lines.assign(cancer_type=["SKCM"] * 10 + ["LUAD"] * 30)
    predictor = replace(predictor, screened=replace(predictor.screened, lines=lines))
    braf = markers(predictor, ("BRAF:600",), DRUG_IDS[0]).set_index("marker").loc["BRAF:600"]
    assert np.isnan(braf["within_types"]) and braf["n_within"] == 0


def test_of_two_markers_the_surer_one_is_named(monkeypatch):
    """The correction makes different p equal; the first by name is not the surer one then."""
    predictor = _predictor(3.0)
    monkeypatch.setattr("engine.patient.markers.false_discovery_control", lambda p: np.full(p.shape, 0.04))
    named = strongest_markers(predictor, ("TP53:175", "BRAF:600", "ABL1:1"))["marker"].tolist()
    z = predictor.screened.z_scores(predictor.screened.ln_ic50)[predictor.screened.mutated, 1]
    bits = predictor.screened.bits[predictor.screened.mutated].toarray().astype(bool)
    carriers = {"BRAF:600": bits[:, 1], "BRAF": bits[:, 0] | bits[:, 1], "TP53:175": bits[:, 3]}
    p = {name: ttest_ind(z[has], z[~has], equal_var=False).pvalue for name, has in carriers.items()}
    assert named == ["BRAF:600", min(p, key=p.__getitem__), ""]


def test_only_what_is_more_than_chance_is_named():
    table = strongest_markers(_predictor(3.0), KEYS)
    assert table["marker"].tolist() == ["BRAF:600", "", ""]
    assert table["marker_n"].tolist() == [10, 0, 0]
    assert table["marker_z"].iloc[0] == pytest.approx(markers(_predictor(3.0), KEYS, 10)["z_with"].iloc[0])
    assert table["marker_z"].iloc[1:].isna().all()
    assert strongest_markers(_predictor(0.0), KEYS)["marker"].tolist() == ["", "", ""]


def test_a_patient_without_any_known_position():
    for keys in ((), ("NRAS:61",)):
        assert strongest_markers(_predictor(3.0), keys)["marker"].tolist() == ["", "", ""]
        assert markers(_predictor(3.0), keys, DRUG_IDS[0]).empty


def test_a_drug_that_was_never_measured():
    assert markers(_predictor(3.0), KEYS, DRUG_IDS[2]).empty
    with pytest.raises(InputError, match="Drug 99 has no structure"):
        markers(_predictor(3.0), KEYS, 99)
