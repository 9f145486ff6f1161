"""Simulated spheroids: geometry, what each way of dying looks like, and images that a stack would give."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from engine.demo.spheroid_images import DEPTH_UM, FIELD_UM, Optics, fibre, heights, planes, project
from engine.demo.spheroids import PHENOTYPES, Fate, Nuclei, Sample, nuclei, pure
from engine.errors import InputError

DARK = Optics(read_noise=0.0, shot_noise=0.0, vignette=0.0, haze=0.0)


def made(fate, seed=0, sample=None):
    return nuclei(sample or Sample(), fate, np.random.default_rng(seed))


def shown(fate, seed=0):
    return project(made(fate, seed), Optics(), np.random.default_rng(seed + 1000))


def ball_pixels(image):
    """Pixels of the largest object, seen through a blur wider than a nucleus."""
    smooth = gaussian_filter(image.astype(float), 2.5)
    objects, _ = label(smooth > np.median(image) + 1500)
    return np.bincount(objects.ravel())[1:].max(initial=0)


def spread_um(cells):
    """Mean distance from the middle of all that shines, across the well."""
    place = cells.position[:, :2] - np.average(cells.position[:, :2], axis=0, weights=cells.light)
    return np.average(np.hypot(*place.T), weights=cells.light)


def test_an_untreated_spheroid_is_a_packed_ball_with_a_dim_core():
    cells = made(pure("shrinkage", 1.0))
    centre = np.median(cells.position, axis=0)
    away = np.linalg.norm(cells.position - centre, axis=1)
    # A body-centred lattice holds 3 sqrt(3) / 4 places per cubed spacing: 120 um give 4,800 cells.
    expected = (4 / 3) * np.pi * 120**3 / 12.5**3 * 3 * np.sqrt(3) / 4
    assert 0.9 * expected < (away < 140).sum() < 1.15 * expected
    assert cells.light[away < 50].mean() < 0.25 * cells.light[(away > 105) & (away < 125)].mean()
    assert np.quantile(away, 0.9) < 130


def test_the_middle_plane_shows_the_dark_core_and_the_projection_does_not():
    image = shown(pure("shrinkage", 1.0))
    y, x = np.indices(image.mip.shape) - 111.5
    away = np.hypot(x, y) * FIELD_UM / 224
    core, rim = away < 40, (away > 85) & (away < 110)
    light = {name: (getattr(image, name)[core].mean(), getattr(image, name)[rim].mean()) for name in ("mip", "mid")}
    assert light["mid"][0] < 0.6 * light["mid"][1]
    assert light["mip"][0] > 0.8 * light["mip"][1]
    assert image.mip.dtype == image.mid.dtype == np.uint16 and image.mip.shape == (224, 224)


@pytest.mark.parametrize("phenotype", PHENOTYPES)
def test_the_living_ball_shrinks_with_every_way_of_dying(phenotype):
    viabilities = (1.0, 0.8, 0.6, 0.4, 0.2)
    sizes = [np.mean([ball_pixels(shown(pure(phenotype, v), s).mid) for s in range(4)]) for v in viabilities]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.6 * sizes[0]


def features(image):
    """Four numbers anybody would think of: compactness, outlying specks, grain and brightness of the projection."""
    bright = image.mip.astype(float) - np.median(image.mip)
    y, x = np.indices(bright.shape)
    mass = np.clip(bright, 500, None) - 500
    middle = np.average(y, weights=mass), np.average(x, weights=mass)
    away = np.hypot(y - middle[0], x - middle[1])
    size = np.average(away, weights=mass)
    grain = (bright - gaussian_filter(bright, 1.5))[mass > 0].std() / bright[mass > 0].mean()
    return [np.log(size), np.log(1 + (mass > 0).sum()), grain, np.log(bright[mass > 0].mean())]


def test_phenotypes_are_separable_by_simple_features():
    seen = {p: np.array([features(shown(pure(p, 0.1), seed)) for seed in range(12)]) for p in PHENOTYPES}
    spread = np.concatenate([rows[:6] - rows[:6].mean(axis=0) for rows in seen.values()]).std(axis=0)
    centres = np.array([rows[:6].mean(axis=0) for rows in seen.values()])
    tested = np.concatenate([rows[6:] for rows in seen.values()])
    nearest = (((tested[:, None] - centres[None]) / spread) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == np.repeat(range(4), 6)).mean() > 0.9  # chance: 0.25


def test_what_each_way_of_dying_leaves():
    living, dead = made(pure("shrinkage", 1.0)), {p: made(pure(p, 0.0)) for p in PHENOTYPES}
    assert spread_um(dead["shrinkage"]) < 0.7 * spread_um(living)
    assert spread_um(dead["scatter"]) > 1.5 * spread_um(living)
    assert np.median(dead["swelling"].radius) > 1.4 * np.median(living.radius)
    assert np.median(dead["fragmentation"].radius) < 0.5 * np.median(living.radius)
    assert dead["swelling"].light.mean() < 0.5 * living.light.mean()


def test_one_nucleus_has_its_place_and_its_light():
    one = Nuclei(np.array([[31.36, -62.72, 0.0]]), np.array([8.0]), np.ones(1), np.zeros(1), np.array([0.5]))
    image = project(one, DARK, np.random.default_rng(0)).mid
    row, column = np.unravel_index(image.argmax(), image.shape)
    # 3.136 um per pixel: 10 pixels right of the middle (111.5), 20 above it.
    assert abs(column - 121.5) <= 0.5 and abs(row - 91.5) <= 0.5
    assert 0.9 * 8500 < image.max() - 900 <= 8500
    assert image[0, 0] == 900


def test_projections_are_what_the_stack_of_the_same_cells_gives():
    cells, rng = made(pure("fragmentation", 0.6), seed=3), np.random.default_rng(4)
    stack = np.array(list(planes(cells, Optics(), rng, n_planes=31)))
    image = project(cells, Optics(), rng)
    assert stack.shape == (31, 224, 224) and stack.dtype == np.uint16
    assert heights(31)[15] == pytest.approx(0.0) and np.ptp(heights(31)) < DEPTH_UM
    assert np.corrcoef(stack[15].ravel(), image.mid.ravel())[0, 1] > 0.98
    assert np.corrcoef(stack.max(axis=0).ravel(), image.mip.ravel())[0, 1] > 0.93
    assert image.mean == pytest.approx(stack.mean(), rel=0.05)


def test_a_fine_stack_shows_nuclei_with_edges():
    cells = made(pure("shrinkage", 1.0))
    (plane,) = planes(cells, Optics(), np.random.default_rng(0), n_planes=1, pixels=512)
    assert plane.shape == (512, 512) and plane.dtype == np.uint16 and plane.std() > 500


def test_dust_shines_without_a_spheroid():
    dust = project(fibre(np.random.default_rng(1)), DARK, np.random.default_rng(0))
    assert 30 < (dust.mip > 5000).sum() < 600


def test_the_same_seed_draws_the_same_image():
    assert (shown(pure("scatter", 0.5), 7).mip == shown(pure("scatter", 0.5), 7).mip).all()
    assert (shown(pure("scatter", 0.5), 7).mip != shown(pure("scatter", 0.5), 8).mip).any()


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(InputError, match="no phenotype 'melting': choose from shrinkage, fragmentation"):
        pure("melting", 0.5)
    with pytest.raises(InputError, match="A viability of -0.1: choose 0 or more"):
        pure("scatter", -0.1)
    with pytest.raises(InputError, match="give 4 weights, none below 0, not all 0"):
        Fate(1.0, (0.0, 0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="A stack of 0 planes of 224 pixels"):
        list(planes(made(pure("scatter", 1.0)), Optics(), np.random.default_rng(0), n_planes=0))
