"""What a person chooses before training. Imports nothing heavy, so forms and the command line may use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InputError

NETWORKS = ("master", "fully_connected", "shallow", "tanh", "unified")
# Naive: averages of training pairs, no feature but the cancer type's label.
NAIVE = ("drug_mean", "line_mean", "type_drug_mean", "mean_effects")
LEARNED = ("nearest_lines", "elastic_net", "random_forest", "svm")  # classical models on reduced features
BASELINES = (*NAIVE, *LEARNED)
ENSEMBLE = "ensemble"
# The ensemble trained again with every line's genome (every drug's structure) swapped for another one's.
ABLATIONS = {"genomes": "permuted_genomes", "drugs": "permuted_drugs"}
PUBLISHED_SPLIT = "pairs"
SPLITS = ("pairs", "cell_line", "cancer_type", "drug", "both")
DEFAULT_FOLDS = 5  # of every split but the published one, which is a single cut
INTERVAL_LEVEL = 0.9  # of prediction intervals; statistics carry 95 % intervals


@dataclass(frozen=True)
class CurationSettings:
    """What may be trained on; the defaults are those of Chang et al. 2018, doi:10.1038/s41598-018-27214-6."""

    census_only: bool = True  # only genes of the Cancer Gene Census
    min_lines_per_type: int = 10  # of lines that have a label, mutations and responses
    max_weight_g_mol: float = 1000.0  # g/mol
    # The paper required a PubChem CID to look the structure up; a drug whose structure is known needs none.
    require_pubchem_cid: bool = False
    dataset: str | None = None  # only responses of this dataset (GDSC1); None takes all and averages

    def __post_init__(self) -> None:
        if self.min_lines_per_type < 1:
            raise InputError(f"min_lines_per_type is {self.min_lines_per_type}: choose 1 or more.")
        if not self.max_weight_g_mol > 0:
            raise InputError(f"max_weight_g_mol is {self.max_weight_g_mol} g/mol: choose a weight above 0.")


@dataclass(frozen=True)
class TrainSettings:
    """How to train. Not published, so chosen here: batch size, learning rate and its schedule, early stopping.

    epochs: passes over the training pairs at most; the published networks took 250 (fully connected 500).
    learning_rate: peak of a one-cycle schedule of Adam.
    patience: epochs without a better validation RMSE before training stops; the best epoch's weights are kept.
    block_lines, block_drugs: a batch is all measured pairs of so many lines with so many drugs; 0 lets
        `batches.block_shape` choose by the number of training pairs.
    test_share, validation_share: of the pairs of every cancer type; validation is cut from the training pairs.
    dataset: which response table; empty takes the measured one imported last (`records.training_inputs`).
    curation: which lines, drugs and mutations are trained on.
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
    curation: CurationSettings = field(default_factory=CurationSettings)

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

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "TrainSettings":
        """The settings as a job folder keeps them (`dataclasses.asdict`)."""
        curation = CurationSettings(**params.get("curation", {}))
        return cls(**{**params, "networks": tuple(params["networks"]), "curation": curation})


def network_names(text: str) -> tuple[str, ...]:
    """'all' or a comma-separated list, in the order of the publication; 'fully connected' and '-' are understood."""
    if text.strip().lower() == "all":
        return NETWORKS
    names = tuple(dict.fromkeys(part.strip().lower().replace(" ", "_").replace("-", "_") for part in text.split(",")))
    return TrainSettings(networks=tuple(name for name in names if name)).networks
