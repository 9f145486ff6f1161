"""What a person chooses before training. Imports nothing heavy, so forms and the command line may use it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import InputError

NETWORK = "network"
# In the order in which they are shown; each is fitted on the same folds as the network.
BASELINES = ("mean", "panel_mean", "lineage_mean", "nearest_neighbour", "ridge", "pls", "svr", "random_forest")
BEYOND = ("lineage_ridge", "panel_ridge")  # own models besides the published network: tissue and expression together
MODELS = (NETWORK, *BEYOND, *BASELINES)
OPTIONAL = ("rsi",)  # fitted where it is asked for: it needs ten genes, which not every cohort has
MODEL_DESCRIPTIONS = {
    NETWORK: "the published 1-D CNN with residual dense layers, on all probes",
    "lineage_ridge": "blood and lymph, or solid: the mean of each, corrected by ridge regression on expression",
    "panel_ridge": "the panel's mean, shrunken as its lines allow, corrected by ridge regression on expression",
    "mean": "predicts the mean SF2 of the training samples for everybody",
    "panel_mean": "predicts the mean SF2 of the training samples of the same tissue panel",
    "lineage_mean": "predicts the mean SF2 of the training samples of blood and lymph, or of all others",
    "nearest_neighbour": "takes the SF2 of the training sample whose expression, as it is, correlates best",
    "ridge": "ridge regression on the most variable probes",
    "pls": "partial least squares on the most variable probes",
    "svr": "support vector regression on the most variable probes",
    "random_forest": "a random forest on the most variable probes",
    "rsi": "the published ten-gene index, made from 48 lines of the NCI-60, put on a line through the training samples",
}
# What is held out, in words.
PROTOCOLS = {
    "published": "published protocol (replicates of a line spread over folds)",
    "grouped": "grouped by line (a line never seen)",
}
CORRECT_ABSOLUTE, CORRECT_RELATIVE = 0.01, 0.10  # correct: absolute error < 0.01 or relative error < 10 % (Kim, Chung)
CLASS_EDGES = (0.02, 0.10)  # relative error: < 2 %, 2 to 10 %, > 10 %
INTERVAL_LEVEL = 0.9  # of prediction intervals; statistics carry 95 % intervals


@dataclass(frozen=True)
class RadiationSettings:
    """How to train and evaluate. Rounds, folds and the network are published (Kim and Chung 2022, see
    `engine/radiation/network.py`); epochs, batch size, learning rate, dropout and L2 weight were not, so chosen here.

    protocol: published | grouped, see PROTOCOLS. rounds, folds: of the cross-validation.
    models: which to fit, of MODELS and OPTIONAL; the mean is always among them.
    epochs: passes over the training samples, all of them: nothing is stopped early, as there is nothing to stop by.
    learning_rate, dropout, l2: chosen by how well 48 of the 58 U133A arrays are fitted in training and found again with
        noise of 0.3 standard deviations of each probe; no array left out was looked at. Tried: 2e-4 to 5e-4 with 0.02
        and 0.05, one start each; 5e-4 fitted a little closer, 1e-3 diverged with weights that started 13 % larger.
    l2: weight of the squared weights of convolutions and dense layers in the loss.
    replicates, noise: with replicates above 1 every sample is repeated with Gaussian noise of that standard deviation
        (log2 units) added to each probe: artificial replicates of measured arrays, said wherever they are shown.
    permutations: how often the labels of lines are shuffled for the floor; 0 leaves it out.
    validation: whether samples that were not predicted correctly are predicted again, that sample alone left out.
    expression, survival: data sets of the store; empty takes the measured expression imported last, and the surviving
        fractions that share most lines with it.
    """

    protocol: str = "grouped"
    rounds: int = 5
    folds: int = 6
    models: tuple[str, ...] = MODELS
    epochs: int = 100
    batch_size: int = 16
    learning_rate: float = 3e-4
    dropout: float = 0.02
    l2: float = 1e-6
    seed: int = 0
    replicates: int = 1
    noise: float = 0.0
    permutations: int = 1
    validation: bool = True
    expression: str = ""
    survival: str = ""

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise InputError(f"Unknown protocol {self.protocol!r}. Choose from {', '.join(PROTOCOLS)}.")
        unknown = [name for name in self.models if name not in (*MODELS, *OPTIONAL)]
        if unknown or not self.models:
            raise InputError(
                f"Unknown model {', '.join(unknown) or '(none)'}. Choose from {', '.join((*MODELS, *OPTIONAL))}."
            )
        for name, least in (("rounds", 1), ("folds", 2), ("epochs", 1), ("batch_size", 1), ("replicates", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name.replace('_', ' ')} is {getattr(self, name)}: choose {least} or more.")
        if not 0 <= self.dropout < 1 or self.l2 < 0 or not self.learning_rate > 0 or self.noise < 0:
            raise InputError("Dropout lies in 0 to 1, L2 and noise are not negative, the learning rate is above 0.")
        if self.permutations < 0:
            raise InputError(f"permutations is {self.permutations}: choose 0 or more.")

    def command(self) -> str:
        """The command line that trains with these settings, but for batch size, learning rate, dropout and L2 weight,
        for which it has no option."""
        words = [f"python -m engine train radiation --protocol {self.protocol}"]
        words += [f"--rounds {self.rounds} --folds {self.folds} --epochs {self.epochs} --seed {self.seed}"]
        for given, option in (
            (self.models != MODELS, f"--models {','.join(self.models)}"),
            (self.expression, f"--expression {shlex.quote(self.expression)}"),
            (self.survival, f"--survival {shlex.quote(self.survival)}"),
            (self.replicates != 1, f"--replicates {self.replicates}"),
            (self.noise, f"--noise {self.noise:g}"),
            (self.permutations != 1, f"--permutations {self.permutations}"),
            (not self.validation, "--no-validation"),
        ):
            if given:
                words.append(option)
        return " ".join(words)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "RadiationSettings":
        """The settings as a job folder keeps them (`dataclasses.asdict`); other keys are left aside."""
        known = {key: value for key, value in params.items() if key in cls.__dataclass_fields__}
        given: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in known.items()}
        return cls(**given)
