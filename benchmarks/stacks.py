"""How fast stacks of planes become projections, beside plain reading of the same bytes.

    .venv/bin/python benchmarks/stacks.py [--planes 30] [--pixels 2048] [--wells 6] [--json]

Stacks of random 12-bit counts (*simulated*) are written, as one file per plane and as one file per well, and read once
so that they lie in the disk cache. `read` takes every file's bytes as they come (Path.read_bytes), `reread` the same
into one small buffer again and again, which is as fast as reading gets and leaves nothing behind; `project` makes MIP,
MID and mean of stack with a thread per core, `one thread` as wells side by side are, `naive` from the whole stack in
memory. Each has a process of its own: seconds and CPU seconds of the best of several passes over one well, and peak
MiB. `plate` prepares all wells at 224 x 224, several at a time. On a busy machine only CPU seconds compare.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.spheroid.image_store import write as write_images
from engine.spheroid.images import find_images
from engine.spheroid.stacks import project
from engine.spheroid.types import Projections, WellImage

PLANES, PIXELS, WELLS = 30, 2048, 6
PASSES = 7
BUFFER = 1 << 20
PATTERN = "{plate}_{row}{column}_z{plane}"


def write(folder: Path, planes: int, pixels: int, wells: int) -> None:
    """Wells with a file per plane, and the first of them as one file."""
    rng = np.random.default_rng(0)
    (folder / "one").mkdir()
    (folder / "planes").mkdir()
    with tifffile.TiffWriter(folder / "one" / "P1_B01.tif") as whole:
        for well in range(wells):
            for z in range(planes):
                plane = rng.integers(0, 4096, (pixels, pixels), dtype=np.uint16)
                tifffile.imwrite(folder / "planes" / f"P1_B{well + 1:02}_z{z:02}.tif", plane, metadata=None)
                if well == 0:
                    whole.write(plane, contiguous=False, metadata=None)


def plainly(well: WellImage) -> None:
    """The bytes of every file, all of them."""
    for path in well.planes:
        path.read_bytes()


def reread(well: WellImage) -> None:
    """The same bytes into one buffer that stays in the processor's cache."""
    buffer = bytearray(BUFFER)
    for path in well.planes:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def ours(well: WellImage) -> Projections:
    """Projections with a thread per core."""
    return project(well)


def alone(well: WellImage) -> Projections:
    """The same in one thread."""
    return project(well, threads=1)


def naive(well: WellImage) -> Projections:
    """The same from the whole stack."""
    pages = [tifffile.imread(path) for path in well.planes]
    stack = pages[0] if len(pages) == 1 else np.stack(pages)
    return Projections(stack.max(axis=0), stack[len(stack) // 2], float(stack.mean()), len(stack))


WAYS: dict[str, Callable[[WellImage], Projections | None]] = {
    "read": plainly, "reread": reread, "project": ours, "one thread": alone, "naive": naive,
}  # fmt: skip


def work(folder: Path, way: str) -> dict[str, Any]:
    """Runs one way in this process, several times over the first well."""
    well = find_images(folder, PATTERN if folder.name == "planes" else "{plate}_{row}{column}").wells[0]
    size = sum(path.stat().st_size for path in well.planes)
    reread(well)
    seconds, cpu, found = [], [], None
    for _ in range(PASSES):
        started, used = time.perf_counter(), time.process_time()
        found = WAYS[way](well)
        seconds.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    told = found and [found.mean, int(found.mip.sum()), int(found.mid.sum())]
    result = {"seconds": min(seconds), "cpu_s": min(cpu), "gb_per_s": size / min(seconds) / 1e9}
    return {**result, "peak_mib": int(peak) / 1024, "told": told}


def measure(planes: int, pixels: int, wells: int, kinds: tuple[str, ...] = ("planes", "one")) -> dict[str, Any]:
    """Seconds, GB/s and peak memory of each way over one well; the ratio to reading; wells per minute of a plate."""
    result: dict[str, Any] = {"depth": planes, "pixels": pixels}
    with tempfile.TemporaryDirectory(prefix="tumorcast-benchmark-") as home:
        write(Path(home), planes, pixels, wells)
        for kind in kinds:
            found = {}
            for way in WAYS:
                command = [sys.executable, __file__, "--way", way, "--folder", str(Path(home) / kind)]
                found[way] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            found["agree"] = (
                found["project"].pop("told") == found["one thread"].pop("told") == found["naive"].pop("told")
            )
            for way in ("read", "reread"):
                found[f"of_{way}"] = found[way]["seconds"] / found["project"]["seconds"]
            found["of_reread_cpu"] = found["reread"]["cpu_s"] / found["one thread"]["cpu_s"]
            result[kind] = found
        started = time.perf_counter()
        write_images(Path(home), find_images(Path(home) / "planes", PATTERN).wells)
        result["wells_per_minute"] = wells / (time.perf_counter() - started) * 60
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planes", type=int, default=PLANES)
    parser.add_argument("--pixels", type=int, default=PIXELS)
    parser.add_argument("--wells", type=int, default=WELLS)
    parser.add_argument("--way", choices=WAYS, help="do this one over --folder and tell what it took")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.folder, given.way)))
        return
    found = measure(given.planes, given.pixels, given.wells)
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for kind, title in (("planes", "a file per plane"), ("one", "a file per well")):
        print(f"{title}: {found['depth']} planes of {found['pixels']} x {found['pixels']}")
        for way in WAYS:
            one = found[kind][way]
            speed = f"{one['seconds'] * 1e3:7.0f} ms, {one['gb_per_s']:5.2f} GB/s, {one['cpu_s'] * 1e3:5.0f} ms CPU"
            print(f"  {way:10} {speed}, peak {one['peak_mib']:4.0f} MiB")
        ratios = f"{found[kind]['of_read']:.2f} of read's speed and {found[kind]['of_reread']:.2f} of reread's"
        print(f"  project has {ratios}; one thread by CPU time {found[kind]['of_reread_cpu']:.2f} of reread's")
        print(f"  same numbers: {found[kind]['agree']}")
    print(f"plate    {found['wells_per_minute']:.0f} wells per minute")


if __name__ == "__main__":
    main()
