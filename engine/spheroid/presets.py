"""What the presets mean, phase by phase; imports nothing heavy."""

from dataclasses import dataclass

from engine.spheroid.settings import LEARNING_RATES, SpheroidSettings


@dataclass(frozen=True)
class Recipe:
    """How one phase is trained.

    whole: all layers learn, every image augmented anew each time it is seen. Otherwise the convolutions stay as
    ImageNet left them, and what they make of an image and of `versions` augmentations of it is computed once and kept.
    constant_rate: the same learning rate throughout and for all layers; otherwise a one-cycle schedule with this peak.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    whole: bool
    versions: int
    constant_rate: bool


# Chosen here, on two of the three simulated screens, for a new output on SqueezeNet; nothing of it is published. Small
# steps from one phase to the next keep what the larger set of controls taught.
FAST_EPOCHS = {1: 60, 2: 20, 3: 15}
FAST_RATES = {1: 1e-4, 2: 5e-5, 3: 1e-4}
FAST_BATCH, FAST_VERSIONS = 8, 2
PUBLISHED_EPOCHS = 200


def recipe(settings: SpheroidSettings) -> Recipe:
    """The preset's recipe for a phase, with what a person has changed."""
    phase = settings.phase
    if settings.preset == "published":
        usual = Recipe(PUBLISHED_EPOCHS, 1, LEARNING_RATES[phase], whole=True, versions=0, constant_rate=True)
    else:
        usual = Recipe(FAST_EPOCHS[phase], FAST_BATCH, FAST_RATES[phase], False, FAST_VERSIONS, constant_rate=False)
    return Recipe(
        settings.epochs or usual.epochs,
        settings.batch_size or usual.batch_size,
        settings.learning_rate or usual.learning_rate,
        usual.whole,
        usual.versions,
        usual.constant_rate,
    )
