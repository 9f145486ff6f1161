"""The images of a screen as the microscope left them, where their folder is still there: full size, on demand."""

from pathlib import Path

from engine.errors import InputError, JobError
from engine.jobs.queue import job_folder
from engine.jobs.spec import read_spec
from engine.spheroid.images import find_images, label, renamed
from engine.spheroid.plate import plate_name
from engine.spheroid.stacks import project
from engine.spheroid.types import Projections, WellImage

GONE = "The prepared images of 224 pixels above are kept with Tumorcast and stay."


def original_folder(image_job: str) -> tuple[Path, str]:
    """Where the images of an import lay, and by which pattern their names were read ('' for a known one).

    Raises InputError where the import brought no images or is gone, or where their folder is there no more.
    """
    try:
        params = read_spec(job_folder(image_job)).params
    except (JobError, OSError) as error:
        raise InputError(f"The import that brought the images is no longer there ({image_job}). {GONE}") from error
    if not params.get("images"):
        raise InputError("This screen was imported without images.")
    folder = Path(params["images"])
    if not folder.is_dir():
        raise InputError(
            f"The images were imported from {folder}, which is there no more (moved, or on a drive that is off). {GONE}"
        )
    return folder, str(params.get("pattern") or "")


def list_originals(image_job: str) -> dict[str, WellImage]:
    """Files of every well by its name, such as P1_D05. Lists the folder (seconds for a plate of stacks), opens none.

    Raises InputError as `original_folder` and `images.find_images` do.
    """
    folder, pattern = original_folder(image_job)
    found = find_images(folder, pattern)
    names = {well.plate: plate_name(well.plate) for well in found.wells}
    wells = renamed(found, {old: new for old, new in names.items() if old != new}).wells
    return {label(well.plate, well.row, well.column): well for well in wells}


def original(files: dict[str, WellImage], well: str) -> Projections:
    """The projections of a well at full size. files: of `list_originals`.

    Raises InputError for a well without files and as `stacks.project` does.
    """
    if well not in files:
        raise InputError(f"The folder of the images holds none of well {well}.")
    return project(files[well])
