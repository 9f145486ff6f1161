"""SF2 of somebody's own samples by a finished run, in this very process: what they are stays out of every job folder.

k samples, p probes of the run.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.radiation import baselines, reach, rsi
from engine.radiation.align import align
from engine.radiation.finished import FinishedRun, load_run
from engine.radiation.fits import models_of, network_file
from engine.radiation.names import line_key, panel_of
from engine.radiation.settings import NETWORK, PROTOCOLS
from engine.radiation.similarity import correlations
from engine.radiation.types import Cohort, Expression, SamplePrediction

NEAREST = 5  # lines that a sample is shown beside
MOVERS = 15  # probes, and the strongest one of every RSI gene besides
NO_INTERVAL = (
    "This run has no interval for a line never seen: in its protocol other samples of a tested line were trained on. "
    "Choose a run grouped by line."
)
TOO_FEW = "This run has no intervals: too few lines for them."
OUT_OF_RANGE = "The {model} answered {raw:.2f}: outside the possible range 0 to 1, shown as {shown:.0f}."


def predict_file(
    path: Path,
    run_id: str,
    *,
    models: Sequence[str] = (),
    panel: str = "",
    file_name: str = "",
    receipt: Receipt | None = None,
    movers: bool = True,
    on_progress: Callable[[float], None] | None = None,
) -> list[SamplePrediction]:
    """The SF2 of every sample of a file by every model of a run (or those of `models`), samples in the file's order.

    path: any table that `expression_read.read_expression` reads. panel: tissue of all its samples, '' to take what the
    file, the list of the NCI-60, or else the most similar trained line says. file_name: what messages call it.
    receipt: filled with what became of its rows. movers: whether to compute what moved the network's prediction.
    Baselines are fitted again to all samples of the run, which takes seconds; nothing is written anywhere.
    Raises JobError where the run's job folder is gone, InputError for a file that is no expression, whose probes do
    not fit the run or whose scale is another, and for a model that the run does not have.
    """
    from engine.radiation.expression_read import read_expression

    run = load_run(run_id)
    given = read_expression(Path(path), file_name or Path(path).name, receipt if receipt is not None else Receipt())
    return predict_expression(given, run, models=models, panel=panel, movers=movers, on_progress=on_progress)


def predict_expression(
    given: Expression,
    run: FinishedRun,
    *,
    models: Sequence[str] = (),
    panel: str = "",
    movers: bool = True,
    on_progress: Callable[[float], None] | None = None,
) -> list[SamplePrediction]:
    """As `predict_file`, for expression that is in memory. Raises InputError as it does."""
    known = models_of(run.settings)
    wanted = tuple(models) or (*(name for name in known if name == NETWORK), *(n for n in known if n != NETWORK))
    if unknown := [name for name in wanted if name not in known]:
        raise InputError(f"Run {run.run_id} has no model {', '.join(unknown)}. It has: {', '.join(known)}.")
    trained = run.cohort
    values, _, notes = align(given, trained.probes.tolist(), trained.symbols.tolist(), run.mean, trained.scale)
    if "rsi" in wanted and (absent := rsi.missing(given.probes, given.symbols)):
        notes = (*notes, f"The index lacks {', '.join(absent)}: the mean of the training samples stands for them.")
    k, n = len(values), len(trained.line)
    near = _near(run, values)
    limits = reach.limits(run)
    judged = reach.judge(run, values, limits)
    panels, of_panel = _panels(run, given, near, judged, panel)
    joined = _joined(trained, given, values, panels)
    told = on_progress or (lambda share: None)
    found: dict[str, np.ndarray] = {}
    moved: list[tuple[tuple[str, str, float, bool], ...]] = [()] * k
    for done, model in enumerate(wanted):
        told(done / len(wanted))
        if model == NETWORK:
            found[model], moved = _network(run, values, movers)
        else:
            everybody, new = np.arange(n), np.arange(n, n + k)
            found[model] = baselines.predict(model, joined, everybody, new, run.settings.seed)
    told(1.0)
    looked_up = _looked_up(trained, values) if "nearest_neighbour" in wanted else [""] * k
    said = (*notes, *_notes(run))
    answers = []
    for i in range(k):
        line, same = str(given.samples["line"].iloc[i]), judged[i].same
        own = [reach.note_of(judged[i]), of_panel[i], _seen(run, line)]
        own.append(reach.look_up_note(same, near[i][0][1], limits) if same and line_key(line) != line_key(same) else "")
        for model in wanted:
            raw, half = float(found[model][i]), run.half_width.get(model)
            shown = float(np.clip(raw, 0.0, 1.0))
            possible = shown == raw
            of_model = "" if possible else OUT_OF_RANGE.format(model=model.replace("_", " "), raw=raw, shown=shown)
            beside = looked_up[i] if model == "nearest_neighbour" else ""
            answers.append(
                SamplePrediction(
                    sample=str(given.samples["sample"].iloc[i]),
                    line=line,
                    model=model,
                    sf2=shown,
                    lower=_end(shown, half, -1),
                    upper=_end(shown, half, 1),
                    nearest=near[i],
                    inside=not judged[i].why,
                    movers=moved[i] if model == NETWORK else (),
                    notes=tuple(note for note in (of_model, beside, *own, *said) if note),
                    panel=panels[i],
                    look_up=same,
                    outside_because=judged[i].why,
                    answered=None if possible else raw,
                )
            )
    return answers


def _panels(
    run: FinishedRun,
    given: Expression,
    near: list[tuple[tuple[str, float, float], ...]],
    judged: Sequence[reach.Judged],
    told: str,
) -> tuple[list[str], list[str]]:
    """The tissue panel of each sample and what is to be said of it, '' where it was told.

    Raises InputError for a panel that the run does not know.
    """
    known = {name.casefold(): name for name in run.lines["panel"] if name}
    if told and told.strip().casefold() not in known:
        raise InputError(
            f"Run {run.run_id} knows no panel {told!r}. "
            + (f"Choose from {', '.join(sorted(known.values()))}." if known else "Its lines have none: leave it out.")
        )
    by_line = dict(zip(run.lines["line"], run.lines["panel"], strict=True))
    panels, notes = [], []
    for i, (line, of_file) in enumerate(zip(given.samples["line"], given.samples["panel"].fillna(""), strict=True)):
        candidates = (told, panel_of(line), str(of_file))
        panel = next((known[one.strip().casefold()] for one in candidates if one.strip().casefold() in known), "")
        note = ""
        if not panel and known:
            nearest = near[i][0][0]
            panel = str(by_line[nearest])
            unknown = f"{of_file} is no panel of the run" if of_file else "Panel not told"
            note = f"{unknown}, taken from the nearest line {nearest} ({panel or 'which has none'})"
            note += ", a guess for a sample out of reach." if judged[i].why else "."
        panels.append(panel)
        notes.append(note)
    return panels, notes


def _looked_up(trained: Cohort, values: np.ndarray) -> list[str]:
    """Which array the nearest neighbour took: it looks at the values as they are, the nearest lines at differences."""
    similarity = correlations(values, trained.values)
    best = similarity.argmax(axis=1)
    return [
        f"The nearest neighbour took {trained.line[j]} (r = {similarity[i, j]:.3f} of the values as they are); nearest "
        "lines are ranked by differences from the mean training profile."
        for i, j in enumerate(best)
    ]


def _joined(trained: Cohort, given: Expression, values: np.ndarray, panels: Sequence[str]) -> Cohort:
    """Trained samples, then the new ones, whose SF2 nobody knows."""
    k = len(values)
    return replace(
        trained,
        values=np.concatenate([trained.values, values.astype(np.float32)]),
        sf2=np.concatenate([trained.sf2, np.full(k, np.nan)]),
        sample=np.concatenate([trained.sample, given.samples["sample"].to_numpy(str)]),
        line=np.concatenate([trained.line, given.samples["line"].to_numpy(str)]),
        panel=np.concatenate([trained.panel, np.array(panels, dtype=str)]),
        replicate=np.concatenate([trained.replicate, np.ones(k, int)]),
    )


def _near(run: FinishedRun, values: np.ndarray) -> list[tuple[tuple[str, float, float], ...]]:
    """Of each sample the trained lines most like it, as `SamplePrediction.nearest`."""
    similarity = run.similarity(values)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :NEAREST]
    lines, sf2 = run.lines["line"].to_numpy(str), run.lines["sf2"].to_numpy(float)
    return [tuple((str(lines[j]), float(similarity[i, j]), float(sf2[j])) for j in row) for i, row in enumerate(order)]


def _network(
    run: FinishedRun, values: np.ndarray, movers: bool
) -> tuple[np.ndarray, list[tuple[tuple[str, str, float, bool], ...]]]:
    from engine.radiation.explain import integrated_gradients  # torch loads where there is a network
    from engine.radiation.fit import TrainedSF2

    trained = TrainedSF2.load(network_file(run.results))
    predicted = np.asarray(trained.predict(values)).mean(axis=0)
    if not movers:
        return predicted, [()] * len(values)
    moved = np.asarray(integrated_gradients(trained, values, run.mean))
    return predicted, [_largest(run, row) for row in moved]


def _largest(run: FinishedRun, moved: np.ndarray) -> tuple[tuple[str, str, float, bool], ...]:
    """The probes that moved most, and of every RSI gene that the array has the one that moved most."""
    order = np.argsort(-np.abs(moved), kind="stable")
    probes, symbols, genes = run.cohort.probes, run.cohort.symbols, run.index_genes
    chosen = dict.fromkeys(order[:MOVERS].tolist())
    for gene in rsi.GENES:
        mine = order[genes[order] == gene]
        chosen |= dict.fromkeys(mine[:1].tolist())
    shown = sorted(chosen, key=lambda probe: -abs(moved[probe]))
    # A series matrix tells no symbols, but the genes of the index are known by their probe sets.
    return tuple((str(probes[i]), str(symbols[i]) or str(genes[i]), float(moved[i]), bool(genes[i])) for i in shown)


def _end(shown: float, half: float | None, sign: int) -> float | None:
    return None if half is None else float(np.clip(shown + sign * half, 0.0, 1.0))


def _notes(run: FinishedRun) -> tuple[str, ...]:
    protocol = run.settings.protocol
    notes = [f"Run {run.run_id}, {PROTOCOLS[protocol]}" + (", simulated data." if run.simulated else ".")]
    if not run.half_width:
        notes.append(NO_INTERVAL if protocol == "published" else TOO_FEW)
    return tuple(notes)


def _seen(run: FinishedRun, line: str) -> str:
    if line and line_key(line) in {line_key(name) for name in run.cohort.line}:
        return (
            f"The run was trained on {line}: this is no prediction of a line never seen, and the interval does not "
            "hold."
        )
    return ""
