"""What a person chooses before training and scoring. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import InputError

BACKBONES = {
    "vgg19": "published: 139,578,434 weights, made for a GPU",
    "resnet18": "11 million weights",
    "mobilenet_v3_small": "1.5 million weights",
    "squeezenet1_0": "0.7 million weights: small machines",
}
PRESETS = {
    "published": "batch size 1, 200 epochs, all layers: hours on a GPU, days without one",
    "fast": "small backbone with its bottom frozen, features kept, larger batches: minutes on a CPU; not as published",
}
PHASES = {1: "global, on a control plate", 2: "this screen's controls", 3: "with the screen's drug wells"}
LEARNING_RATES = {1: 1e-7, 2: 3e-7, 3: 3e-7}  # published
LABEL_SMOOTHING = 0.4
OWN_WEIGHTS, RANDOM_WEIGHTS = "torchvision", "none"  # in place of a file
MODALITIES = {
    "image_1": "images, phase I",
    "image_2": "images, phase II",
    "image_3": "images, phase III",
    "mos": "mean of stack",
    "metabolic": "metabolic",
}
MODALITY_ALIASES = {"image": ("image_3", "image_2", "image_1")}  # the best that a screen has
HIT_DSS = 10.0  # DSS_asym of a hit (Berker et al. 2022)
INPUT_PIXELS = 224


@dataclass(frozen=True)
class SpheroidSettings:
    """How to train. published: as Berker et al. 2022; fast: chosen here for CPUs and labelled as such.

    screen: which to train for; phase I: a control experiment. phase: 1, 2 or 3. start: run to start from; empty: the
    newest fitting one of the phase before (phase I: ImageNet). backbone, preset: of BACKBONES, PRESETS.
    weights: file with ImageNet weights (.pth, .safetensors, .npz), or of OWN_WEIGHTS (torchvision's own loader) and
    RANDOM_WEIGHTS; empty: in phase I torchvision's own, later those of the run that is started from. Given in phase II,
    it starts from them and not from a run; phase III takes none.
    epochs, batch_size, learning_rate: None takes the preset's.
    """

    screen: str
    phase: int = 2
    preset: str = "fast"
    backbone: str = ""
    weights: str = ""
    start: str = ""
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.phase not in PHASES:
            raise InputError(f"There is no phase {self.phase}: choose 1, 2 or 3.")
        if self.preset not in PRESETS:
            raise InputError(f"Unknown preset {self.preset!r}. Choose from {', '.join(PRESETS)}.")
        if self.backbone and self.backbone not in BACKBONES:
            raise InputError(f"Unknown backbone {self.backbone!r}. Choose from {', '.join(BACKBONES)}.")
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name.replace('_', ' ')} is {value}: choose 1 or more.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise InputError(f"The learning rate is {self.learning_rate:g}: choose one above 0.")

    @property
    def backbone_name(self) -> str:
        """The chosen backbone, or the preset's own."""
        return self.backbone or ("vgg19" if self.preset == "published" else "squeezenet1_0")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "SpheroidSettings":
        """The settings as a job folder keeps them (`dataclasses.asdict`); other keys are left aside."""
        return cls(**{key: value for key, value in params.items() if key in cls.__dataclass_fields__})


@dataclass(frozen=True)
class ScoreSettings:
    """How curves are fitted and scored. parameters: 2 to 5, or 0 for the smallest loss of 2 to 5 ("all").

    activity_threshold: 'relative' (10 % of the larger of 100 and the highest effect), 'ten' (10 %) or 'none'.
    bootstrap: resamples for the 95 % interval of DSS_asym; 0 leaves it out.
    """

    parameters: int = 5
    activity_threshold: str = "relative"
    bootstrap: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.parameters not in (0, 2, 3, 4, 5):
            raise InputError(f"A curve has 2 to 5 parameters, or 0 for the best of them; not {self.parameters}.")
        if self.activity_threshold not in ("relative", "ten", "none"):
            raise InputError(f"Unknown activity threshold {self.activity_threshold!r}: relative, ten or none.")
        if self.bootstrap < 0:
            raise InputError(f"bootstrap is {self.bootstrap}: choose 0 or more.")
