"""The published rule at its boundaries, against a plain version, and its statistics against scipy's."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom
from small_screen import predictions, small_screen, type_names

from engine.errors import InputError, StoreError
from engine.response.repurpose import PUBLISHED, Thresholds, hit_table, matrix, measured_lines, outcome, shared


def by_rule(screen, **settings):
    thresholds = Thresholds(**settings)
    return outcome(screen, matrix(screen, thresholds), thresholds)


def left(screen, **settings):
    return by_rule(screen, **settings).hits["molecule_id"].tolist()


def test_exactly_a_tenth_of_the_lines_is_not_more_than_a_tenth():
    one, two = small_screen(predictions(1), type_names(1)), small_screen(predictions(2), type_names(1))
    assert left(one) == [] and left(two) == ["M0"]
    assert left(one, more_than=False) == ["M0"]


@pytest.mark.parametrize(("lines", "share", "exactly"), [(30, 0.1, 3), (10, 0.3, 3), (20, 0.35, 7), (10, 0.7, 7)])
def test_shares_are_compared_as_fractions(lines, share, exactly):
    """0.1 * 3 is more than 0.3 in binary; 3 of 10 lines are not more than 30 %."""
    at = small_screen(predictions(exactly, lines=lines), type_names(1, lines))
    above = small_screen(predictions(exactly + 1, lines=lines), type_names(1, lines))
    assert left(at, type_share=share) == [] and left(above, type_share=share) == ["M0"]
    assert left(at, type_share=share, more_than=False) == ["M0"]


def test_a_share_from_a_slider_is_meant_as_it_is_shown():
    screen = small_screen(predictions(3), type_names(1))
    assert left(screen, type_share=0.1 + 0.2) == [] and left(screen, type_share=0.1 + 0.2, more_than=False) == ["M0"]


def test_a_line_at_the_threshold_is_not_sensitive():
    just_below = np.nextafter(np.float32(-2), np.float32(-3))
    assert left(small_screen([-2.0] * 10, ["T"] * 10)) == []
    assert left(small_screen([just_below] * 10, ["T"] * 10)) == ["M0"]
    # -2.2 in single precision lies below -2.2 in double precision, and is still not below -2.2
    assert left(small_screen([-2.2] * 10, ["T"] * 10), sensitive_below=-2.2) == []


@pytest.mark.parametrize(("n_types", "cytotoxic"), [(22, False), (23, True), (25, True)])
def test_23_of_25_types_are_generally_cytotoxic(n_types, cytotoxic):
    screen = small_screen(predictions(*[2] * n_types, *[0] * (25 - n_types)), type_names(25), "non-oncology")
    found = by_rule(screen)
    assert found.hits["cytotoxic"].tolist() == [cytotoxic] and found.hits["n_types"].tolist() == [n_types]
    assert found.counts["non-oncology cytotoxic"] == cytotoxic
    assert found.counts["non-oncology left"] == 1 - cytotoxic


def test_exactly_nine_tenths_of_the_types_are_not_more_than_nine_tenths():
    nine = small_screen(predictions(*[2] * 9, 0), type_names(10))
    assert by_rule(nine).hits["cytotoxic"].tolist() == [False]


def test_an_oncology_drug_needs_a_type_beyond_its_approved_ones():
    mean = [predictions(5, 0), predictions(5, 5), predictions(5, 0), predictions(5, 0), predictions(5, 0)]
    classes = ["oncology", "oncology", "oncology", "non-oncology", "unknown"]
    approved = ["T00", "T00|ACC", "T01", "", ""]
    found = by_rule(small_screen(mean, type_names(2), classes, approved))
    hits = found.hits.set_index("molecule_id").sort_index()
    assert hits["new_types"].to_dict() == {"M1": "T01", "M2": "T00", "M3": "T00", "M4": "T00"}
    assert hits.loc["M1", ["sensitive_types", "approved_types", "best_type"]].tolist() == ["T00, T01", "T00", "T01"]
    steps = ("molecules", "any_line", "any_type", "hits", "cytotoxic", "left")
    assert [found.counts[f"oncology {step}"] for step in steps] == [3, 3, 3, 2, 1, 1]
    assert [found.counts[f"non-oncology {step}"] for step in steps] == [1, 1, 1, 1, 0, 1]
    assert [found.counts[f"unknown {step}"] for step in steps] == [1, 1, 1, 1, 0, 1]


def test_an_oncology_drug_without_a_known_approved_type_is_counted():
    found = by_rule(small_screen([predictions(5), predictions(5)], type_names(1), "oncology", ["", "PRAD"]))
    assert found.approved_unknown == 2 and len(found.hits) == 2


def test_a_type_of_few_lines_takes_no_part():
    screen = small_screen([*predictions(2), -5.0], [*type_names(1), "ACC"])
    found = matrix(screen, Thresholds())
    assert (found.types, found.left_out, found.n_lines.tolist()) == (("T00",), ("ACC",), [10])
    assert matrix(screen, Thresholds(min_lines=1)).types == ("ACC", "T00")
    with pytest.raises(InputError, match="No cancer type of the screen screen-1 has 11 lines"):
        matrix(screen, Thresholds(min_lines=11))


def test_lines_without_a_cancer_type_take_no_part():
    screen = small_screen(predictions(2) + [-5.0] * 10, [*type_names(1), *[None] * 5, *[float("nan")] * 5])
    assert matrix(screen, Thresholds()).count.tolist() == [[2]]


def test_without_a_sensitive_line_no_share_makes_a_type_sensitive():
    assert left(small_screen(predictions(0), type_names(1)), type_share=0.0, more_than=False) == []
    assert left(small_screen(predictions(1), type_names(1)), type_share=0.0) == ["M0"]


def test_impossible_thresholds_are_refused():
    with pytest.raises(InputError, match="The share of a type's lines is 10, but a share lies between 0 and 1"):
        Thresholds(type_share=10)
    with pytest.raises(InputError, match="The share of the types is -0.1"):
        Thresholds(cytotoxic_share=-0.1)
    with pytest.raises(InputError, match="A cancer type cannot take part from 0 lines on: choose 1 or more"):
        Thresholds(min_lines=0)
    with pytest.raises(InputError, match="A line cannot be sensitive below nan"):
        Thresholds(sensitive_below=float("nan"))


def test_a_screen_must_fit_together():
    screen = small_screen(predictions(1), type_names(1))
    with pytest.raises(StoreError, match="1 molecules and 10 lines, but means of shape"):
        type(screen)(screen.summary, screen.molecules, screen.lines, screen.mean[:, :9], screen.spread)
    with pytest.raises(StoreError, match="a prediction for molecule 0 that is no number"):
        small_screen([np.nan] * 10, ["T"] * 10)


def plain_counts(mean, types, classes, approved):
    """The rule again, on a frame with a row for every pair."""
    frame = pd.DataFrame(mean).rename_axis("molecule").reset_index().melt("molecule", value_name="ln_ic50")
    frame["type"] = types[frame["variable"].astype(int)]
    frame["sensitive"] = frame["ln_ic50"] < -2
    cells = frame.groupby(["molecule", "type"])["sensitive"].agg(["sum", "size"]).reset_index()
    cells["called"] = cells["sum"] * 10 > cells["size"]
    cells["approved"] = [t in approved[m].split("|") for m, t in zip(cells["molecule"], cells["type"], strict=True)]
    cells["new"] = cells["called"] & ~cells["approved"]
    each = cells.groupby("molecule").agg(lines=("sum", "sum"), called=("called", "sum"), new=("new", "any"))
    each["class"], n_types = classes, cells["type"].nunique()
    each["hit"] = np.where(each["class"] == "oncology", each["new"], each["called"] > 0)
    counts = {}
    for name, group in each.groupby("class"):
        poison = group["hit"] & (group["called"] * 10 > n_types * 9)
        steps = [len(group), (group["lines"] > 0).sum(), (group["called"] > 0).sum()]
        steps += [group["hit"].sum(), poison.sum(), group["hit"].sum() - poison.sum()]
        names = ("molecules", "any_line", "any_type", "hits", "cytotoxic", "left")
        counts |= {f"{name} {step}": int(n) for step, n in zip(names, steps, strict=True)}
    return counts


@pytest.mark.parametrize("seed", range(12))
def test_counts_equal_those_of_a_plain_version(seed):
    random = np.random.default_rng(seed)
    lines_of = random.choice([10, 11, 20, 30], 10)
    types = random.permutation(np.repeat([f"T{i}" for i in range(10)], lines_of))
    mean = (random.normal(-0.5, 1.5, (60, 1)) + random.normal(0, 0.7, (60, len(types)))).round(1)  # -2.0 occurs
    mean[:3] -= 8
    classes = random.choice(["oncology", "non-oncology"], 60)
    approved = ["|".join(random.choice(types, 2)) if name == "oncology" else "" for name in classes]
    found = by_rule(small_screen(mean, types, classes, approved))
    expected = plain_counts(mean.astype(np.float32), types, classes, approved)
    assert {key: found.counts[key] for key in expected} == expected
    assert expected["oncology hits"] > 0 and expected["oncology cytotoxic"] + expected["non-oncology cytotoxic"] > 0


def test_selectivity_is_what_molecule_and_type_leave():
    """Two molecules, two types, one line in ten moved: residuals are +-0.25 x the shift, in sd +-1."""
    mean = np.zeros((2, 20)) + np.array([[0.0], [4.0]]) + np.repeat([0.0, 1.0], 10)
    mean[0, :10] -= 2
    found = matrix(small_screen(mean, type_names(2)), Thresholds())
    assert found.selectivity == pytest.approx(np.array([[-1, 1], [1, -1]]))
    assert found.selectivity_sd == pytest.approx(0.5)
    assert found.median.tolist() == [[-2, 1], [4, 5]]


def test_additive_predictions_have_no_selectivity_and_one_molecule_none_defined():
    additive = np.array([[0.1], [4.3], [-2.2]]) + np.repeat([0.0, 1.7], 10)
    assert (matrix(small_screen(additive, type_names(2)), Thresholds()).selectivity == 0).all()
    alone = matrix(small_screen(additive[:1], type_names(2)), Thresholds())
    assert np.isnan(alone.selectivity).all()


def test_enrichment_is_the_hypergeometric_upper_tail():
    """4 of 5 sensitive lines in one of two types of 10: (C(10,4) C(10,1) + C(10,5)) / C(20,5)."""
    found = matrix(small_screen(predictions(4, 1), type_names(2)), Thresholds())
    assert found.p[0, 0] == pytest.approx((210 * 10 + 252) / 15504)
    assert found.p[0, 1] == pytest.approx(1 - 252 / 15504)
    random = np.random.default_rng(0)
    types = np.repeat(["A", "B", "C"], [10, 25, 60])
    mean = random.normal(-2, 1, (200, 95)) + random.normal(0, 2, (200, 1))
    found = matrix(small_screen(mean, types), Thresholds())
    total = found.count.sum(axis=1, keepdims=True)
    assert found.p == pytest.approx(hypergeom.sf(found.count - 1, 95, total, found.n_lines), rel=1e-9)


def test_molecules_with_nothing_to_tell_have_p_1_and_count_for_no_test():
    mean = [predictions(10, 0), predictions(0, 0), predictions(10, 10)]
    found = matrix(small_screen(mean, type_names(2)), Thresholds())
    assert found.p[1:].tolist() == [[1, 1], [1, 1]] and found.q[1:].tolist() == [[1, 1], [1, 1]]
    assert found.p[0] == pytest.approx([1 / 184756, 1])
    assert found.q[0] == pytest.approx([2 / 184756, 1])  # two cells were tested, not six


def test_sure_is_sensitive_at_the_upper_bound():
    mean = [-3.0] * 5 + [-2.5] * 5  # half width 1 x (0.1 + 0.6)
    found = matrix(small_screen(mean, ["T"] * 10, floor=0.6), Thresholds())
    assert found.share.tolist() == [[1.0]] and found.sure.tolist() == [[0.5]]
    screen = small_screen([predictions(2, 5)], type_names(2), quantile=None)
    assert np.isnan(matrix(screen, Thresholds()).sure).all()
    assert by_rule(screen).hits["n_sure"].isna().all()
    assert by_rule(small_screen([predictions(2, 5)], type_names(2), floor=None)).hits["n_sure"].tolist() == [0]


def test_hits_say_what_stands_behind_them():
    mean = [predictions(*[5] * 10), predictions(8, 2, *[0] * 8), predictions(*[0] * 10)]
    found = by_rule(small_screen(mean, type_names(10), "non-oncology"))
    assert found.hits["molecule_id"].tolist() == ["M1", "M0"]  # the poison last
    row = found.hits.iloc[0]
    assert (row["best_type"], row["best_share"], row["n_types"], row["n_sure"]) == ("T00", 0.8, 2, 2)
    assert row["best_selectivity"] < -1 and row["best_q"] < 1e-6
    assert (row["nearest_drug"], row["similarity"], row["inside"]) == ("Erlotinib", 0.5, True)


def test_supported_hits_come_first():
    """M0 lies lower in T09 than molecule and type say, but its lines are sensitive everywhere: not enriched."""
    mean = [predictions(0, *[9] * 9), predictions(8, 2, *[0] * 8), predictions(*[0] * 10)]
    mean[0][-10:] = [-9.0] * 10
    found = by_rule(small_screen(mean, type_names(10), "non-oncology"), cytotoxic_share=1.0).hits
    assert found["molecule_id"].tolist() == ["M1", "M0"] and found["supported"].tolist() == [True, False]
    assert found["best_selectivity"].iloc[1] < -1 < found["best_q"].iloc[1]
    assert found["best_selectivity"].iloc[0] < -1 and found["best_q"].iloc[0] < 0.05


def test_hits_of_one_type_have_their_evidence_there():
    mean = [predictions(5, 0), predictions(2, 9), predictions(0, 4)]
    classes, approved = ["oncology", "oncology", "non-oncology"], ["T00", "", ""]
    screen = small_screen(mean, type_names(2), classes, approved)
    found = matrix(screen, Thresholds())
    hits, hit = hit_table(screen, found, Thresholds(), "T00")
    assert hits["molecule_id"].tolist() == ["M1"] and hit.tolist() == [False, True, False]  # M0 is approved there
    row = hits.iloc[0]
    assert (row["best_type"], row["best_share"], row["best_median"]) == ("T00", 0.2, found.median[1, 0])
    assert (row["best_selectivity"], row["best_q"]) == (found.selectivity[1, 0], found.q[1, 0])
    everywhere = hit_table(screen, found, Thresholds())[0].set_index("molecule_id")
    assert everywhere["best_type"].to_dict() == {"M1": "T01", "M2": "T01"}
    lines = screen.lines["cosmic_id"].tolist()
    measured = pd.DataFrame({"molecule_id": ["M1", "M1", "M1", "M2"], "cosmic_id": [lines[0], lines[1], lines[12], -1]})
    assert measured_lines(hits, screen, measured).tolist() == [2]
    assert measured_lines(hits, screen, measured.iloc[:0]).tolist() == [0]


def hits_with(nearest, mechanism):
    return pd.DataFrame({"nearest_drug": nearest, "mechanism": mechanism, "similarity": 0.3})


def test_hits_that_lean_on_one_drug_are_called_one_artefact():
    told = shared(hits_with(["Paclitaxel"] * 9 + ["Erlotinib"] * 2, ["agonist|other"] * 6 + ["", None] + ["x"] * 3))
    assert told == (
        "9 of 11 hits are nearest to Paclitaxel (median similarity 0.30); 6 share the mechanism agonist: likely one "
        "artefact of extrapolation, not 9 findings."
    )
    told = shared(hits_with([f"D{i}" for i in range(10)], ["tubulin inhibitor"] * 6 + [""] * 4))
    assert told == "6 of 10 hits share the mechanism tubulin inhibitor: likely one finding, not 6 findings."


@pytest.mark.parametrize(("same", "of"), [(9, 9), (5, 10), (6, 12)])
def test_of_few_hits_or_no_more_than_half_nothing_is_said(same, of):
    assert shared(hits_with(["A"] * same + [f"D{i}" for i in range(of - same)], [""] * of)) == ""
    assert shared(hits_with([None] * 10, [None] * 10)) == ""


def test_no_hit_is_an_empty_table_with_its_columns():
    found = by_rule(small_screen(predictions(0), type_names(1)))
    assert len(found.hits) == 0 and "best_q" in found.hits


def test_published_counts_agree_with_each_other():
    for name in ("oncology", "non-oncology"):
        assert PUBLISHED[f"{name} hits"] - PUBLISHED[f"{name} cytotoxic"] == PUBLISHED[f"{name} left"]


def test_the_table_has_the_published_counts_beside():
    table = by_rule(small_screen([predictions(5, 0)], type_names(2), "oncology", "T01")).table().set_index("step")
    assert table.loc["hits", ["oncology", "oncology, published"]].tolist() == [1, 23]
    assert pd.isna(table.loc["with a sensitive cancer type", "oncology, published"])


def test_thresholds_are_live():
    """1,500 molecules on 808 lines take 0.05 s of a free core; a busy one is given twenty times as long."""
    random = np.random.default_rng(0)
    types = np.repeat([f"T{i:02d}" for i in range(25)], [40] * 12 + [26, 27] + [25] * 11)
    mean = random.normal(-2, 2, (1500, 1)) + random.normal(0, 1, (1500, len(types)))
    screen = small_screen(mean, types)
    began = time.process_time()
    found = matrix(screen, Thresholds())
    outcome(screen, found, Thresholds())
    assert len(found.types) == 25 and time.process_time() - began < 1


@pytest.mark.real_data
def test_measured_responses_show_what_is_known_of_selective_drugs(real_data):
    """GDSC1 in place of predictions: BCR-ABL in LCML, BRAF in SKCM and THCA, and what kills every type is flagged."""
    tables = real_data / "response"
    lines = pd.read_csv(tables / "cell_lines.csv").set_index("cosmic_id")["tcga_label"]
    pairs = pd.read_csv(tables / "GDSC1_fitted_dose_response.csv.gz", usecols=["COSMIC_ID", "DRUG_NAME", "LN_IC50"])
    values = pairs.pivot_table(index="DRUG_NAME", columns="COSMIC_ID", values="LN_IC50")
    values = values.loc[:, values.columns.isin(lines.index[lines.notna() & (lines != "UNABLE TO CLASSIFY")])]
    filled = values.T.fillna(values.mean(axis=1)).T
    screen = small_screen(filled.to_numpy(), lines.reindex(values.columns).to_numpy(), "non-oncology")
    screen.molecules["name"] = values.index.to_numpy()
    hits = by_rule(screen).hits.set_index("name")
    assert hits.loc[["Nilotinib", "Dabrafenib", "Selumetinib"], "best_type"].tolist() == ["LCML", "SKCM", "SKCM"]
    assert "THCA" in hits.loc["Dabrafenib", "sensitive_types"]
    assert (hits.loc[["Nilotinib", "Dabrafenib"], "best_selectivity"] < -5).all()
    assert hits.loc[["Vinblastine", "Docetaxel", "Nilotinib", "Dabrafenib"], "cytotoxic"].tolist() == [1, 1, 0, 0]
