"""Simulated spheroid screens: layouts, planted truth, readable files, a mean of stack that is worse than the images."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from engine.demo import screen_plan as plan
from engine.demo.screen_wells import Defects, wells_of
from engine.demo.screens import LABEL, write_screens, write_stacks
from engine.errors import InputError

NTRK, CONTROL = plan.screen_of("SIM-NTRK_DS1"), plan.screen_of("SIM-NTRK_CE")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screens")
    return write_screens(folder, "small", seed=0, screens=["SIM-NTRK_CE", "SIM-NTRK_DS1"])


def matrix(path):
    table = pd.read_csv(path, sep="\t", comment="#", index_col=0)
    return {(row, int(column)): table.loc[row, column] for row in table.index for column in table.columns}


def truth_of(folder, screen):
    return pd.read_csv(folder / "Truth" / f"{screen}.csv", comment="#")


def percent_of(table, values):
    """Percent of the plate's own neg and pos wells, by median."""
    table = table.assign(value=values)
    means = {kind: table[table["well_type"] == kind].groupby("plate")["value"].median() for kind in ("neg", "pos")}
    negative, positive = (table["plate"].map(means[kind]) for kind in ("neg", "pos"))
    return 100 * (table["value"] - positive) / (negative - positive)


def test_small_has_every_role_on_every_plate():
    layout = plan.layout("small")
    assert len(layout) == 3 * 384 and not layout.duplicated(["Plate", "Row", "Column"]).any()
    counts = layout.groupby("Plate")["WellType"].value_counts().unstack()
    expected = {"neg": 10, "pos": 8, "BzCl": 5, "TRC": 10, "therapy": 80, "untreated": 13, "empty": 258}
    assert counts.to_dict("index") == {plate: expected for plate in ("P1", "P2", "P3")}
    doses = layout[layout["WellType"] == "therapy"].groupby("Treatment")
    assert len(doses) == 24 and (doses.size() == 10).all() and (doses["Plate"].nunique() == 2).all()
    assert (doses["Concentration"].nunique() == 5).all()


def test_full_has_the_published_counts():
    layout = plan.layout("full")
    wells = layout["WellType"].value_counts()
    assert (wells["therapy"], wells["neg"], wells["pos"], wells["BzCl"], wells["untreated"]) == (750, 30, 24, 15, 45)
    filled = layout[layout["WellType"] != "empty"]
    assert set(filled["Row"]) == set("BCDEFGHIJKLMNO") and set(filled["Column"]) == set(range(2, 24))
    assert len(filled) == 3 * 22 * 14
    series = layout[layout["WellType"] == "TRC"]["Concentration"]
    assert sorted(series.unique()) == [0.1, 1, 10, 100, 1000]
    drugs = layout[layout["WellType"] == "therapy"].groupby("Treatment")
    assert len(drugs) == 75 and (drugs["Plate"].nunique() == 1).all()
    trametinib = drugs.get_group("Trametinib")["Concentration"]
    assert sorted(trametinib.unique()) == [0.25, 2.5, 25, 250, 2500]


def test_the_control_experiment_has_98_dmso_and_112_staurosporine_wells():
    layout = plan.layout("small", control=True)
    assert layout["WellType"].value_counts().to_dict() == {"empty": 174, "pos": 112, "neg": 98}
    assert set(layout["Plate"]) == {"P1"}


@pytest.mark.parametrize("screen", plan.SCREENS[1:], ids=lambda screen: screen.name)
def test_planted_viability_falls_with_the_dose(screen):
    truth = plan.truth(screen, "full").sort_values("Concentration")
    for _, wells in truth[truth["WellType"].isin(["therapy", "TRC"])].groupby("Treatment"):
        per_dose = wells.groupby("Concentration")[["viability", "metabolic"]].agg(["min", "max"])
        assert (per_dose.xs("min", axis=1, level=1) == per_dose.xs("max", axis=1, level=1)).all(axis=None)
        assert (per_dose.diff().iloc[1:] <= 0).all(axis=None)
    assert plan.percent(truth.loc[truth["WellType"] == "pos", "viability"].to_numpy()) == pytest.approx(0)
    assert plan.percent(truth.loc[truth["WellType"] == "neg", "viability"].to_numpy()) == pytest.approx(100)


def test_every_sample_has_its_own_hits():
    left = {}
    for screen in plan.SCREENS[1:]:
        truth = plan.truth(screen, "full")
        left[screen.sample] = truth[truth["WellType"] == "therapy"].groupby("Treatment")["viability"].min()
    expected = {
        "NTRK": ["Entrectinib", "Larotrectinib", "Merestinib"],
        "BRAF": ["Vemurafenib", "Dabrafenib", "Trametinib", "Cobimetinib", "Selumetinib"],
        "HDAC": ["Entinostat", "Vorinostat"],
    }
    for sample, drugs in expected.items():
        assert (left[sample][drugs] < 0.35).all()
        for other in expected.keys() - {sample}:
            assert (left[other][drugs] > 0.65).all()


