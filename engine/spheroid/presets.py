"""What the presets mean, phase by phase; imports nothing heavy."""

from dataclasses import dataclass, replace

from engine.spheroid.settings import LEARNING_RATES, SpheroidSettings


@dataclass(frozen=True)
class Recipe:
    """How one phase is trained.

    whole: all layers learn, every image augmented anew each time it is seen. Otherwise the convolutions stay as
    ImageNet left them, and what they make of an image and of `versions` augmentations of it is computed once and kept.
    views: what they make of the image itself is the mean over it and its mirror images, so many in all (1 to 4).
    constant_rate: the same learning rate throughout and for all layers; otherwise a one-cycle schedule with this peak.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    whole: bool
    versions: int
    views: int
    constant_rate: bool


# Chosen here, on two of the three simulated screens, for a new output on SqueezeNet; nothing of it is published. Small
# steps from one phase to the next keep what the larger set of controls taught.
# A spheroid has no upper side: the mean over its mirror images brought viabilities of those two nearer to the planted
# ones after phase II (r 0.961 to 0.966 and 0.959 to 0.964) and duplicates nearer to each other.
FAST_EPOCHS = {1: 60, 2: 20, 3: 15}
FAST_RATES = {1: 1e-4, 2: 5e-5, 3: 1e-4}
FAST_BATCH, FAST_VERSIONS, FAST_VIEWS = 8, 2, 4
PUBLISHED_EPOCHS = 200


def recipe(settings: SpheroidSettings) -> Recipe:
    """The preset's recipe for a phase, with what a person has changed."""
    phase = settings.phase
    if settings.preset == "published":
        usual = Recipe(PUBLISHED_EPOCHS, 1, LEARNING_RATES[phase], whole=True, versions=0, views=1, constant_rate=True)
    else:
        usual = Recipe(
            FAST_EPOCHS[phase], FAST_BATCH, FAST_RATES[phase], whole=False, versions=FAST_VERSIONS, views=FAST_VIEWS,
            constant_rate=False,
        )  # fmt: skip
    return replace(
        usual,
        epochs=settings.epochs or usual.epochs,
        batch_size=settings.batch_size or usual.batch_size,
        learning_rate=settings.learning_rate or usual.learning_rate,
    )
