"""How long a click on the Screen review page takes at full size, in Chromium, and its rescoring beside the naive way.

    .venv/bin/python benchmarks/review.py [--home FOLDER] [--screens 20] [--wells 200] [--json]

*Simulated*: screens of 3 x 384 wells, 75 drugs at 5 doses in duplicate, 4 readouts; the first with an image of every
well that holds cells (random blobs). From the third on they are copies with noise in their scores: only the heatmap
reads them. A click is timed from the mouse to the last change of the page; `server` is the processor time that the
server spent on it, which other processes of the machine disturb less. `first`: nothing of the part was seen before.
The naive way fits every curve anew by a scipy loop, as a script would; from LOOP curves it is scaled up. It draws no
intervals and judges no plate, which a decision does.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "browser"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import driving
from curves import loop

from engine.demo import screen_plan as plan
from engine.jobs.files import write_json
from engine.settings import jobs_folder, store_path
from engine.spheroid import exclusions, review
from engine.spheroid.curve_values import Arranged, arrange
from engine.spheroid.image_store import COLUMNS, FOLDER, INDEX
from engine.spheroid.judged import quality_rows
from engine.spheroid.normalise import normalised
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.scoring import score_table
from engine.spheroid.settings import INPUT_PIXELS, ScoreSettings
from engine.spheroid.types import WELL_COLUMNS, Plates, Readouts
from engine.store.database import Database

SIZE, WHOLE, LOOP = "full", 2, 60
MODALITIES = ("image_3", "image_2", "mos", "metabolic")
NOISE = {"image_3": 0.03, "image_2": 0.05, "mos": 0.16, "metabolic": 0.07}
KINDS = {"neg": "negative", "pos": "positive", "BzCl": "metabolic_positive", "TRC": "series"}
IMAGE_JOB = "20261126-000000-import_screen-0000"
PLACE = ["plate", "row", "column"]
COPIED = ("screen", "score", "curve", "quality", "scoring")


def build(home: Path, screens: int, draws: int = 20) -> Database:
    """A store of so many screens. draws: for the intervals, few as they are not what is measured."""
    os.environ["TUMORCAST_HOME"] = str(home)
    db = Database(store_path())
    for number in range(min(screens, WHOLE)):
        name, rng = name_of(number), np.random.default_rng(number)
        base = plan.SCREENS[1 + number % 3]
        screen = replace(base, name=name)
        planted = plan.truth(screen, SIZE, number)
        wells = _layout(plan.layout(SIZE, False, number))
        images = number == 0
        if images:
            wells = _images(wells, planted, rng)
        tables: dict[str, list[pd.DataFrame]] = {"readout": [], "curve": [], "score": [], "quality": [], "scoring": []}
        settings = ScoreSettings(bootstrap=draws)
        for modality in MODALITIES:
            raw = _readouts(planted, modality, rng)
            found = normalised(Readouts(modality, raw), Plates(wells[list(WELL_COLUMNS)], 384)).frame
            place = {"screen": name, "modality": modality, "job_id": f"bench-{number}"}
            tables["readout"].append(
                found.dropna(subset="raw")[[*PLACE, "raw", "percent"]].assign(
                    screen=name, modality=modality, run_id=None, source_id=name
                )
            )
            scored = score_table(found, settings)
            tables["curve"].append(scored.curve.assign(**place))
            tables["score"].append(scored.score.assign(**place))
            judged = quality_rows(wells, found[[*PLACE, "raw", "percent"]], modality).drop(columns="modality")
            tables["quality"].append(judged.assign(**place))
            told = {"settings": json.dumps(asdict(settings)), "reference": json.dumps({"screens": [], "rows": []})}
            tables["scoring"].append(pd.DataFrame([{**place, **told, "excluded": ""}]))
        rows = {table: pd.concat(parts, ignore_index=True) for table, parts in tables.items()}
        rows["screen"] = pd.DataFrame(
            [{"screen": name, "kind": "drugs", "sample": base.sample, "entity": base.entity, "n_plates": 3,
              "n_wells": 384, "n_images": int(wells["image_index"].notna().sum()), "simulated": True,
              "image_job": IMAGE_JOB if images else None, "source_id": name}]
        )  # fmt: skip
        rows["plate"] = pd.DataFrame(
            [{"screen": name, "plate": f"P{n}", "n_rows": 16, "n_columns": 24, "source_id": name} for n in (1, 2, 3)]
        )
        rows["well"] = wells.assign(screen=name, source_id=name)
        rows["source"] = pd.DataFrame([_source(name, number)])
        _write(db, rows)
    for number in range(WHOLE, screens):
        _copy(db, name_of(number), np.random.default_rng(number))
    return db


def name_of(number: int) -> str:
    return f"SIM-FULL{number:02d}_DS1"


def _copy(db: Database, name: str, rng: np.random.Generator) -> None:
    """The last whole screen under another name, without its wells; its scores vary."""
    of = name_of(WHOLE - 1)
    rows = {t: db.query(f"SELECT * FROM {t} WHERE screen = ?", [of]).assign(screen=name) for t in COPIED}
    score = rows["score"]
    score["dss_asym"] = (score["dss_asym"] + rng.normal(0, 4, len(score))).clip(0, 50)
    source = db.query("SELECT * FROM source WHERE source_id = ?", [of]).assign(source_id=name)
    source["imported_at"] -= pd.Timedelta(days=1)
    _write(db, {"source": source, **rows, "screen": rows["screen"].assign(source_id=name)})


def _layout(table: pd.DataFrame) -> pd.DataFrame:
    """The simulated layout as the store keeps it."""
    wells = table.rename(columns={"Plate": "plate", "Row": "row", "Column": "column", "Concentration": "conc_nm"})
    drug = wells["WellType"].eq("therapy")
    order = wells[drug].groupby(["Treatment", "conc_nm"]).cumcount() + 1
    return pd.DataFrame(
        {
            **{name: wells[name] for name in PLACE},
            "well_type": wells["WellType"].map(lambda kind: KINDS.get(kind, kind)),
            "treatment": wells["Treatment"],
            "conc_nm": wells["conc_nm"].where(wells["conc_nm"] > 0),
            "replicate": order.reindex(wells.index).fillna(1).astype(int),
            "addon": "",
            "addon_nm": np.nan,
            "image_index": pd.array([pd.NA] * len(wells), dtype="Int32"),
        }
    )


def _readouts(planted: pd.DataFrame, modality: str, rng: np.random.Generator) -> pd.DataFrame:
    alive = planted["metabolic" if modality == "metabolic" else "viability"].to_numpy(float)
    noisy = alive + rng.normal(0, NOISE[modality], len(alive))
    raw = {"metabolic": 1e6 * np.clip(noisy, 0.001, None), "mos": 300 + 900 * noisy}.get(modality, 0.2 + 0.6 * noisy)
    return planted[["Plate", "Row", "Column"]].set_axis(PLACE, axis=1).assign(raw=raw)


def _images(wells: pd.DataFrame, planted: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Blobs whose brightness follows viability, one per well with cells, as an import leaves them."""
    folder = jobs_folder() / IMAGE_JOB / "results" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    place = np.linspace(-1, 1, INPUT_PIXELS)
    disc = np.exp(-4 * (place[:, None] ** 2 + place[None, :] ** 2))
    told = planted.set_index(["Plate", "Row", "Column"])["viability"]
    files, rows, index = {}, [], wells["image_index"].copy()
    for n, (plate, own) in enumerate(wells[wells["well_type"] != "empty"].groupby("plate")):
        array = np.empty((len(own), 2, INPUT_PIXELS, INPUT_PIXELS), np.uint16)
        for i, (at, well) in enumerate(own.iterrows()):
            alive = float(told[plate, well["row"], well["column"]])
            counts = 300 + (500 + 2500 * alive) * disc + rng.normal(0, 60, disc.shape)
            array[i] = np.clip([counts, 0.8 * counts], 0, 65535)
            rows.append([plate, well["row"], int(well["column"]), i, 30, float(counts.mean())])
            index[at] = i
        np.save(folder / f"plate_{n}.npy", array)
        files[plate] = f"plate_{n}.npy"
    write_json(folder / INDEX, {"files": files, "columns": list(COLUMNS), "wells": rows})
    return wells.assign(image_index=index)


