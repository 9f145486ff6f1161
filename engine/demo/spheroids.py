"""Simulated nuclei of one spheroid stained with Hoechst: where they lie, how large and how bright they are.

Everything here is simulated and meant to look like microscopy, not to be a model of tumour growth. Living cells form
a ball, closely packed and dim in its core, into which stain and light hardly reach. Of the dead ones PHENOTYPES tell
what becomes. The larger the viability, the larger the ball, whatever the others died of.
Letters: n nuclei. Lengths in um; x and y across the well, z along the optical axis, 0 in the middle of the well.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from engine.errors import InputError

# shrinkage: a small, smooth, bright ball. fragmentation: a ragged heap of nuclear fragments. swelling: large pale
# nuclei in a haze. scatter: debris over the floor of the well, no ball left.
PHENOTYPES = ("shrinkage", "fragmentation", "swelling", "scatter")
SPACING_UM, NUCLEUS_UM = 12.5, 5.0  # between neighbouring cells; radius of a nucleus
STAIN_REACH_UM = 27.0  # depth at which a nucleus is e times dimmer than on the surface
CORE_LIGHT = 0.07  # what is left of it in the core
GROWTH = 0.42  # radius of the living ball = radius * viability^GROWTH: a third would be the same cells, packed again
BASAL_DEATH = 0.03  # cells that come off an untreated spheroid
FRAGMENTS = 3  # of one nucleus
WELL_FLOOR_UM = 190.0  # radius over which debris settles, with tails
LATTICE_UM = 200.0


@dataclass(frozen=True)
class Sample:
    """How the spheroids of one tumour sample look. radius_um: untreated. irregular: how far the outline departs from
    a circle, as a fraction of the radius; loose: how far cells stray from their place, as a fraction of SPACING_UM."""

    radius_um: float = 120.0
    irregular: float = 0.07
    loose: float = 0.22


@dataclass(frozen=True)
class Fate:
    """What happened to a well. viability: 0 to 1 of an untreated one's. phenotypes: weights in order of PHENOTYPES."""

    viability: float
    phenotypes: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.phenotypes) != len(PHENOTYPES) or min(self.phenotypes) < 0 or not sum(self.phenotypes) > 0:
            raise InputError(f"Phenotypes {self.phenotypes}: give {len(PHENOTYPES)} weights, none below 0, not all 0.")
        if not self.viability >= 0:
            raise InputError(f"A viability of {self.viability}: choose 0 or more.")


class Nuclei(NamedTuple):
    """position: (n, 3). radius: (n,). aspect: (n,) long over short axis. angle: (n,) radians. light: (n,), 1 being a
    nucleus on the surface of an untreated spheroid."""

    position: np.ndarray
    radius: np.ndarray
    aspect: np.ndarray
    angle: np.ndarray
    light: np.ndarray


def pure(phenotype: str, viability: float) -> Fate:
    """A fate with one phenotype. Raises InputError for one that is not in PHENOTYPES."""
    if phenotype not in PHENOTYPES:
        raise InputError(f"There is no phenotype {phenotype!r}: choose from {', '.join(PHENOTYPES)}.")
    return Fate(viability, tuple(float(phenotype == each) for each in PHENOTYPES))


def nuclei(sample: Sample, fate: Fate, rng: np.random.Generator) -> Nuclei:
    """The nuclei of one well."""
    radius = sample.radius_um * rng.normal(1.0, 0.010)
    outline = _Outline.drawn(sample.irregular, rng)
    centre = rng.normal(0.0, (14.0, 14.0, 5.0))
    alive = _ball(radius * min(fate.viability, 1.4) ** GROWTH, sample.loose, outline, rng)
    share = np.array(fate.phenotypes) / sum(fate.phenotypes)
    # A cell deep inside cannot be told from another, so the dead are as many as their surface would show.
    lost = max(1.0 - fate.viability, 0.0)
    cells = 0.45 * (4 / 3) * np.pi * (radius / SPACING_UM) ** 3
    made = [alive, _scatter(round(BASAL_DEATH * cells * rng.uniform(0.3, 1.7)), 0.0, rng)]
    for death, weight in zip((_shrunken, _fragmented, _swollen, _scattered), share, strict=True):
        count = round(weight * lost * cells)
        if count:
            made.append(death(count, radius, lost, sample, outline, rng))
    joined = Nuclei(*(np.concatenate(parts) for parts in zip(*made, strict=True)))
    return joined._replace(position=joined.position + centre)


@dataclass(frozen=True)
class _Outline:
    """A ball with a few smooth bumps. axes: (b, 3) unit vectors; heights: (b,) as a fraction of the radius."""

    axes: np.ndarray
    heights: np.ndarray

    @classmethod
    def drawn(cls, irregular: float, rng: np.random.Generator, bumps: int = 7) -> "_Outline":
        axes = rng.normal(size=(bumps, 3))
        return cls(axes / np.linalg.norm(axes, axis=1, keepdims=True), rng.normal(0.0, irregular, bumps))

    def rougher(self, by: float) -> "_Outline":
        return replace(self, heights=self.heights * by)

    def scale(self, position: np.ndarray) -> np.ndarray:
        """(n,) radius of the outline in the direction of each position, 1 on average."""
        away = position / np.maximum(np.linalg.norm(position, axis=1, keepdims=True), 1e-6)
        return 1.0 + np.exp(3.0 * (away @ self.axes.T - 1.0)) @ self.heights