def test_metabolism_disagrees_about_some_drugs_in_both_directions():
    planted = plan.effects(NTRK, "full").set_index("drug_name")
    less = planted["max_effect"] - planted["metabolic_max_effect"]
    assert {"Chloroquine", "Paclitaxel", "Volasertib"} <= set(less[less > 0.3].index)
    assert {"Everolimus", "Rapamycin (Sirolimus)"} & set(less[less < -0.08].index)
    assert (less.abs() < 1e-9).mean() > 0.7


def test_the_folder_is_the_published_one(written):
    folder, screen = written.folder, "SIM-NTRK_DS1"
    assert (written.screens, written.wells) == (("SIM-NTRK_CE", screen), 210 + 378)
    images = sorted((folder / "Images" / screen).iterdir())
    assert len(images) == 2 * 378
    assert images[0].name == "SIM-NTRK_DS1_P1_B02_midz_224x224.tif"
    with tifffile.TiffFile(images[0]) as file:
        assert file.pages[0].description.startswith("Simulated")
        assert file.asarray().shape == (224, 224) and file.asarray().dtype == np.uint16
    layout = pd.read_csv(folder / "Layouts" / "Layout_DS.csv", comment="#")
    assert list(layout) == ["Plate", "Row", "Column", "WellType", "Treatment", "Concentration"]
    drugs = pd.read_csv(folder / "Layouts" / "Drugs.csv", comment="#")
    assert set(drugs["Treatment"]) == set(layout.loc[layout["WellType"] == "therapy", "Treatment"])
    assert drugs.set_index("Treatment").loc["Trametinib", "GroupAbbr"] == "KI-MEK"
    for kind in ("Metabolic", "MeanOfStack"):
        read = matrix(folder / kind / screen / f"{screen}_P2.txt")
        assert len(read) == 384 and sum(not np.isnan(value) for value in read.values()) == 126


def test_every_text_file_says_that_it_is_simulated(written):
    texts = [path for path in written.folder.rglob("*") if path.suffix in (".txt", ".csv")]
    assert len(texts) == 1 + 3 + 3 + 2 + 6  # about, layouts, truth, matrices of one plate and of three
    for path in texts:
        assert LABEL in path.read_text(encoding="utf-8")


def test_the_images_know_more_than_the_mean_of_the_stack(written):
    folder, screen = written.folder, "SIM-NTRK_DS1"
    truth = truth_of(folder, screen)
    mean = {plate: matrix(folder / "MeanOfStack" / screen / f"{screen}_{plate}.txt") for plate in ("P1", "P2", "P3")}
    sizes, means = [], []
    for well in truth.itertuples():
        name = f"{screen}_{well.plate}_{well.row}{well.column:02d}_midz_224x224.tif"
        image = tifffile.imread(folder / "Images" / screen / name)
        sizes.append((gaussian_filter(image.astype(float), 2.5) > np.median(image) + 1500).sum())
        means.append(mean[well.plate][well.row, well.column])
    drugs = truth["well_type"] == "therapy"
    correlation = {
        name: np.corrcoef(percent_of(truth, values)[drugs], truth.loc[drugs, "viability_percent"])[0, 1]
        for name, values in (("area", sizes), ("mean of stack", means))
    }
    assert correlation["area"] > 0.9
    assert correlation["mean of stack"] < correlation["area"] - 0.2


def test_what_is_drawn_varies_around_what_was_planted(written):
    truth = truth_of(written.folder, "SIM-NTRK_DS1")
    off = truth["drawn_percent"] - truth["viability_percent"]
    assert 2 < off.std() < 10 and abs(off.mean()) < 1.5


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_seed_fixes_every_byte_and_a_contaminated_well_is_far_brighter(written, tmp_path):
    told = []
    write_screens(
        tmp_path,
        screens=["SIM-NTRK_CE"],
        defects={"SIM-NTRK_CE": Defects(contaminated=("P1_C05",))},
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(210, 210)]
    clean, dirty = digests(written.folder), digests(tmp_path)
    assert {Path(name).stem for name in dirty if clean[name] != dirty[name]} == {
        "ABOUT",  # names the screens
        "SIM-NTRK_CE",  # the truth names the defect
        "SIM-NTRK_CE_P1",  # the mean of the stack
        "SIM-NTRK_CE_P1_C05_proj_224x224",
        "SIM-NTRK_CE_P1_C05_midz_224x224",
    }
    means = [matrix(folder / "MeanOfStack/SIM-NTRK_CE/SIM-NTRK_CE_P1.txt") for folder in (written.folder, tmp_path)]
    assert means[1]["C", 5] > 2 * means[0]["C", 5]
    assert all(means[0][well] == means[1][well] for well in means[0] if well != ("C", 5) and means[0][well] > 0)


def test_another_seed_draws_another_layout_and_other_wells():
    assert not plan.layout("small", seed=1).equals(plan.layout("small", seed=0))
    viabilities = [{well.viability for well in wells_of(CONTROL, seed=seed)} for seed in (0, 1)]
    assert len(viabilities[0] & viabilities[1]) < 10  # zeros


