"""Small photographs for a screen's report: a drug's spheroids from the lowest to the highest dose."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from engine.errors import InputError
from engine.figures.text import count, number
from engine.report.parts import Strip, Tile
from engine.spheroid import records
from engine.spheroid.image_store import PreparedImages, open_images
from engine.spheroid.review_types import Target
from engine.spheroid.thumbnails import thumbnails
from engine.store.database import Database

PIXELS = 160  # of one photograph, each way
WINDOW = (1.0, 99.7)  # percentiles of the strip's counts that are drawn black and white
MOST_DOSES = 12
PAIR_PIXELS = 96  # of a picture below a curve


def photographs(
    db: Database, row: Mapping[str, Any], values: pd.DataFrame, drugs: Sequence[str]
) -> tuple[tuple[Strip, ...], str]:
    """A strip per drug, and a sentence where there are none or some are missing.

    row: of `screen_list.screens`. values: of `exclusions.applied`. All photographs of one strip, its control too, are
    drawn with the same contrast.
    """
    if not row["n_images"]:
        return (), "The screen was imported without images."
    try:
        images = open_images(records.image_folder(db, str(row["screen"])))
        strips = tuple(strip for drug in drugs if (strip := _strip(images, values, drug)) is not None)
    except InputError as error:
        return (), f"Its images are not there any more. {error}"
    lacking = len(drugs) - len(strips)
    return strips, f"{lacking} of these {len(drugs)} drugs have no images." if lacking else ""


def pictured(db: Database, row: Mapping[str, Any], values: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, str]:
    """Well (P1_D05) -> its picture as a data URI, all with one contrast, of the drugs of some pairs.

    row, values: as `photographs` takes them. pairs: drug, other. Nothing where the images are gone.
    """
    if pairs.empty or not row["n_images"]:
        return {}
    mine = values[
        (values["well_type"] == "therapy") & values["treatment"].isin({*pairs["drug"], *pairs["other"]})
        & (values["addon"].fillna("") == "")
    ]  # fmt: skip
    wells = [(str(one.plate), str(one.row), int(one.column)) for one in mine.itertuples()]
    try:
        drawn = thumbnails(open_images(records.image_folder(db, str(row["screen"]))), wells, PAIR_PIXELS)
    except InputError:
        return {}  # `photographs` says so
    return {Target("well", plate=well[0], row=well[1], column=well[2]).name: uri for well, uri in drawn.items()}


def _strip(images: PreparedImages, values: pd.DataFrame, drug: str) -> Strip | None:
    """One well a dose, of the first replicate that has an image; a well that is left out only where no other is."""
    there = values[[key in images for key in zip(values["plate"], values["row"], values["column"], strict=True)]]
    mine = there[(there["well_type"] == "therapy") & (there["treatment"] == drug) & (there["conc_nm"] > 0)]
    if mine.empty:
        return None
    alone = mine[mine["addon"].fillna("") == ""]
    order = (alone if len(alone) else mine).sort_values(["conc_nm", "left_out", "replicate"], kind="stable")
    doses = order.drop_duplicates("conc_nm").head(MOST_DOSES)
    control = there[
        (there["well_type"] == "negative") & ~there["left_out"] & (there["plate"] == doses["plate"].iloc[0])
    ].head(1)
    wells = pd.concat([control, doses])
    stack = images.stack(list(zip(wells["plate"], wells["row"], wells["column"], strict=True)))[:, 0].astype(float)
    low, high = np.percentile(stack, WINDOW)
    grey = np.clip((stack - low) / max(high - low, 1.0), 0, 1)
    tiles = tuple(_tile(well, picture) for well, picture in zip(wells.itertuples(), grey, strict=True))
    return Strip(drug, tiles)


def _tile(well: Any, picture: np.ndarray) -> Tile:
    """picture: (h, v) from 0 to 1."""
    small = Image.fromarray((picture * 255).astype(np.uint8)).resize((PIXELS, PIXELS), Image.Resampling.BILINEAR)
    file = BytesIO()
    small.save(file, format="PNG")
    label = "control" if well.well_type == "negative" else f"{number(float(well.conc_nm))} nM"
    if well.left_out:
        note = "left out"
    else:
        note = "" if pd.isna(well.percent) else f"{count(round(float(well.percent)))} % viable"
    return Tile(file.getvalue(), label, note, bool(well.left_out))
