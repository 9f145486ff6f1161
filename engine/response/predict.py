"""Predictions of a trained run for any pairs of lines and drugs the store knows features of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.chem.fingerprints import drug_fingerprints
from engine.errors import InputError
from engine.files.tables import EXTRA, chunks, open_table
from engine.jobs.queue import job_folder
from engine.response.domain import lines_inside, nearest, usual_similarity
from engine.response.ensemble import calibration_of, folds_of, mean_and_spread, networks_of
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.fold_models import network_file
from engine.response.records import features_of, run_summary
from engine.response.reference import Reference, drugs_domain, load_reference
from engine.response.trained import TrainedNetwork, predict_pairs
from engine.store.database import Database

PAIR_COLUMNS = ("cosmic_id", "drug_id")
EXAMPLES = 5  # ids named in an error


@dataclass(frozen=True)
class PredictionSummary:
    """What `predict_file` did. unseen_positions: mutated positions of these lines that the run does not know.

    outside: pairs flagged as extrapolation; None where the run is older than that. split: how the intervals of the
    predictions were calibrated.
    """

    run_id: str
    networks: tuple[str, ...]
    pairs: int
    lines: int
    drugs: int
    unseen_positions: int
    split: str
    outside: int | None
    file: str


def predict_file(
    db: Database,
    run_id: str,
    pairs_path: Path,
    out_path: Path,
    on_progress: Callable[[float, str], None] = lambda share, message: None,
) -> PredictionSummary:
    """Read cosmic_id, drug_id (CSV or Parquet), write them with the mean of the run's networks and how far to trust it.

    Columns added: ln_ic50_pred, lower, upper (90 %, all ln uM), ic50_um_pred, then the applicability domain:
    nearest_line, line_similarity, positions, known_positions, nearest_drug, drug_similarity, extrapolation.
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
    networks, folds = networks_of(run), folds_of(run)
    results = job_folder(run_id) / "results"
    members, unseen = np.empty((len(networks), len(folds), len(pairs))), 0
    for i, name in enumerate(networks):
        for k, number in enumerate(folds):
            trained = TrainedNetwork.load(network_file(results, name, number))
            unseen = unseen_positions(run_id, known["mutation"], trained.vocabulary)
            genomes = genome_bits(known["mutation"], lines.tolist(), trained.vocabulary)
            names = known["drug"]["name"].tolist()
            bits = drug_fingerprints(known["drug"]["smiles"].tolist(), trained.fingerprint, names)

            def told(share: float, done: int = i * len(folds) + k, name: str = name) -> None:
                on_progress((done + share) / len(networks) / len(folds), name.replace("_", " "))

            members[i, k] = predict_pairs(trained, genomes, bits, line, drug, on_progress=told)
    mean, spread = mean_and_spread(members)
    result = pairs[["cosmic_id", "drug_id"]].assign(ln_ic50_pred=mean)
    calibration = calibration_of(run)
    if calibration is not None:
        low, high = calibration.interval(mean, spread if len(members) > 1 else None)
        result = result.assign(lower=low, upper=high)
    result["ic50_um_pred"] = np.exp(mean)
    reference = load_reference(results)
    if reference is not None:
        of_line, of_drug = _domain(reference, known, lines, bits)
        domain = pd.concat(
            [of_line.iloc[line].reset_index(drop=True), of_drug.iloc[drug].reset_index(drop=True)], axis=1
        )
        outside = ~(domain.pop("line_inside") & domain.pop("drug_inside"))
        result = pd.concat([result, domain.assign(extrapolation=outside)], axis=1)
    _write(result, out_path)
    flagged = int(result["extrapolation"].sum()) if reference is not None else None
    sizes = len(pairs), len(lines), len(drugs)
    return PredictionSummary(run_id, networks, *sizes, unseen, run.split, flagged, str(out_path))


def _domain(
    reference: Reference, known: dict[str, pd.DataFrame], lines: np.ndarray, drug_bits: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How far each line and each drug lies from those the run was trained on."""
    genomes = genome_bits(known["mutation"], lines.tolist(), Vocabulary(tuple(map(str, reference.keys))))
    distinct = known["mutation"].drop_duplicates(["cosmic_id", "position_key"])
    positions = distinct.groupby("cosmic_id").size().reindex(lines).to_numpy()
    near = nearest(genomes, reference.genomes, positions)
    known_positions = np.diff(genomes.indptr)
    seen = np.isin(lines, reference.cosmic_ids)
    similarity = np.where(seen, 1.0, near.similarity)
    of_line = pd.DataFrame(
        {
            "nearest_line": np.where(seen, lines, reference.cosmic_ids[near.row]),
            "line_similarity": similarity,
            "positions": positions,
            "known_positions": known_positions,
            "line_inside": lines_inside(similarity, known_positions, usual_similarity(reference.genomes)),
        }
    )
    return of_line, drugs_domain(reference, drug_bits)


def unseen_positions(run_id: str, mutations: pd.DataFrame, vocabulary: Vocabulary) -> int:
    """How many mutated positions of these lines the run does not know. Raises InputError where it knows none."""
    keys = mutations.drop_duplicates(["cosmic_id", "position_key"])["position_key"]
    unseen = len(vocabulary.unknown(keys))
    if len(keys) and unseen == len(keys):
        raise InputError(
            f"Run {run_id} knows none of the {len(keys):,} mutated positions of these lines: it was trained on another "
            "naming of positions. Train again on the tables that are in the store now."
        )
    return unseen


def _write(result: pd.DataFrame, out_path: Path) -> None:
    temporary = out_path.with_name(out_path.name + ".part")
    if out_path.suffix.lower() == ".parquet":
        result.to_parquet(temporary, index=False)
    else:
        result.to_csv(temporary, index=False)
    temporary.replace(out_path)


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
