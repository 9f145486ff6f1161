"""Drugs, the lines measured with them and the mutations that moved them, as tables of texts."""

from collections.abc import Mapping, Sequence

import pandas as pd

from engine.figures.text import MINUS, MISSING, count, interval, number, plural
from engine.patient.types import NearLine, Ranking
from engine.report.parts import Table
from engine.report.patient import marked
from engine.units import ic50_um

MOST_NAMED = 4  # positions or genes named in one cell
MOST_MOVERS = 3  # mutations per drug and direction
MOST_NEAR = 3  # lines named beside a drug
NO_MOVER = "none"


def drug_names(table: pd.DataFrame) -> dict[int, str]:
    """drug_id -> name; with the id where several drugs share a name."""
    twice = table["drug"].duplicated(keep=False)
    return {
        int(drug_id): f"{name} ({drug_id})" if doubled else str(name)
        for drug_id, name, doubled in zip(table["drug_id"], table["drug"], twice, strict=True)
    }


def top_drugs(ranking: Ranking, top: int) -> Table:
    """The first drugs with everything that is needed to judge each."""
    names = drug_names(ranking.table)
    typed = ranking.cancer_type is not None
    columns = ["", "Drug, target", "Approval", "IC50, µM\n90 % interval", "ln(IC50)\n90 % interval"]
    columns += ["z-score\npercentile, n"]
    columns += ["Against type\nmean, n"] if typed else []
    columns += ["Nearest lines' z\nmeasured, n", "Skill\npairs, n"]
    flagged = ranking.table["extrapolation"].head(top).fillna(False)
    all_flagged = bool(flagged.all())  # then the text above the table says so once
    rows = []
    for place, row in enumerate(ranking.table.head(top).to_dict("records"), 1):
        drug = [names[int(row["drug_id"])], _text(row["target"]) or "target not known"]
        if not all_flagged and pd.notna(row["extrapolation"]) and row["extrapolation"]:
            drug.append("extrapolation")
        cells = [
            count(place),
            _lines(*drug),
            _approval(row),
            _lines(_number(row["ic50_um_pred"]), _um_interval(row["lower"], row["upper"])),
            _lines(score(row["ln_ic50_pred"]), span(row["lower"], row["upper"], "no interval")),
            _lines(score(row["z_score"]), *_standing(row)),
        ]
        if typed:
            cells.append(_against_type(row))
        cells.append(_lines(score(row["nearest_z"]), f"n {_count(row['nearest_n'])}"))
        cells.append(_lines(score(row["skill"]), f"n {_count(row['n_skill'])}"))
        rows.append(tuple(cells))
    numeric = (True, False, False, *(True for _ in columns[3:]))
    return Table(tuple(columns), tuple(rows), numeric)


def _approval(row: dict) -> str:
    if pd.isna(row["approved"]):
        return _text(row["approval"]) or "not known"
    return _text(row["approval"]) or ("approved" if row["approved"] else "not approved")


def _standing(row: dict) -> list[str]:
    n = _count(row["n_measured"])
    share = "" if pd.isna(row["percentile"]) else f"{float(row['percentile']):.1f} % of "
    return [span(row["z_low"], row["z_high"], ""), f"{share}{n}" if share else f"n {n}"]


def _against_type(row: dict) -> str:
    if pd.isna(row["effect_vs_type"]):
        return _lines(MISSING, f"n {_count(row['n_type'])}")
    return _lines(_signed(row["effect_vs_type"]), f"{score(row['type_mean'])}, n {_count(row['n_type'])}")


def evidence_tables(evidence: Mapping[int, pd.DataFrame], names: Mapping[int, str]) -> list[Table]:
    """For each drug the nearest lines that were measured with it."""
    columns = (
        "Cell line",
        "Similarity",
        "Shared positions",
        "Shared genes",
        "Measured IC50, µM",
        "ln(IC50)",
        "z-score",
    )
    tables = []
    for drug_id, found in evidence.items():
        rows = tuple(
            (
                _lines(_text(row["name"]), _type(row["cancer_type"])),
                score(row["similarity"]),
                _some(row["shared_positions"]),
                _some(row["shared_genes"]),
                _number(row["ic50_um"]),
                score(row["ln_ic50"]),
                score(row["z_score"]),
            )
            for row in found.to_dict("records")
        )
        numeric = (False, True, False, False, True, True, True)
        tables.append(Table(columns, rows, numeric, title=names.get(int(drug_id), f"Drug {drug_id}")))
    return tables


def mover_table(movers: pd.DataFrame, drug_ids: Sequence[int], names: Mapping[int, str]) -> Table:
    """Per drug the mutations that lower its predicted ln(IC50) and those that raise it, the strongest first."""
    rows = []
    for drug_id in drug_ids:
        found = movers[movers["drug_id"] == drug_id].sort_values("effect", key=lambda effect: -effect.abs())
        rows.append((names[drug_id], _moved(found[found["effect"] < 0]), _moved(found[found["effect"] > 0])))
    if not len(movers):
        rows = []
    return Table(("Drug", "More sensitive through", "More resistant through"), tuple(rows), (False, False, False))