@cache
def _lattice() -> np.ndarray:
    """(n, 3) body-centred cubic lattice of spacing SPACING_UM within LATTICE_UM, sorted by distance from 0."""
    edge = SPACING_UM * 2 / np.sqrt(3)
    steps = np.arange(-np.ceil(LATTICE_UM / edge), np.ceil(LATTICE_UM / edge) + 1) * edge
    corners = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.concatenate([corners, corners + edge / 2])
    distance = np.linalg.norm(points, axis=1)
    order = np.argsort(distance, kind="stable")
    return points[order][distance[order] <= LATTICE_UM]


def _packed(radius: float, loose: float, outline: _Outline, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places of cells within the outline, and how deep below it each lies, in um."""
    lattice = _lattice()
    reach = radius * (1.0 + 2.0 * np.abs(outline.heights).max()) + SPACING_UM
    lattice = lattice[: np.searchsorted(np.linalg.norm(lattice, axis=1), reach)]
    position = Rotation.random(rng=rng).apply(lattice + rng.uniform(-0.5, 0.5, 3) * SPACING_UM)
    position += rng.normal(0.0, loose * SPACING_UM, position.shape)
    depth = radius * outline.scale(position) - np.linalg.norm(position, axis=1)
    return position[depth > 0], depth[depth > 0]


def _made(position: np.ndarray, radius: float, spread: float, light: np.ndarray, rng: np.random.Generator) -> Nuclei:
    count = len(position)
    return Nuclei(
        position=position,
        radius=radius * np.exp(rng.normal(0.0, spread, count)),
        aspect=1.0 + np.abs(rng.normal(0.0, 0.25, count)),
        angle=rng.uniform(0.0, np.pi, count),
        light=light * np.exp(rng.normal(0.0, 0.22, count)),
    )


def _ball(radius: float, loose: float, outline: _Outline, rng: np.random.Generator) -> Nuclei:
    position, depth = _packed(radius, loose, outline, rng)
    light = CORE_LIGHT + (1 - CORE_LIGHT) * np.exp(-depth / STAIN_REACH_UM)
    made = _made(position, NUCLEUS_UM, 0.10, light, rng)
    # One in fifty divides: condensed, bright.
    dividing = rng.random(len(position)) < 0.02
    return made._replace(light=np.where(dividing, 1.7 * made.light, made.light))


def _within(count: int, radius: float, hollow: float, outline: _Outline, rng: np.random.Generator) -> np.ndarray:
    """(count, 3) places inside the outline, none nearer to the middle than `hollow` of the radius."""
    away = rng.normal(size=(count, 3))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    far = rng.uniform(hollow**3, 1.0, count) ** (1 / 3)
    return away * (far * radius * outline.scale(away))[:, None]


def _shrunken(
    count: int, radius: float, lost: float, sample: Sample, outline: _Outline, rng: np.random.Generator
) -> Nuclei:
    # What is left lies close around the living: the ball stays smooth and becomes bright as it becomes small.
    ball = radius * max((1 - lost) ** GROWTH, 0.36) + 4.0
    position = _within(round(0.55 * count), ball, 0.3, outline.rougher(0.5), rng)
    return _made(position, 3.0, 0.15, np.full(len(position), 1.5), rng)


def _fragmented(
    count: int, radius: float, lost: float, sample: Sample, outline: _Outline, rng: np.random.Generator
) -> Nuclei:
    ragged = outline.rougher(5.0)
    whole = _within(round(0.45 * count * lost**0.8), radius * (0.62 + 0.36 * (1 - lost) ** GROWTH), 0.3, ragged, rng)
    # Clumps: cells go to pieces together with their neighbours, and leave holes.
    clump = whole[rng.integers(0, max(len(whole) // 7, 1), len(whole))]
    whole = np.where(rng.random((len(whole), 1)) < 0.6, clump + rng.normal(0.0, 7.0, whole.shape), whole)
    position = np.repeat(whole, FRAGMENTS, axis=0) + rng.normal(0.0, 4.0, (FRAGMENTS * len(whole), 3))
    return _made(position, 1.7, 0.3, np.full(len(position), 1.1), rng)


def _swollen(
    count: int, radius: float, lost: float, sample: Sample, outline: _Outline, rng: np.random.Generator
) -> Nuclei:
    position = _within(round(0.5 * count), radius * (0.75 + 0.3 * lost), 0.2, outline.rougher(1.5), rng)
    return _made(position, 8.0, 0.15, np.full(len(position), 0.16), rng)


def _scattered(
    count: int, radius: float, lost: float, sample: Sample, outline: _Outline, rng: np.random.Generator
) -> Nuclei:
    # Cells come off late: while most live, they hold the dead ones.
    return _scatter(round(0.55 * count * lost**1.4), 0.35, rng)


def _scatter(count: int, clumped: float, rng: np.random.Generator) -> Nuclei:
    """Debris on the floor, a share of it in clumps of a few."""
    far = WELL_FLOOR_UM * np.sqrt(rng.gamma(1.6, 0.5, count))
    angle = rng.uniform(0.0, 2 * np.pi, count)
    position = np.stack([far * np.cos(angle), far * np.sin(angle), rng.normal(-35.0, 18.0, count)], axis=1)
    if count > 8:
        follows = rng.random(count) < clumped
        seeds = rng.integers(0, max(count // 8, 1), count)
        position = np.where(follows[:, None], position[seeds] + rng.normal(0.0, 9.0, (count, 3)), position)
    return _made(position, 2.4, 0.35, rng.uniform(0.35, 1.3, count), rng)
