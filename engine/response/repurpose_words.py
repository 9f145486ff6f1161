"""What the positive controls of a screen say, in sentences with every n."""

import numpy as np
import pandas as pd

from engine.response.repurpose_matrix import Thresholds

SELECTIVE_BELOW = -1.0  # sd of the residuals
FALSE_DISCOVERIES = 0.05
BY_CHANCE = 0.05  # p from which a count is what chance finds as well
RULE, SELECTIVE, ENRICHED = CRITERIA = ("rule", "selective", "enriched")
ALL, KNOWN, NEW = GROUPS = ("all", "trained on", "not trained on")
UNTOLD = "not known"  # whether the run was trained on it


def headline(table: pd.DataFrame) -> str:
    """What the hits are worth, in one sentence: known indications found again by the rule, by chance, without a model.

    table: as `repurpose_controls.Controls` has it.
    """
    row = table.astype(object).set_index(["group", "criterion"]).loc[(ALL, RULE)]
    if not row["controls"]:
        return "No approved indication can be looked for here, so nothing says whether the hits are more than chance."
    found, ranked = row["recovered"], not pd.isna(row["naive"])
    told = f"{found:,} of {_count(row['controls'], 'approved indication')} {'is' if found == 1 else 'are'} found again"
    told += f"; chance would find {row['expected']:.1f}"
    if ranked:
        told += f", the types most sensitive to all drugs {row['naive']:,}"
    if row["p_chance"] >= BY_CHANCE:
        return f"{told}: the hits carry no more than {'that' if ranked else 'chance'}."
    beyond = f"more than chance (p = {row['p_chance']:.2g})"
    if not ranked:
        return f"{told}: {beyond}."
    if found <= row["naive"]:
        return f"{told}: {beyond}, but no more than that one ranking of types for all drugs."
    return f"{told}: {beyond} and than that one ranking of types for all drugs."


def sentences(table: pd.DataFrame, ranks: pd.DataFrame, thresholds: Thresholds) -> tuple[str, ...]:
    """What to know of the controls. table, ranks: as `repurpose_controls.Controls` has them."""
    row = table.astype(object).set_index(["group", "criterion"])  # counts stay whole numbers
    rule = row.loc[(ALL, RULE)]
    if not rule["controls"]:
        return (
            "No oncology drug of this library has an approved cancer type among the types here: nothing can be found "
            "again, and nothing says whether the hits are more than chance.",
        )
    among = f"{_count(rule['controls'], 'approved indication')} of {_count(rule['molecules'], 'oncology drug')}"
    told = [
        f"Known indications: of {among}, the rule finds {rule['recovered']:,} again ({_percent(rule)}); "
        f"{_naive(rule)}.",
        f"By selectivity below {_minus(SELECTIVE_BELOW)} sd {row.loc[(ALL, SELECTIVE), 'recovered']:,} are found; "
        f"{_naive(row.loc[(ALL, SELECTIVE)])}.",
        f"By enrichment (q < {FALSE_DISCOVERIES:g}) {row.loc[(ALL, ENRICHED), 'recovered']:,} are found; "
        f"{_naive(row.loc[(ALL, ENRICHED)])}.",
    ]
    told += [ceiling(table, thresholds)] if rule["measured_controls"] else []
    told += _ranking(ranks.set_index("group").loc[ALL])
    known, new = row.loc[(KNOWN, RULE)], row.loc[(NEW, RULE)]
    if known["controls"]:
        told.append(
            f"The run was trained on {known['molecules']:,} of these drugs, so that their "
            f"{_count(known['controls'], 'indication')} ({known['recovered']:,} found) are as much memory as "
            "prediction."
        )
    if new["controls"]:
        told.append(
            f"Of the {_count(new['controls'], 'indication')} of {_count(new['molecules'], 'drug')} it was not trained "
            f"on, the rule finds {new['recovered']:,}; {_naive(new)}."
        )
    return tuple(told)


def ceiling(table: pd.DataFrame, thresholds: Thresholds) -> str:
    """What a perfect model would find, in one sentence; '' where none of the indications was measured."""
    rule = table.astype(object).set_index(["group", "criterion"]).loc[(ALL, RULE)]
    if not rule["measured_controls"]:
        return ""
    return (
        f"{_count(rule['measured_controls'], 'of these indications was', 'of these indications were')} measured: "
        f"the measured values themselves meet the rule for {rule['measured_recovered']:,}, the predictions for "
        f"{rule['model_recovered']:,}. Even a perfect model cannot find indications whose drugs do not reach "
        f"ln(IC50) below {_minus(thresholds.sensitive_below)} in {_needed(thresholds)} of a type's lines."
    )


def why_not(count: int, n_lines: int, median: float, measured: bool | None, thresholds: Thresholds) -> str:
    """Why the rule does not find an indication that is approved, in a few words.

    count: predicted sensitive lines of n_lines; median: predicted ln(IC50), uM; measured: whether the measured values
    meet the rule, None where too few lines were measured to say.
    """
    below = _minus(thresholds.sensitive_below)
    found = f"{count:,} of {_count(n_lines, 'line')} below {below}" if count else f"no line below {below}"
    told = f"{found} (median {_minus(round(median, 2))})"
    if measured is None:
        return told
    return f"{told}, {'though measured values meet the rule' if measured else 'nor do measured values meet the rule'}"


def _needed(thresholds: Thresholds) -> str:
    return f"{'more than' if thresholds.more_than else 'at least'} {100 * thresholds.type_share:.3g} %"


def _ranking(row: pd.Series) -> list[str]:
    if not row["comparisons"] or not np.isfinite(row["predicted"]):
        return []
    beside = f"; {row['fixed']:.2f} if types came in one order for all drugs" if np.isfinite(row["fixed"]) else ""
    told = (
        f"Within a drug an approved type is predicted as more selective than another with probability "
        f"{row['predicted']:.2f} ({_count(int(row['comparisons']), 'comparison')}; chance: 0.50{beside})."
    )
    if not row["measured_comparisons"] or not np.isfinite(row["measured"]):
        return [told]
    return [
        told,
        f"Where the drug was measured ({_count(int(row['measured_comparisons']), 'comparison')}) measured values give "
        f"{row['measured']:.2f} and predictions {row['predicted_where_measured']:.2f}.",
    ]


def _naive(row: pd.Series) -> str:
    """What chance and the fixed ranking find in place of row's criterion."""
    chance = f"chance would find {row['expected']:.1f} with as many types of each drug (p = {row['p_chance']:.2g})"
    if pd.isna(row["naive"]):
        return chance
    return f"{chance}, the types most sensitive to all measured drugs {row['naive']:,}"


def _percent(row: pd.Series) -> str:
    return f"{row['recovered'] / row['controls']:.0%}".replace("%", " %")


def _minus(number: float) -> str:
    return f"{number:g}".replace("-", "−")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
