"""Imports of spheroid screens as jobs: a folder, zip archive or table -> rows of the store and prepared images.

Layout, readouts and annotation are small and go with the job, hashed. Images (a plate of stacks has 100 GB) stay where
they are: the job keeps their folder's path and leaves small projections in its results.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, Named, refuse_taken_name, submit, write_receipt
from engine.settings import store_path
from engine.spheroid.image_store import WrittenImages, mean_of_stack, write
from engine.spheroid.images import compared, find_images, renamed
from engine.spheroid.judged import quality_rows
from engine.spheroid.normalise import normalised
from engine.spheroid.plate import plate_name
from engine.spheroid.readout_files import ReadoutFile
from engine.spheroid.review_records import refuse_signed_off
from engine.spheroid.screen_content import ScreenContent, day_of, read_screen, screen_tables
from engine.spheroid.screen_folder import METABOLIC, MOS, ScreenFiles, chosen_screen, screens_in
from engine.spheroid.types import Readouts
from engine.store.database import Database

SCREEN = Named("screens", "import_screen", "screen", "screen", "plate", "plate")
DRUGS = "drugs"
LONGEST_NAME = 100
IMAGES_FROM, IMAGES_TO = 0.05, 0.9  # of a job's progress
# Of a screen that is imported again nothing may stay that was computed from the first: written empty, they go.
_SCORED = ("screen", "modality", "drug", "addon", "replicate")
COMPUTED = {
    "curve": _SCORED, "score": _SCORED, "scoring": ("screen", "modality"),
    "feature": ("screen", "run_id", "plate", "row", "column"),
}  # fmt: skip
WELL = ["plate", "row", "column"]


def submit_screen_import(
    path: Path,
    name: str = "",
    *,
    sample: str = "",
    entity: str = "",
    origin: str = "",
    licence: str = "",
    simulated: bool = False,
    replace: bool = False,
    pattern: str = "",
    death_readout: bool = False,
    percent: bool = False,
    inhibition: bool = False,
    screened_on: str = "",
) -> str:
    """Submits the import of one screen; returns the job's id.

    path: a folder or zip archive with the published structure, a folder with a layout and the plates' readouts, or a
    table that says everything. name: which of several screens; a single one is called so. sample: cell line or patient
    sample, by default the beginning of the name. entity: its diagnosis. pattern: how image files are called, see
    name_pattern.py. death_readout: the metabolic signal rises as cells die. percent: metabolic readouts are viabilities
    in percent already. inhibition: they are inhibitions in percent, kept as viabilities (100 - inhibition).
    screened_on: the day of the screening, as 2021-03-15. replace: takes the place of a screen of that name, with its
    scores.
    Raises InputError at once for files that cannot be read, several screens without a name, a name that is taken, and
    a day that is none.
    """
    path = Path(path).expanduser()
    files = chosen_screen(screens_in(path), name.strip(), path.name)
    about = {"sample": sample, "entity": entity, "origin": origin, "licence": licence, "simulated": simulated}
    about |= {"pattern": pattern, "death_readout": death_readout, "percent": percent, "inhibition": inhibition}
    about["screened_on"] = screened_on
    return _submit(files, path, replace, about)


def submit_screen_imports(path: Path, *, replace: bool = False, **about: Any) -> list[str]:
    """Submits the import of every screen at a path, a job each; returns their ids. about: see `submit_screen_import`.

    Raises InputError, before anything is submitted, where one of them cannot be read or its name is taken.
    """
    path = Path(path).expanduser()
    known = {key: about.get(key, "") for key in ("sample", "entity", "origin", "licence", "pattern", "screened_on")}
    known |= {key: bool(about.get(key, False)) for key in ("simulated", "death_readout", "percent", "inhibition")}
    found = screens_in(path)
    for files in found:
        _checked(files, replace, known)
    return [_submit(files, path, replace, known) for files in found]


def run_screen_import(job: JobContext) -> None:
    """Task `import_screen`.

    Raises InputError for files that do not fit each other, JobCancelled when somebody asked it to stop; resumed, it
    goes on with the wells whose images are not prepared yet.
    """
    name, receipt = job.params["screen"], Receipt()
    job.progress(0.0, "Reading layout and readouts")
    given = bool(job.params.get("percent", False)), bool(job.params.get("inhibition", False))
    content = read_screen(_files(job), receipt, *given)
    written = _images(job, content, receipt)
    readouts = list(content.readouts)
    if written is not None and MOS not in [known.modality for known in readouts]:
        means = mean_of_stack(written.wells)
        readouts += [Readouts(MOS, means)] if len(means) else []
    if not readouts and written is None:
        raise InputError(f"{name} has neither readouts nor images: there is nothing to import.")
    job.progress(IMAGES_TO, "Comparing with the controls")
    parts, judged = [], []
    for readout in readouts:
        death = bool(job.params["death_readout"]) and readout.modality == METABOLIC and not readout.is_percent
        found = normalised(readout, content.plates, death_readout=death)
        receipt.notes.extend(found.notes)
        frame = readout.frame.merge(found.frame[[*WELL, "percent"]], on=WELL)
        parts.append(frame.assign(modality=readout.modality))
        judged.append(quality_rows(content.plates.wells, frame, readout.modality, death_readout=death))
    _write(job, content, written, parts, judged)
    _report(job, content, written, receipt, judged)


def _checked(files: ScreenFiles, replace: bool, about: dict[str, Any]) -> ScreenContent:
    """Refuses at once what the job would refuse, without looking into images."""
    if len(files.name) > LONGEST_NAME or not files.name.isprintable():
        raise InputError(
            f"The screen's name {files.name[:40]!r} has {len(files.name):,} characters or some that cannot be printed: "
            f"give it a name of at most {LONGEST_NAME}."
        )
    day_of(about["screened_on"])
    if about["percent"] and about["inhibition"]:
        raise InputError("The readouts are said to be percent viability and percent inhibition: choose one.")
    if about["percent"] and about["death_readout"]:
        raise InputError(
            "The readouts are said to be viabilities in percent and to rise as cells die: viabilities fall, choose one."
        )
    if about["inhibition"] and about["death_readout"]:
        raise InputError("Percent inhibition rises as cells die by itself: leave out that the readouts rise.")
    db = Database(store_path())
    refuse_taken_name(SCREEN, files.name, replace, db)
    refuse_signed_off(db, files.name, "replaced")
    if not files.readouts and files.table is None and files.images is None:
        raise InputError(f"{files.name} has neither readouts nor images: there is nothing to import.")
    return read_screen(files, Receipt(), about["percent"], about["inhibition"])


def _submit(files: ScreenFiles, path: Path, replace: bool, about: dict[str, Any]) -> str:
    content = _checked(files, replace, about)
    inputs: dict[str, ReadoutFile] = {}
    main = files.table or files.layout
    assert main is not None  # read_screen has refused what has neither
    inputs[FILE] = main
    for modality, given in files.readouts.items():
        inputs |= {f"{modality}_{n}": file for n, file in enumerate(given, 1)}
    if files.drugs is not None:
        inputs[DRUGS] = files.drugs
    params = {
        **about,
        "screen": files.name,
        "file_name": path.name,
        "simulated": bool(about["simulated"] or content.simulated),
        "folder": str(files.folder.resolve()),
        "images": str(files.images.resolve()) if files.images else "",
        "files": {key: file.name for key, file in inputs.items()},
        "complete": files.table is not None,
        "in_table": files.in_table,
        "published": files.published,
    }
    return submit(SCREEN, files.name, {key: file.path for key, file in inputs.items()}, **params)


def _files(job: JobContext) -> ScreenFiles:
    """The files as they came with the job."""
    params = job.params
    given = {key: ReadoutFile(job.input(key), name) for key, name in params["files"].items()}
    readouts: dict[str, tuple[ReadoutFile, ...]] = {}
    for key, file in given.items():
        if key not in (FILE, DRUGS):
            modality = key.rsplit("_", 1)[0]
            readouts[modality] = (*readouts.get(modality, ()), file)
    return ScreenFiles(
        name=params["screen"],
        folder=Path(params["folder"]),
        layout=None if params["complete"] else given[FILE],
        readouts=readouts,
        images=Path(params["images"]) if params["images"] else None,
        drugs=given.get(DRUGS),
        table=given[FILE] if params["complete"] else None,
        in_table=params["in_table"],
        published=params["published"],
    )


def _images(job: JobContext, content: ScreenContent, receipt: Receipt) -> WrittenImages | None:
    """Small projections of every well of the layout that has images; None where the screen has none."""
    if not job.params["images"]:
        return None
    folder = Path(job.params["images"])
    if not folder.is_dir():
        raise InputError(f"The images were in {folder}, which is there no more: put them back, or import again.")
    job.progress(IMAGES_FROM / 2, "Listing the images")
    found = find_images(folder, job.params["pattern"])
    names = {well.plate: plate_name(well.plate) for well in found.wells}
    found = renamed(found, {old: new for old, new in names.items() if old != new})
    wells = content.plates.wells
    known = set(wells[WELL].itertuples(index=False, name=None))
    holding = wells[wells["well_type"] != "empty"]
    receipt.notes.extend(found.notes)
    receipt.notes.extend(compared(found.wells, holding[WELL].itertuples(index=False, name=None)))
    mine = [well for well in found.wells if (well.plate, well.row, well.column) in known]
    if not mine:
        there = ", ".join(sorted({well.plate for well in found.wells}))
        raise InputError(
            f"The images in {folder.name} are of plates {there}, the layout's wells of "
            f"{', '.join(sorted(wells['plate'].unique()))}: no well has an image. Name plates alike, or correct the "
            "pattern of the images' names."
        )
    span = IMAGES_TO - IMAGES_FROM
    written = write(job.folder, mine, lambda done, told: job.progress(IMAGES_FROM + span * done, told))
    receipt.notes.extend(written.notes)
    return written


def _write(
    job: JobContext,
    content: ScreenContent,
    written: WrittenImages | None,
    parts: Sequence[pd.DataFrame],
    judged: Sequence[pd.DataFrame],
) -> None:
    name, params = job.params["screen"], job.params
    ids = {"source_id": params["source_id"]}
    tables = screen_tables(name, content, params["sample"], params["entity"], day_of(params.get("screened_on", "")))
    images = pd.DataFrame(columns=[*WELL, "image_index"]) if written is None else written.wells
    count = len(images)
    tables["screen"] = tables["screen"].assign(
        n_images=count, image_job=job.spec.id if count else None, simulated=bool(params["simulated"])
    )
    wells = tables["well"]
    place = {tuple(key): int(index) for *key, index in images[[*WELL, "image_index"]].itertuples(index=False)}
    keys = wells[WELL].itertuples(index=False, name=None)
    tables["well"] = wells.assign(image_index=pd.array([place.get(key) for key in keys], dtype="Int32"))
    for table, frame in tables.items():
        job.write_table(table, frame.assign(**ids))
    columns = ["modality", *WELL, "raw", "percent"]
    none = pd.DataFrame({key: pd.Series(dtype="float64" if key in ("raw", "percent") else "str") for key in columns})
    readouts = pd.concat(parts)[columns] if parts else none
    job.write_table("readout", readouts.assign(screen=name, run_id=pd.array([None] * len(readouts), "string"), **ids))
    for table, key in COMPUTED.items():
        job.write_table(table, pd.DataFrame({column: pd.Series(dtype="str") for column in key}))
    keyed = {column: pd.Series(dtype="str") for column in ("modality", "plate", "measure")}
    quality = pd.concat(judged) if judged else pd.DataFrame(keyed)
    job.write_table("quality", quality.assign(screen=name, job_id=job.spec.id))


def _report(
    job: JobContext,
    content: ScreenContent,
    written: WrittenImages | None,
    receipt: Receipt,
    judged: Sequence[pd.DataFrame],
) -> None:
    params, wells = job.params, content.plates.wells
    modalities = [str(frame["modality"].iloc[0]) for frame in judged if len(frame)]
    form = "one table" if params["complete"] else "published folders" if params["published"] else "layout and readouts"
    # Percentages are viabilities whatever was said of raw readouts.
    death = bool(params["death_readout"]) and not any(
        one.is_percent for one in content.readouts if one.modality == METABOLIC
    )
    settings = {"pattern": params["pattern"], "death_readout": death}
    settings["percent"] = any(readout.is_percent for readout in content.readouts)
    settings["inhibition"] = any(readout.inhibited for readout in content.readouts)
    summary = receipt.as_dict({"format": form, **settings})
    summary |= {
        "plates": int(wells["plate"].nunique()),
        "wells": len(wells),
        "wells_of_a_plate": content.plates.n_wells,
        "drugs": int(wells.loc[wells["well_type"] == "therapy", "treatment"].replace("", None).nunique()),
        "images": 0 if written is None else len(written.wells),
        "readouts": modalities,
        "files": {key: file.sha256 for key, file in job.spec.inputs.items()},
    }
    # Classes of drugs colour the phenotypes; `records.drug_classes` reads them here.
    annotation = json.loads(content.drugs.to_json(orient="records"))
    write_receipt(job, form, receipt, summary, len(wells), annotation=annotation)
    for note in receipt.notes:
        job.log(note)
    job.progress(1.0, f"{summary['plates']} plates, {summary['drugs']} drugs, {summary['images']:,} images")
