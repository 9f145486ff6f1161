"""What a person chooses before training. Imports nothing heavy, so forms and the command line may use it."""

from dataclasses import dataclass

from engine.errors import InputError

NETWORKS = ("master", "fully_connected", "shallow", "tanh", "unified")
BASELINES = ("drug_mean", "mean_effects")
ENSEMBLE = "ensemble"
SPLITS = ("pairs",)


@dataclass(frozen=True)
class TrainSettings:
    """How to train. Not published, so chosen here: batch size, learning rate and its schedule, early stopping.

    epochs: passes over the training pairs at most; the published networks took 250 (fully connected 500).
    learning_rate: peak of a one-cycle schedule of Adam.
    patience: epochs without a better validation RMSE before training stops; the best epoch's weights are kept.
    block_lines, block_drugs: a batch is all measured pairs of so many lines with so many drugs; 0 lets
        `batches.block_shape` choose by the number of training pairs.
    test_share, validation_share: of the pairs of every cancer type; validation is cut from the training pairs.
    dataset: which response table; empty means the only one there is.
    """

    networks: tuple[str, ...] = NETWORKS
    epochs: int = 30
    seed: int = 0
    split: str = "pairs"
    dataset: str = ""
    learning_rate: float = 2e-3
    patience: int = 15
    block_lines: int = 0
    block_drugs: int = 0
    test_share: float = 0.05
    validation_share: float = 0.05

    def __post_init__(self) -> None:
        unknown = [name for name in self.networks if name not in NETWORKS]
        if unknown or not self.networks:
            raise InputError(f"Unknown network {unknown or '(none)'}. Choose from {', '.join(NETWORKS)}, or all.")
        if self.split not in SPLITS:
            raise InputError(f"Unknown split '{self.split}'. Choose from {', '.join(SPLITS)}.")
        if self.epochs < 1:
            raise InputError(f"{self.epochs} epochs cannot train anything; give at least 1.")
        if not 0 < self.test_share < 0.5 or not 0 < self.validation_share < 0.5:
            raise InputError("Test and validation shares must lie between 0 and 0.5.")


def network_names(text: str) -> tuple[str, ...]:
    """'all' or a comma-separated list, in the order of the publication; 'fully connected' and '-' are understood."""
    if text.strip().lower() == "all":
        return NETWORKS
    names = tuple(dict.fromkeys(part.strip().lower().replace(" ", "_").replace("-", "_") for part in text.split(",")))
    return TrainSettings(networks=tuple(name for name in names if name)).networks