def _source(name: str, number: int) -> dict[str, Any]:
    receipt = {"read": 924, "kept": 924, "dropped": {}, "settings": {}, "notes": [], "annotation": _classes()}
    return {
        "source_id": name, "kind": "screens", "file_name": name, "file_format": "screen", "sha256": "0", "bytes": 1,
        "origin": "Simulated by the benchmark", "licence": "none", "rows_read": 924, "rows_kept": 924,
        "receipt": json.dumps(receipt), "job_id": f"bench-{number}", "simulated": True,
        "imported_at": pd.Timestamp("2026-11-26 05:00") - pd.Timedelta(minutes=number),
    }  # fmt: skip


def _classes() -> list[dict[str, str]]:
    table = plan.panel(SIZE).rename(columns={"drug_name": "drug"})
    return table[["drug", "abbreviation", "group_abbr", "group_name"]].to_dict("records")


def _write(db: Database, rows: dict[str, pd.DataFrame]) -> None:
    with db.write() as connection:
        for table, frame in rows.items():
            connection.register("frame", frame)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM frame")
            connection.unregister("frame")


class Clicks:
    """Clicks on one page, each with its seconds and the server's own."""

    def __init__(self, page: Any, server: psutil.Process) -> None:
        self.page, self.server = page, server
        self.rows: list[dict[str, Any]] = []

    def time(self, what: str, click: Callable[[], None], first: bool = False) -> None:
        """One click. click: ends with the hand on the page."""
        before = self.cpu()
        click()
        self.page.wait_for_function(driving.QUIET)
        seconds = self.page.evaluate("(window.changed - window.pressed) / 1000")
        print(f"{what}: {seconds:.2f} s", file=sys.stderr)
        self.rows.append({"click": what, "first": first, "seconds": seconds, "server": self.cpu() - before})

    def cpu(self) -> float:
        used = self.server.cpu_times()
        return used.user + used.system

    def tab(self, name: str, first: bool = False) -> None:
        self.time(f"tab {name}", self.page.get_by_role("tab", name=name, exact=True).click, first)

    def button(self, what: str, name: str, at: int = 0) -> None:
        self.time(what, self.page.get_by_role("button", name=name, exact=True).nth(at).click)

    def point(self, what: str, key: str, *words: str) -> None:
        self.time(what, lambda: driving.click_point(self.page, key, *words))


