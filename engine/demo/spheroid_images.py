"""Simulated confocal images of a spheroid's nuclei: maximum projection, middle plane, whole stacks.

Every image is simulated. A nucleus is a blurred ellipsoid; what is out of focus is a haze; the lamp lights the field
unevenly, the camera adds shot and read noise. Counts are 16 bit.
Letters: n nuclei, s pixels of a stamp, h x v pixels of an image. Lengths in um.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.demo.spheroids import Nuclei
from engine.errors import InputError

FIELD_UM = 2048 * 0.343  # one published site: 2,048 pixels of 0.343 um
DEPTH_UM = 300.0  # what a stack spans
PIXELS = 224
BLUR_UM, AXIAL_BLUR_UM = 1.3, 5.0  # of the optics, s.d.
FULL_SCALE = 65_535
HAZE_PIXELS = 56  # the haze is smooth: a coarse grid holds it
OVERLAP = 1.25  # what a nucleus' neighbours above and below add to its brightest plane
SHARP_PIXEL_UM = 1.5  # with smaller pixels a nucleus shows an edge and its chromatin


@dataclass(frozen=True)
class Optics:
    """How one well was imaged, in counts.

    light: of a surface nucleus. background: of the unwashed dye. haze: share of the light that comes from out of
    focus. tilt: (x, y) slope and vignette of the lamp over the field, as fractions. defocus_um: s.d. of extra blur.
    read_noise: s.d.; shot_noise: variance per count.
    """

    light: float = 17_000.0
    background: float = 900.0
    haze: float = 0.10
    tilt: tuple[float, float] = (0.0, 0.0)
    vignette: float = 0.10
    defocus_um: float = 0.0
    read_noise: float = 60.0
    shot_noise: float = 2.5


class Projection(NamedTuple):
    """mip, mid: (h, v) uint16. mean: of the whole stack, in counts."""

    mip: np.ndarray
    mid: np.ndarray
    mean: float


def project(nuclei: Nuclei, optics: Optics, rng: np.random.Generator, pixels: int = PIXELS) -> Projection:
    """Maximum projection, middle plane and mean of a stack, without making its planes."""
    lamp = _lamp(pixels, optics)
    flux = _flux(nuclei, optics)
    haze = _haze(nuclei, flux, optics, pixels)
    mip = _drawn(nuclei, optics.light * nuclei.light, optics, pixels, brightest=True)
    near = _focus(nuclei, 0.0)
    shown = near > 0.02
    middle = Nuclei(*(part[shown] for part in nuclei))
    mid = _drawn(middle, optics.light * middle.light * near[shown], optics, pixels, brightest=False)
    field = FIELD_UM**2 * DEPTH_UM
    # The brightest of some 30 planes adds two standard deviations of their noise.
    noise = np.sqrt(optics.read_noise**2 + optics.shot_noise * optics.background)
    mean = (optics.background + flux.sum() * (1 + optics.haze) / field) * float(lamp.mean())
    return Projection(
        _exposed(OVERLAP * mip + 1.3 * haze + optics.background + 2.0 * noise, lamp, optics, rng),
        _exposed(mid + haze + optics.background, lamp, optics, rng),
        mean,
    )


def planes(
    nuclei: Nuclei, optics: Optics, rng: np.random.Generator, n_planes: int = 30, pixels: int = PIXELS
) -> Iterator[np.ndarray]:
    """The stack itself: n_planes of (pixels, pixels) uint16 over DEPTH_UM, from below.

    Raises InputError for less than one plane or fewer than 16 pixels, at the first plane.
    """
    if n_planes < 1 or pixels < 16:
        raise InputError(f"A stack of {n_planes} planes of {pixels} pixels: choose 1 plane and 16 pixels, or more.")
    lamp = _lamp(pixels, optics)
    haze = _haze(nuclei, _flux(nuclei, optics), optics, pixels)
    for z in heights(n_planes):
        near = _focus(nuclei, z)
        shown = near > 0.02
        here = Nuclei(*(part[shown] for part in nuclei))
        image = _drawn(here, optics.light * here.light * near[shown], optics, pixels, brightest=False)
        if FIELD_UM / pixels < SHARP_PIXEL_UM:
            image *= 1 + 0.9 * gaussian_filter(rng.standard_normal(image.shape, dtype=np.float32), 1.2)
        yield _exposed(image + haze + optics.background, lamp, optics, rng)


def heights(n_planes: int) -> np.ndarray:
    """(n_planes,) z of every plane; the middle one of an odd number lies at 0."""
    return (np.arange(n_planes) + 0.5) * DEPTH_UM / n_planes - DEPTH_UM / 2


def fibre(rng: np.random.Generator, length_um: float = 160.0, light: float = 2.5) -> Nuclei:
    """A fluorescing fibre or a speck of dust, as a row of points that any image shows like nuclei."""
    count = max(round(length_um / 2.5), 3)
    turn = np.cumsum(rng.normal(0.0, 0.06, count)) + rng.uniform(0, 2 * np.pi)
    path = np.cumsum(2.5 * np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1), axis=0)
    start = np.append(rng.uniform(-0.4, 0.4, 2) * FIELD_UM, rng.uniform(-60.0, 20.0))
    spot = rng.lognormal(np.log(light), 0.25, count)
    return Nuclei(start + path, np.full(count, rng.uniform(1.8, 3.2)), np.ones(count), np.zeros(count), spot)


def _widths(nuclei: Nuclei) -> tuple[np.ndarray, np.ndarray]:
    """(n,) s.d. of the Gaussians that a nucleus is drawn with, across and along z; 0.62 of the radius fits a ball."""
    across = np.sqrt((0.62 * nuclei.radius) ** 2 + BLUR_UM**2)
    return across, np.sqrt((0.62 * nuclei.radius) ** 2 + AXIAL_BLUR_UM**2)


def _flux(nuclei: Nuclei, optics: Optics) -> np.ndarray:
    """(n,) counts of every nucleus, summed over the volume (um3)."""
    across, along = _widths(nuclei)
    return optics.light * nuclei.light * nuclei.aspect * (2 * np.pi) ** 1.5 * across**2 * along


def _focus(nuclei: Nuclei, z: float) -> np.ndarray:
    return np.exp(-0.5 * ((nuclei.position[:, 2] - z) / _widths(nuclei)[1]) ** 2)


def _drawn(nuclei: Nuclei, light: np.ndarray, optics: Optics, pixels: int, brightest: bool) -> np.ndarray:
    """(pixels, pixels) float32: every nucleus as an ellipse, the brightest or the sum of those that meet."""
    pixel_um = FIELD_UM / pixels
    blur = np.hypot(_widths(nuclei)[0], optics.defocus_um)
    # Several sizes of stamp: a small nucleus does not pay for a large one.
    reach = np.ceil(2.6 * blur * nuclei.aspect / pixel_um).astype(int).clip(2)
    classes = np.unique(np.geomspace(2, max(int(reach.max(initial=2)), 2), 4).round().astype(int))
    size = classes[np.searchsorted(classes, reach)]
    margin = int(classes[-1]) + 1
    wide = pixels + 2 * margin
    canvas = np.zeros(wide * wide, np.float32)
    for half in np.unique(size):
        where, value = _stamps(nuclei, light, blur, np.flatnonzero(size == half), int(half), pixel_um, pixels, margin)
        if brightest:
            np.maximum.at(canvas, where, value)
        else:
            canvas += np.bincount(where, value, minlength=wide * wide).astype(np.float32)
    return canvas.reshape(wide, wide)[margin:-margin, margin:-margin]


def _stamps(
    nuclei: Nuclei, light: np.ndarray, blur: np.ndarray, rows: np.ndarray, half: int, pixel_um: float, pixels: int,
    margin: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Flat places on the canvas and values of the stamps of some nuclei; those outside the field are left out."""
    place = nuclei.position[rows, :2] / pixel_um + (pixels - 1) / 2
    nearest = np.rint(place).astype(np.intp)
    inside = ((nearest >= -margin + half) & (nearest < pixels + margin - half)).all(axis=1)
    rows, place, nearest = rows[inside], place[inside], nearest[inside]
    step = np.arange(-half, half + 1)
    dx, dy = ((step[None, :] + (nearest - place)[:, axis, None]).astype(np.float32) for axis in (0, 1))
    cos, sin = (f(nuclei.angle[rows]).astype(np.float32) for f in (np.cos, np.sin))
    long = (pixel_um / (blur * np.sqrt(nuclei.aspect))[rows]).astype(np.float32)
    short = (pixel_um / (blur / np.sqrt(nuclei.aspect))[rows]).astype(np.float32)
    xx = (cos * long) ** 2 + (sin * short) ** 2
    yy = (sin * long) ** 2 + (cos * short) ** 2
    xy = cos * sin * (long**2 - short**2)
    q = (xx[:, None] * dx**2)[:, None, :] + (yy[:, None] * dy**2)[:, :, None]
    q += (2 * xy[:, None] * dy)[:, :, None] * dx[:, None, :]
    value = (
        np.exp(-0.5 * q)
        if pixel_um >= SHARP_PIXEL_UM
        else 1 / (1 + np.exp(6.0 * np.minimum(np.sqrt(np.maximum(q, 0.0)) - 1.45, 8.0)))
    )
    value *= light[rows].astype(np.float32)[:, None, None]
    wide = pixels + 2 * margin
    where = (nearest[:, 1, None] + step + margin)[:, :, None] * wide + (nearest[:, 0, None] + step + margin)[:, None, :]
    return where.ravel(), value.ravel()


