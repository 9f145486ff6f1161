"""What a person chooses before training. Imports nothing heavy, so forms and the command line may use it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InputError

NETWORKS = ("master", "fully_connected", "shallow", "tanh", "unified")
# Naive: averages of training pairs, no feature but the cancer type's label.
NAIVE = ("drug_mean", "line_mean", "type_drug_mean", "mean_effects")
LEARNED = ("nearest_lines", "elastic_net", "random_forest", "svm")  # classical models on reduced features
BASELINES = (*NAIVE, *LEARNED)
GENE_LINES = 5  # training lines a gene must be mutated in to be a feature of elastic_net
COMPONENTS, SVM_COMPONENTS = 30, 60  # 30 of genomes; of drug fingerprints 30 for random_forest, 60 for svm
FOREST_TREES, FOREST_PAIRS, SVM_PAIRS = 60, 40_000, 12_000  # pairs: random training pairs
# What each baseline knows and how it is reduced, to be read after its name.
BASELINE_DESCRIPTIONS = {
    "drug_mean": "predicts the average of the drug for every cell line",
    "line_mean": "predicts the average of the cell line for every drug",
    "type_drug_mean": "predicts the drug's average in the line's cancer type, drawn to the drug's where lines are few",
    "mean_effects": "adds the average of the cell line to the average of the drug",
    "nearest_lines": (
        "corrects the averages by what the drug did to the most similar lines: those of the same cancer type first, "
        "then those that share most mutated positions"
    ),
    "elastic_net": (
        "corrects the averages by a sparse linear model per drug of the cancer type and the genes mutated in at least "
        f"{GENE_LINES} training lines"
    ),
    "random_forest": (
        f"grows {FOREST_TREES} trees on {FOREST_PAIRS:,} random training pairs, from {COMPONENTS} components each of "
        "mutated positions and of drug fingerprints, cancer type and number of mutations"
    ),
    "svm": (
        f"fits support vectors with a Gaussian kernel to {SVM_PAIRS:,} random training pairs, from {COMPONENTS} "
        f"components of mutated positions, {SVM_COMPONENTS} of drug fingerprints and the cancer type"
    ),
}
ENSEMBLE = "ensemble"
# The ensemble trained again with every line's genome (every drug's structure) swapped for another one's.
ABLATIONS = {"genomes": "permuted_genomes", "drugs": "permuted_drugs"}
PUBLISHED_SPLIT = "pairs"
# What is held out, in words.
SPLIT_NAMES = {
    PUBLISHED_SPLIT: "published split (random pairs)",
    "cell_line": "unseen cell lines",
    "cancer_type": "unseen cancer types",
    "drug": "unseen drugs",
    "both": "unseen lines and drugs",
}
SPLITS = tuple(SPLIT_NAMES)
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

    networks: which to train; none evaluates the baselines alone. baselines: which stand beside them.
    ablations: 'genomes', 'drugs': train the networks once more on permuted inputs.
    epochs: passes over the training pairs at most; the published networks took 250 (fully connected 500).
    split, folds: see `learn/splits.cut`; 0 folds takes the published single cut of `pairs`, 5 folds of the others.
    only_folds: numbers of the folds to run, from 1; empty runs all.
    learning_rate: peak of a one-cycle schedule of Adam.
    patience: epochs without a better validation RMSE before training stops; the best epoch's weights are kept.
    block_lines, block_drugs: a batch is all measured pairs of so many lines with so many drugs; 0 lets
        `batches.block_shape` choose by the number of training pairs.
    test_share: of the pairs of every cancer type, in the published single cut. validation_share: of what is left;
        None takes 5 % of the pairs, or 10 % of the lines, types or drugs.
    sensitive_below: ln(IC50, uM) under which a line counts as sensitive, for AUROC and average precision.
    evaluates: the run whose settings this one takes over to another split; empty where it stands for itself.
    dataset: which response table; empty takes the measured one imported last (`records.training_inputs`).
    curation: which lines, drugs and mutations are trained on.
    """

    networks: tuple[str, ...] = NETWORKS
    baselines: tuple[str, ...] = BASELINES
    ablations: tuple[str, ...] = ()
    epochs: int = 30
    seed: int = 0
    split: str = PUBLISHED_SPLIT
    folds: int = 0
    only_folds: tuple[int, ...] = ()
    dataset: str = ""
    learning_rate: float = 2e-3
    patience: int = 15
    block_lines: int = 0
    block_drugs: int = 0
    test_share: float = 0.05
    validation_share: float | None = None
    sensitive_below: float = -2.0
    evaluates: str = ""
    curation: CurationSettings = field(default_factory=CurationSettings)

    def __post_init__(self) -> None:
        _refuse_unknown("network", self.networks, NETWORKS)
        _refuse_unknown("baseline", self.baselines, BASELINES)
        _refuse_unknown("ablation", self.ablations, tuple(ABLATIONS))
        _refuse_unknown("split", (self.split,), SPLITS)
        if not set(NAIVE) & set(self.baselines):
            raise InputError("Keep at least one naive baseline: nothing can be judged without one.")
        if self.ablations and not self.networks:
            raise InputError("Permuted inputs need networks to train on them: choose at least one network.")
        if self.epochs < 1:
            raise InputError(f"{self.epochs} epochs cannot train anything; give at least 1.")
        if self.folds < 0 or (self.folds == 1 and self.split != PUBLISHED_SPLIT):
            raise InputError(
                f"{self.folds} folds cannot hold anything out under the split {self.split}: choose 2 or more."
            )
        if any(not 1 <= number <= self.n_folds for number in self.only_folds):
            raise InputError(f"There are folds 1 to {self.n_folds}; asked for {', '.join(map(str, self.only_folds))}.")
        share = self.validation_share
        if not 0 < self.test_share < 0.5 or (share is not None and not 0 < share < 0.5):
            raise InputError("Test and validation shares must lie between 0 and 0.5.")

    @property
    def n_folds(self) -> int:
        """Parts that the pairs are cut into; 1 is the published single cut."""
        return self.folds or (1 if self.split == PUBLISHED_SPLIT else DEFAULT_FOLDS)

    @property
    def fold_numbers(self) -> tuple[int, ...]:
        """The folds to run, as the store numbers them: 0 for a single cut, else from 1."""
        if self.n_folds == 1:
            return (0,)
        return tuple(sorted(set(self.only_folds))) or tuple(range(1, self.n_folds + 1))

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "TrainSettings":
        """The settings as a job folder keeps them (`dataclasses.asdict`); other keys are left aside."""
        known = {key: value for key, value in params.items() if key in cls.__dataclass_fields__}
        lists = {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists, "curation": CurationSettings(**known.get("curation", {}))})

    def command(self) -> str:
        """The command line that trains with these settings."""
        words = ["python -m engine train response", f"--networks {','.join(self.networks) or 'none'}"]
        words += [f"--split {self.split}", f"--folds {self.n_folds}", f"--epochs {self.epochs}", f"--seed {self.seed}"]
        rules = self.curation
        for given, option in (
            (self.baselines != BASELINES, f"--baselines {','.join(self.baselines)}"),
            (self.only_folds, f"--only-folds {','.join(map(str, self.only_folds))}"),
            (self.ablations, f"--ablations {','.join(self.ablations)}"),
            (self.dataset, f"--dataset {shlex.quote(self.dataset)}"),
            (self.sensitive_below != -2.0, f"--sensitive-below={self.sensitive_below:g}"),
            (not rules.census_only, "--all-genes"),
            (rules.min_lines_per_type != 10, f"--min-lines {rules.min_lines_per_type}"),
            (rules.max_weight_g_mol != 1000, f"--max-weight {rules.max_weight_g_mol:g}"),
            (rules.require_pubchem_cid, "--need-cid"),
        ):
            if given:
                words.append(option)
        return " ".join(words)


def _refuse_unknown(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InputError(f"Unknown {what} {', '.join(unknown)}. Choose from {', '.join(known)}.")


def names(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """'all', 'none' or a comma-separated list in any case; 'fully connected' and '-' are understood."""
    if text.strip().lower() in ("all", "none"):
        return tuple(known) if text.strip().lower() == "all" else ()
    parts = (part.strip().lower().replace(" ", "_").replace("-", "_") for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def network_names(text: str) -> tuple[str, ...]:
    """`names` of networks. Raises InputError for one that is none, and for an empty text."""
    if not text.strip(" ,"):
        raise InputError(f"No network is named. Choose from {', '.join(NETWORKS)}, or all, or none.")
    return TrainSettings(networks=names(text, NETWORKS)).networks