OTHER_WELL = f"well => document.querySelector('.stMain h3')?.innerText !== well && ({driving.FRESH})()"
TABS = ("Hits", "Curves", "Wells", "Phenotypes", "Compare", "Decisions", "Quality")


def clicked(home: Path, wells: int) -> dict[str, Any]:
    """Every click in a fresh server, and its memory over so many wells. Writes decisions into the home."""
    db = Database(store_path())
    screen = name_of(0)
    layout = db.query('SELECT * FROM well WHERE screen = ? ORDER BY plate, row, "column"', [screen])
    layout["name"] = layout["plate"] + "_" + layout["row"] + layout["column"].map("{:02d}".format)
    drugs, controls = (layout[layout["well_type"] == kind] for kind in ("therapy", "negative"))
    strongest = db.query(
        "SELECT drug FROM score WHERE screen = ? AND modality = ? AND replicate = 'pooled' ORDER BY dss_asym DESC",
        [screen, MODALITIES[0]],
    )["drug"]  # fmt: skip
    with driving.served(home) as (address, app), driving.chromium() as browser:
        page, wrong = driving.open_page(browser, address)
        begun = time.perf_counter()
        page.goto(f"{address}/screen_review?rev_screen={screen}")
        page.wait_for_selector("h1")
        page.wait_for_function(driving.QUIET)
        opened = time.perf_counter() - begun - 0.6  # of quiet
        clicks = Clicks(page, psutil.Process(app.pid))
        for first in (True, False, False):
            for name in TABS:
                clicks.tab(name, first)
        for well in drugs["name"].iloc[[5, 60, 200]]:
            clicks.point("Quality: well of a map", f"review_map_{well.partition('_')[0]}", well)
        for value in ("Raw", "Residual", "Deviation", "Viability"):
            clicks.time("Quality: value of the maps", page.get_by_text(value, exact=True).first.click)
        clicks.tab("Hits")
        for drug in strongest.iloc[[3, 10, 20]]:
            clicks.point("Hits: bar of the waterfall", "review_waterfall", drug)
        clicks.tab("Curves")
        for _ in range(3):
            clicks.time("Curves: page", page.locator("[data-testid=stNumberInputStepUp]").last.click)
        clicks.button("Curves: weaker drug", "Weaker")
        clicks.tab("Compare")
        clicks.time("Compare: cell of the heatmap", lambda: _cell(page, screen, str(strongest.iloc[5])))
        memory = _memory(clicks, wells)
        clicks.tab("Quality")
        for what, well in (("a well", drugs["name"].iloc[7]), ("a control", controls["name"].iloc[3])):
            driving.click_point(page, f"review_map_{well.partition('_')[0]}", well)
            driving.answered(page)
            page.get_by_role("button", name=f"Exclude {well}").first.click()
            _sign(page)
            clicks.time(f"Exclude {what}", page.get_by_role("dialog").get_by_role("button", name="Exclude").click)
        assert wrong == [], wrong
    return {"opened": opened, "clicks": clicks.rows, **memory}


def _cell(page: Any, screen: str, drug: str) -> None:
    driving.click_point(page, "compare_heatmap", f"{screen}|{drug}")


def _sign(page: Any) -> None:
    """Name and reason in the dialog that opens."""
    dialog = page.get_by_role("dialog")
    for label, words in (("In your own words", "Measured"), ("Your name", "Benchmark")):
        field = dialog.get_by_role("textbox", name=label)
        field.fill(words)
        field.press("Tab")
        driving.answered(page)