def contents(well):
    return well.viability, well.planted, well.metabolic, well.luminescence, well.phenotype, well.defect


def z_prime(wells):
    kinds = {kind: np.array([w.viability for w in wells if w.well_type == kind]) for kind in ("neg", "pos")}
    negative, positive = kinds["neg"], kinds["pos"]
    return 1 - 3 * (negative.std() + positive.std()) / (negative.mean() - positive.mean())


def test_defects_change_their_own_wells_and_no_others():
    clean = {well.name: well for well in wells_of(NTRK)}
    controls = {kind: [w.name for w in clean.values() if w.well_type == kind] for kind in ("neg", "pos")}
    mistaken, dirty = controls["neg"][0], controls["pos"][-1]
    planted = Defects(bad_plate=("P2",), swapped_controls=("P3",), mislabelled=(mistaken,), contaminated=(dirty,))
    spoiled = {well.name: well for well in wells_of(NTRK, defects=planted)}
    changed = {name for name in clean if contents(clean[name]) != contents(spoiled[name])}
    expected = {name for name, well in clean.items() if well.plate == "P2"} | {mistaken, dirty}
    expected |= {name for kind in controls.values() for name in kind if name.startswith("P3")}
    assert changed == expected
    by_plate = {p: [w for w in spoiled.values() if w.plate == p] for p in ("P1", "P2", "P3")}
    assert z_prime([w for w in by_plate["P1"] if w.name != mistaken]) > 0.5
    assert z_prime(by_plate["P2"]) < 0
    swapped = {kind: np.mean([w.viability for w in by_plate["P3"] if w.well_type == kind]) for kind in ("neg", "pos")}
    assert swapped["neg"] < 0.1 and swapped["pos"] > 0.9
    assert spoiled[mistaken].viability < 0.2 and spoiled[mistaken].defect == "mislabelled"
    assert spoiled[mistaken].luminescence < 0.4 * clean[mistaken].luminescence


def test_an_edge_effect_takes_most_from_the_outermost_wells():
    pairs = list(zip(wells_of(NTRK), wells_of(NTRK, defects=Defects(edge=0.4)), strict=True))
    kept = {True: [], False: []}
    for before, after in pairs:
        if before.viability > 0.3:
            outermost = before.row in "BO" or before.column in (2, 10)
            kept[outermost].append(after.viability / before.viability)
    assert np.mean(kept[True]) == pytest.approx(0.6, abs=0.01)
    assert np.mean(kept[False]) > 0.9


def test_raw_stacks_as_one_file_per_plane_and_as_one_file_per_well(tmp_path, written):
    name = "SIM-NTRK_DS1"
    files = write_stacks(tmp_path, name, ["P1_B02"], n_planes=5, pixels=224)
    assert [str(path.relative_to(tmp_path)) for path in files][1] == (
        "Stacks/SIM-NTRK_DS1/P1/TimePoint_1/ZStep_2/P1_B02_s1_w1.TIF"
    )
    (whole,) = write_stacks(tmp_path / "pages", name, ["P1_B02"], n_planes=5, pixels=224, multipage=True)
    stack = tifffile.imread(whole)
    assert stack.shape == (5, 224, 224) and stack.dtype == np.uint16
    assert (stack == np.array([tifffile.imread(path) for path in files])).all()
    middle = tifffile.imread(written.folder / "Images" / name / f"{name}_P1_B02_midz_224x224.tif")
    assert np.corrcoef(stack[2].ravel(), middle.ravel())[0, 1] > 0.98


def test_what_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InputError, match="size 'huge': choose small or full"):
        write_screens(tmp_path, "huge")
    with pytest.raises(InputError, match="no simulated screen 'X_DS1': choose from SIM-NTRK_CE, SIM-NTRK_DS1"):
        write_screens(tmp_path, screens=["X_DS1"])
    with pytest.raises(InputError, match="SIM-NTRK_DS1 has no plate 'P9': choose from P1, P2, P3"):
        wells_of(NTRK, defects=Defects(bad_plate=("P9",)))
    with pytest.raises(InputError, match="no spheroid in well 'P1_A01': name one such as P1_B02"):
        wells_of(NTRK, defects=Defects(contaminated=("P1_A01",)))
    drug = next(well.name for well in wells_of(NTRK) if well.well_type == "therapy")
    with pytest.raises(InputError, match=f"{drug} is therapy: only neg and pos wells can be mislabelled"):
        wells_of(NTRK, defects=Defects(mislabelled=(drug,)))
    with pytest.raises(InputError, match="An edge effect of 1.5: choose a share from 0 to 1"):
        wells_of(CONTROL, defects=Defects(edge=1.5))
    with pytest.raises(InputError, match="SIM-NTRK_DS1 has no spheroid in well 'P1_A01'"):
        write_stacks(tmp_path, "SIM-NTRK_DS1", ["P1_A01"])
    assert not list(tmp_path.iterdir())
