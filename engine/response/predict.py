"""Predictions of a trained run for any pairs of lines and drugs the store knows features of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.chem.fingerprints import drug_fingerprints
from engine.errors import InputError
from engine.jobs.queue import job_folder
from engine.response.fingerprint import genome_bits
from engine.response.records import features_of, run_summary
from engine.response.settings import NETWORKS
from engine.response.tables import EXTRA, chunks, open_table
from engine.response.trained import TrainedNetwork, predict_pairs
from engine.store.database import Database

PAIR_COLUMNS = ("cosmic_id", "drug_id")
EXAMPLES = 5  # ids named in an error


@dataclass(frozen=True)
class PredictionSummary:
    """What `predict_file` did. unseen_positions: mutated positions of these lines that the run does not know."""

    run_id: str
    networks: tuple[str, ...]
    pairs: int
    lines: int
    drugs: int
    unseen_positions: int
    file: str


def predict_file(
    db: Database,
    run_id: str,
    pairs_path: Path,
    out_path: Path,
    on_progress: Callable[[float, str], None] = lambda share, message: None,
) -> PredictionSummary:
    """Read cosmic_id, drug_id (CSV or Parquet), write them with ln_ic50_pred: the mean of the run's networks, ln uM.

    Raises InputError naming the file and the lines or drugs without features, NetworkError naming a checkpoint that is
    gone or damaged; nothing is written then.
    """
    if not out_path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {out_path.parent} to write {out_path.name} into; make it first.")
    pairs = read_pairs(pairs_path)
    run = run_summary(db, run_id)
    lines, line = np.unique(pairs["cosmic_id"].to_numpy(), return_inverse=True)
    drugs, drug = np.unique(pairs["drug_id"].to_numpy(), return_inverse=True)
    known = features_of(db, lines.tolist(), drugs.tolist())
    _refuse_unknown(pairs_path, lines, known["mutation"]["cosmic_id"], "cell lines", "mutations")
    _refuse_unknown(pairs_path, drugs, known["drug"]["drug_id"], "drugs", "structure")
    networks = [model for model in run.models if model in NETWORKS]
    total, unseen = np.zeros(len(pairs)), 0
    for i, name in enumerate(networks):
        trained = TrainedNetwork.load(job_folder(run_id) / "results" / f"{name}.pt")
        keys = known["mutation"].drop_duplicates(["cosmic_id", "position_key"])["position_key"]
        unseen = len(trained.vocabulary.unknown(keys))
        genomes = genome_bits(known["mutation"], lines.tolist(), trained.vocabulary)
        bits = drug_fingerprints(known["drug"]["smiles"].tolist(), trained.fingerprint, known["drug"]["name"].tolist())

        def told(share: float, name: str = name, i: int = i) -> None:
            on_progress((i + share) / len(networks), name.replace("_", " "))

        total += predict_pairs(trained, genomes, bits, line, drug, on_progress=told)
    result = pairs[["cosmic_id", "drug_id"]].assign(ln_ic50_pred=total / len(networks))
    temporary = out_path.with_name(out_path.name + ".part")
    if out_path.suffix.lower() == ".parquet":
        result.to_parquet(temporary, index=False)
    else:
        result.to_csv(temporary, index=False)
    temporary.replace(out_path)
    return PredictionSummary(run_id, tuple(networks), len(pairs), len(lines), len(drugs), unseen, str(out_path))


def read_pairs(path: Path) -> pd.DataFrame:
    """cosmic_id and drug_id as integers, in the file's order. Raises InputError naming the file, column or row."""
    frame = _parquet_pairs(path) if path.suffix.lower() == ".parquet" else _text_pairs(path)
    for column in PAIR_COLUMNS:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        bad = np.flatnonzero(~(numbers.notna() & (numbers % 1 == 0)).to_numpy())
        if len(bad):
            value = frame[column].iloc[bad[0]]
            told = "missing" if pd.isna(value) else f"'{value}', not a whole number"
            raise InputError(f"{path.name}, row {frame['row'].iloc[bad[0]]}: {column} is {told}.")
        frame[column] = numbers.astype("int64")
    return frame[list(PAIR_COLUMNS)]


def _text_pairs(path: Path) -> pd.DataFrame:
    table = open_table(path)
    names = [name.strip().lower() for name in table.header]
    _require_columns(path, names)
    places = [names.index(column) for column in PAIR_COLUMNS]
    frame = pd.concat(chunks(table, places), ignore_index=True)
    shifted = frame.loc[frame[EXTRA].notna(), "row"]
    if len(shifted):
        raise InputError(f"{path.name}, row {shifted.iloc[0]} has more values than the header has names.")
    return frame.rename(columns=dict(zip(places, PAIR_COLUMNS, strict=True)))


def _parquet_pairs(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path} does not exist: check the path.")
    try:
        frame = pd.read_parquet(path).reset_index()
    except (ValueError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as Parquet: write it again, or give a CSV file.") from error
    frame.columns = [str(column).strip().lower() for column in frame.columns]
    _require_columns(path, list(frame.columns))
    if frame.empty:
        raise InputError(f"{path.name} holds no pairs.")
    return frame[list(PAIR_COLUMNS)].assign(row=np.arange(1, len(frame) + 1))


def _require_columns(path: Path, names: list[str]) -> None:
    missing = [column for column in PAIR_COLUMNS if column not in names]
    if missing:
        raise InputError(f"{path.name} has no column {' and '.join(missing)}; it has {', '.join(names)}.")


def _refuse_unknown(path: Path, asked: np.ndarray, known: pd.Series, what: str, missing: str) -> None:
    absent = np.setdiff1d(asked, known.unique())
    if len(absent):
        named = ", ".join(str(x) for x in absent[:EXAMPLES]) + (" ..." if len(absent) > EXAMPLES else "")
        raise InputError(
            f"{path.name} names {len(absent)} {what} the store has no {missing} of ({named}). "
            f"Import them, or take these rows out."
        )