def _memory(clicks: Clicks, wells: int) -> dict[str, Any]:
    """MiB of the server after a quarter of so many wells and after all of them; every tenth click is timed."""
    clicks.tab("Wells")
    found = []
    for number in range(wells):
        if number % 10 == 0:
            clicks.button("Wells: next", "Next")
        else:
            well = clicks.page.locator(".stMain h3").first.inner_text()
            clicks.page.get_by_role("button", name="Next", exact=True).click()
            clicks.page.wait_for_function(OTHER_WELL, arg=well)
        if number in (wells // 4, wells - 1):
            found.append(clicks.server.memory_info().rss / 2**20)
    return {"wells": wells, "rss_quarter_mib": found[0], "rss_all_mib": found[-1]}


def rescored(db: Database) -> dict[str, Any]:
    """Seconds of a decision that moves a whole plate, and of every curve of the screen fitted by a scipy loop."""
    screen = name_of(0)
    control = db.query(
        "SELECT plate, row, \"column\" FROM well WHERE screen = ? AND well_type = 'negative' ORDER BY ALL", [screen]
    ).iloc[-1]
    target = Target("well", plate=control["plate"], row=control["row"], column=int(control["column"]))
    known = review.state(db, screen)
    wall, own = time.perf_counter(), time.process_time()
    done = review.decide(db, screen, "Benchmark", [Decision("exclude", target, "Measured")], known.last)
    decision_s, decision_cpu_s = time.perf_counter() - wall, time.process_time() - own
    wells = exclusions.applied(db, screen, MODALITIES[0])
    arranged, curves = _arranged(wells)
    some = min(LOOP, curves)
    wall, own = time.perf_counter(), time.process_time()
    losses = loop(arranged, some)
    loop_s, loop_cpu_s = time.perf_counter() - wall, time.process_time() - own
    scale = curves * len(MODALITIES) / some
    return {
        "curves": curves * len(MODALITIES), "in_loop": some, "changed": len(done.changes),
        "decision_s": decision_s, "decision_cpu_s": decision_cpu_s,
        "naive_s": loop_s * scale, "naive_cpu_s": loop_cpu_s * scale,
        "ratio": loop_cpu_s * scale / decision_cpu_s, "finite": int(np.isfinite(losses).sum()),
    }  # fmt: skip


def _arranged(wells: pd.DataFrame) -> tuple[Arranged, int]:
    """The values of every curve of one readout, pooled and of each replicate, and how many curves."""
    own = wells[(wells["well_type"] == "therapy") & wells["percent"].notna()]
    own = pd.concat([own.assign(replicate=0), own])
    curve_of = own.groupby(["treatment", "replicate"]).ngroup().to_numpy()
    curves = int(curve_of.max()) + 1
    return arrange(np.log10(own["conc_nm"]).to_numpy(), 1 - own["percent"].to_numpy() / 100, curve_of, curves), curves


def summary(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a kind of click: n, median and longest seconds, and of the server."""
    table = pd.DataFrame(rows)
    table["click"] += table["first"].map({True: " (first)", False: ""})
    grouped = table.groupby("click", sort=False)
    return pd.DataFrame(
        {"n": grouped.size(), **{f"{what} {name}": getattr(grouped[what], name)()
                                 for what in ("seconds", "server") for name in ("median", "max")}}
    )  # fmt: skip


def measure(home: Path, screens: int, wells: int) -> dict[str, Any]:
    """Everything, in a home that is built where it holds no store yet."""
    os.environ["TUMORCAST_HOME"] = str(home)
    db = Database(store_path()) if store_path().exists() else build(home, screens)
    return {"screens": screens, "rescoring": rescored(db), **clicked(home, wells)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a folder to keep; a temporary one otherwise. It is written into")
    parser.add_argument("--screens", type=int, default=20)
    parser.add_argument("--wells", type=int, default=200, help="looked at for the server's memory")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.home or Path(folder), given.screens, given.wells)
    if given.json:
        print(json.dumps(found))
        return
    print(f"Opened cold in {found['opened']:.2f} s, {found['screens']} screens in the store.")
    print(summary(found["clicks"]).to_string(float_format="{:.2f}".format))
    slowest = max(statistics.median(values) for values in _by_click(found["clicks"]).values())
    print(f"Slowest kind of click: {slowest:.2f} s (median).")
    print(f"Server: {found['rss_quarter_mib']:.0f} MiB after {found['wells'] // 4} wells, "
          f"{found['rss_all_mib']:.0f} MiB after {found['wells']}.")  # fmt: skip
    told = found["rescoring"]
    print(f"A control left out: {told['decision_s']:.2f} s ({told['decision_cpu_s']:.2f} s of processor time), "
          f"{told['changed']} scores change. scipy, one curve after the other, {told['curves']} curves: "
          f"{told['naive_s']:.0f} s ({told['naive_cpu_s']:.0f} s): {told['ratio']:.0f} times.")  # fmt: skip


def _by_click(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if not row["first"]:
            found.setdefault(row["click"], []).append(row["seconds"])
    return found


if __name__ == "__main__":
    main()