def _moved(found: pd.DataFrame) -> str:
    shown = [f"{row.position_key} {_signed(row.effect)}" for row in found.head(MOST_MOVERS).itertuples()]
    more = [f"{plural(len(found) - len(shown), 'more', 'more')}"] if len(found) > len(shown) else []
    return ", ".join(shown + more) or NO_MOVER


def marker_table(
    ranking: Ranking, names: Mapping[int, str], evidence: Mapping[int, pd.DataFrame] | None = None
) -> Table:
    """The drugs to which measured lines with one of the patient's mutations are most sensitive, with what was measured
    on the nearest lines."""
    rows = tuple(
        (
            _lines(names[int(row["drug_id"])], _text(row["target"]) or "target not known"),
            _approval(row),
            _text(row["marker"]),
            score(row["marker_z"]),
            count(row["marker_n"]),
            _near((evidence or {}).get(int(row["drug_id"]))),
            _lines(score(row["z_score"]), f"{count(row['place'])} of {count(len(ranking.table))}"),
        )
        for row in marked(ranking).to_dict("records")
    )
    columns = (
        "Drug, target",
        "Approval",
        "Mutation",
        "Mean z of its lines\nmeasured",
        "Lines, n",
        "Nearest lines measured\nz (similarity)",
        "Predicted z\nrank",
    )
    return Table(columns, rows, (False, False, False, True, True, False, True))


def _near(found: pd.DataFrame | None) -> str:
    if found is None or found.empty:
        return "none"
    near = found.head(MOST_NEAR).to_dict("records")
    return ", ".join(f"{_text(row['name'])} {score(row['z_score'])} ({score(row['similarity'])})" for row in near)


def own_table(own: pd.DataFrame, ranking: Ranking, names: Mapping[int, str]) -> Table:
    """The measured drugs to which the line that the patient probably is was most sensitive, with their rank."""
    order = ranking.table.assign(place=range(1, len(ranking.table) + 1)).set_index("drug_id")
    rows = []
    for row in own.to_dict("records"):
        ranked = order.loc[int(row["drug_id"])].to_dict()
        rows.append(
            (
                _lines(names[int(row["drug_id"])], _text(ranked["target"]) or "target not known"),
                _approval(ranked),
                _number(ic50_um(row["ln_ic50"])),
                score(row["z_score"]),
                _lines(score(ranked["z_score"]), f"{count(ranked['place'])} of {count(len(order))}"),
            )
        )
    columns = ("Drug, target", "Approval", "Measured IC50, µM", "Measured z", "Predicted z\nrank")
    return Table(columns, tuple(rows), (False, False, True, True, True))


def nearest_table(lines: Sequence[NearLine]) -> Table:
    """The nearest lines of all."""
    rows = tuple(
        (
            _lines(line.name, _type(line.cancer_type)),
            score(line.similarity),
            _some(", ".join(line.shared_positions)),
            _some(", ".join(line.shared_genes)),
            count(line.drugs) if line.drugs else "none",
        )
        for line in lines
    )
    columns = ("Cell line", "Similarity", "Shared positions", "Shared genes", "Drugs measured")
    return Table(columns, rows, (False, True, False, False, True))


def _lines(*texts: str) -> str:
    """A cell's lines; what a name has of its own line breaks must not add to them."""
    return "\n".join(" ".join(text.split()) for text in texts if text)


def _some(names: object) -> str:
    """'BRAF:600, TP53:175 and 3 more' of names separated by commas."""
    found = [name.strip() for name in _text(names).split(",") if name.strip()]
    more = f" and {count(len(found) - MOST_NAMED)} more" if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more or "none"


def _type(label: object) -> str:
    return label if isinstance(label, str) and label else "cancer type not known"


def _um_interval(lower, upper) -> str:
    if pd.isna(lower) or pd.isna(upper):
        return "no interval"
    return interval(float(ic50_um(lower)), float(ic50_um(upper)))


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def _number(value) -> str:
    return number(None if pd.isna(value) else float(value))


def score(value) -> str:
    """What lives on a scale of a few units: two decimals."""
    return MISSING if pd.isna(value) else f"{float(value):.2f}".replace("-", MINUS)


def _signed(value: float) -> str:
    return f"{float(value):+.2f}".replace("-", MINUS)


def span(low, high, absent: str) -> str:
    """Both ends of an interval on such a scale, or `absent` where there is none."""
    return absent if pd.isna(low) or pd.isna(high) else f"{score(low)} to {score(high)}"


def _count(value) -> str:
    return "0" if pd.isna(value) else count(value)
