"""`repurpose`: hits of a screened library by the published rule, with counts, selectivity and positive controls."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.cli.output import Answer, table
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.response.library_records import Screen, ScreenSummary
    from engine.response.repurpose import Controls, Matrix, Outcome, Thresholds

TOP_HITS = 20
TEXT_WIDTH = 32
RESEARCH_USE = "Research use only: predictions for cell lines, not advice for anybody's treatment."


def run_repurpose(given: Namespace) -> Answer:
    """Apply the rule to the newest screen of a library."""
    from engine.cli.commands import open_store
    from engine.response import library_records
    from engine.response.library_rank import ORDERS
    from engine.response.repurpose import Thresholds, known_indications, matrix, outcome
    from engine.response.selectivity import relative_to

    thresholds = Thresholds(
        sensitive_below=given.sensitive_below,
        type_share=given.type_share,
        more_than=not given.at_least,
        cytotoxic_share=given.cytotoxic_share,
        min_lines=given.min_lines,
    )
    if not given.rank_all and (given.cancer_type or given.out or given.sort != ORDERS[0]):
        raise InputError("--type, --sort and --out belong to --all, which ranks every molecule for one cancer type.")
    db = open_store()
    summary = library_records.find_screen(db, given.library, given.run_id)
    screen = library_records.load_screen(db, summary.screen_id)
    found = matrix(screen, thresholds)
    if given.rank_all:
        from engine.cli.ranking import rank

        return rank(given, db, screen, found)
    told = outcome(screen, found, thresholds)
    controls = known_indications(
        screen,
        found,
        thresholds,
        library_records.type_means(db, screen),
        library_records.measured_values(db, screen),
    )
    document = {
        "library": summary.library,
        "run": summary.run_id,
        "screen": {
            **{name: value for name, value in asdict(summary).items() if name not in ("library", "run_id")},
            "created_at": str(summary.created_at),
        },
        "thresholds": asdict(thresholds),
        "selectivity": {
            "relative_to": relative_to(summary.n_reference, summary.n_molecules),
            "sd_ln_um": _number_or_none(found.selectivity_sd),
        },
        "types": [{"name": name, "lines": int(n)} for name, n in zip(found.types, found.n_lines, strict=True)],
        "types_left_out": list(found.left_out),
        "counts": _counts(told),
        "oncology_without_approved_type": told.approved_unknown,
        "hits": _records(told.hits),
        "controls": {
            "table": _records(controls.table),
            "ranks": _records(controls.ranks),
            "pairs": _records(controls.pairs),
            "sentences": list(controls.sentences),
        },
        "simulated": summary.simulated,
        "research_use_only": RESEARCH_USE,
    }
    return Answer(document, _text(screen, found, told, controls, thresholds))


def _counts(told: "Outcome") -> dict[str, dict[str, dict[str, int | None]]]:
    """Class -> step -> the count here and the published one."""
    from engine.response.repurpose import CLASSES, PUBLISHED, STEPS

    return {
        name: {
            step: {"count": told.counts[f"{name} {step}"], "published": PUBLISHED.get(f"{name} {step}")}
            for step in STEPS
        }
        for name in CLASSES
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object per row; missing values are None."""
    plain = frame.astype(object)
    records: list[dict[str, Any]] = plain.where(frame.notna(), None).to_dict("records")
    return records


def _text(screen: "Screen", found: "Matrix", told: "Outcome", controls: "Controls", thresholds: "Thresholds") -> str:
    summary = screen.summary
    share = f"{'more than' if thresholds.more_than else 'at least'} {100 * thresholds.type_share:.3g} %"
    lines = int(found.n_lines.sum())
    left_out = f" (left out, fewer than {thresholds.min_lines} lines: {', '.join(found.left_out)})"
    head = [
        f"{summary.library}: {len(screen.molecules):,} molecules x {lines:,} lines of {len(found.types)} cancer types"
        + (left_out if found.left_out else ""),
        f"Run {summary.run_id}, {', '.join(summary.networks)}{', simulated data' if summary.simulated else ''}",
        f"A line is sensitive below ln(IC50, uM) {thresholds.sensitive_below:g}, a type with {share} of its lines, a "
        f"molecule generally cytotoxic in more than {100 * thresholds.cytotoxic_share:.3g} % of the types.",
    ]
    counts = [{name: _number(value) for name, value in row.items()} for row in told.table().to_dict("records")]
    notes = [_relative(summary, found)]
    if told.approved_unknown:
        n = told.approved_unknown
        notes.append(
            f"{n:,} oncology molecule{'s have' if n > 1 else ' has'} no approved type among these: each sensitive type "
            "counts as new."
        )
    parts = [
        "\n".join(head),
        table(counts, ""),
        _hits(told.hits),
        "\n".join([*notes, *controls.sentences]),
        RESEARCH_USE,
    ]
    return "\n\n".join(part for part in parts if part)


def _relative(summary: "ScreenSummary", found: "Matrix") -> str:
    """What selectivity is counted beside, and why it may not be compared with that of another library."""
    from engine.response.selectivity import relative_to, relative_warning

    words = relative_to(summary.n_reference, summary.n_molecules)
    sd = f", one sd is {found.selectivity_sd:.3g} ln uM" if found.selectivity_sd > 0 else ""
    warning = relative_warning(summary.n_reference, summary.n_molecules)
    return f"Selectivity is {words}{sd}." + (f" {warning}" if warning else "")


def _hits(hits: pd.DataFrame) -> str:
    rows = [
        {
            "hit": _short(row.name),
            "class": row.drug_class,
            "best new type": row.best_type,
            "sensitive": f"{row.best_share:.0%}".replace("%", " %"),
            "selectivity": _number(row.best_selectivity, ".2f"),
            "q": _number(row.best_q, ".2g"),
            "types": row.n_types,
            "upper bound": _number(row.n_sure),
            "cytotoxic": "yes" if row.cytotoxic else "no",
            "nearest drug": _short(row.nearest_drug),
            "similarity": _number(row.similarity, ".2f"),
            "inside": "-" if pd.isna(row.inside) else "yes" if row.inside else "no",
        }
        for row in hits.head(TOP_HITS).itertuples(index=False)
    ]
    more = len(hits) - len(rows)
    return table(rows, "No hits by this rule.") + (f"\n... and {more:,} more hits: --json has all" if more else "")


def _number(value: Any, form: str = "") -> Any:
    return "-" if pd.isna(value) else format(value, form) if form else value


def _number_or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _short(text: Any) -> str:
    if pd.isna(text):
        return "-"
    plain = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return plain if len(plain) <= TEXT_WIDTH else plain[: TEXT_WIDTH - 3] + "..."