def _haze(nuclei: Nuclei, flux: np.ndarray, optics: Optics, pixels: int) -> np.ndarray:
    """(pixels, pixels) light from out of focus: `haze` of all that there is, spread over the depth and blurred."""
    cell_um = FIELD_UM / HAZE_PIXELS
    place = np.floor(nuclei.position[:, :2] / cell_um + HAZE_PIXELS / 2).astype(int)
    inside = ((place >= 0) & (place < HAZE_PIXELS)).all(axis=1)
    flat = place[inside, 1] * HAZE_PIXELS + place[inside, 0]
    grid = np.bincount(flat, flux[inside], minlength=HAZE_PIXELS**2).reshape(HAZE_PIXELS, HAZE_PIXELS)
    grid = gaussian_filter(grid, 2.2) * (optics.haze / (cell_um**2 * DEPTH_UM))
    enlarge = _enlarge(pixels)
    return enlarge @ grid.astype(np.float32) @ enlarge.T


@cache
def _enlarge(pixels: int) -> np.ndarray:
    """(pixels, HAZE_PIXELS) weights that interpolate linearly between the centres of coarse pixels."""
    at = ((np.arange(pixels) + 0.5) * HAZE_PIXELS / pixels - 0.5).clip(0, HAZE_PIXELS - 1)
    low = np.floor(at).astype(int).clip(0, HAZE_PIXELS - 2)
    weights = np.zeros((pixels, HAZE_PIXELS), np.float32)
    weights[np.arange(pixels), low] = 1 - (at - low)
    weights[np.arange(pixels), low + 1] = at - low
    return weights


@cache
def _axis(pixels: int) -> np.ndarray:
    return np.linspace(-1, 1, pixels, dtype=np.float32)


def _lamp(pixels: int, optics: Optics) -> np.ndarray:
    """(pixels, pixels) how strongly each pixel is lit, 1 in the middle."""
    x = _axis(pixels)
    across = optics.tilt[0] * x - optics.vignette * x**2
    along = optics.tilt[1] * x - optics.vignette * x**2
    return np.maximum(1 + across[None, :] + along[:, None], 0.05)


def _exposed(image: np.ndarray, lamp: np.ndarray, optics: Optics, rng: np.random.Generator) -> np.ndarray:
    image = (image * lamp).astype(np.float32)
    spread = np.sqrt(optics.read_noise**2 + optics.shot_noise * image)
    image += spread * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(np.rint(image), 0, FULL_SCALE).astype(np.uint16)
