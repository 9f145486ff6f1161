"""A run beside another study: one sentence, one table, and the two measurements of each pair."""

import pandas as pd

from engine.figures.response import PAIR_TRACE, POINT_LIMIT, predicted_vs_observed
from engine.figures.template import Chart
from engine.figures.text import interval, model_name, number, plural, split_name
from engine.figures.type_words import signed
from engine.response.cluster_sums import Estimate
from engine.response.cross_study import Agreement, CrossStudy
from engine.response.settings import ENSEMBLE

MEASURES = {"r2": "R²", "rmse": "RMSE, ln µM", "pearson": "Pearson r", "spearman": "Spearman ρ"}


def cross_verdict(found: CrossStudy) -> tuple[str, str]:
    """Whether what the model adds to the naive baseline holds against the other study's measurements; the numbers."""
    who = "the ensemble" if found.model == ENSEMBLE else model_name(found.model)
    reach = [
        f"R² {number(found.agreement(found.model, against).r2.value)} against {against} (another study's measurements: "
        f"{number(found.agreement(other, against).r2.value)})"
        for against, other in ((found.dataset, found.other), (found.other, found.dataset))
    ]
    numbers = f"On {plural(found.pairs, 'pair')} that both measured, {who} reaches {' and '.join(reach)}."
    if not found.naive:
        return "This run has no naive baseline to compare with.", numbers
    naive = model_name(found.naive)
    a, b = found.gain[found.dataset], found.gain[found.other]
    beside = (
        f"Difference in R² to {naive[0].lower() + naive[1:]}: {_gain(a)} against {found.dataset}, {_gain(b)} against "
        f"{found.other}."
    )
    return _holds(a, b, who, found.other), f"{numbers} {beside}"


def _gain(found: Estimate) -> str:
    if found.lower is None or found.upper is None:
        return signed(found.value)
    return f"{signed(found.value)} (95 % {signed(found.lower)} to {signed(found.upper)})"


def _holds(a: Estimate, b: Estimate, who: str, other: str) -> str:
    adds = f"What {who} adds to the naive baseline"
    if a.lower is None or b.lower is None or b.upper is None:
        return f"{adds} cannot be told from chance: too few cell lines were measured in both studies."
    if a.lower <= 0:
        return f"{who[0].upper()}{who[1:]} does not clearly beat the naive baseline, even in its own study."
    if b.lower > 0:
        return f"{adds} holds in {other} too."
    return f"{adds} does not {'clearly ' if b.upper > 0 else ''}hold in {other}."


def agreement_table(found: CrossStudy) -> pd.DataFrame:
    """One row per series and measurement: the other study first, because no model can be asked for more."""
    return pd.DataFrame([_row(found, agreement) for agreement in found.agreements])


def _row(found: CrossStudy, agreement: Agreement) -> dict[str, object]:
    measured = agreement.series in (found.dataset, found.other)
    naive = " (naive)" if agreement.series == found.naive else ""
    row: dict[str, object] = {
        "Prediction": f"{agreement.series}, measured" if measured else f"{model_name(agreement.series)}{naive}",
        "Against": agreement.against,
    }
    for name, label in MEASURES.items():
        one: Estimate = getattr(agreement, name)
        row[label] = float("nan") if one.value is None else one.value
        row[f"{label}: 95 % interval"] = interval(one.lower, one.upper)
    shift = agreement.shift
    row["Mean difference, ln µM"] = float("nan") if shift.value is None else shift.value
    row["Mean difference: 95 % interval"] = interval(shift.lower, shift.upper)
    return row


def measured_chart(pairs: pd.DataFrame, found: CrossStudy, dark: bool = False) -> Chart:
    """Every common pair as the two studies measured it, with the identity line.

    pairs: not empty, as `cross_study.measured_twice` gives them.
    """
    named = pairs.rename(columns={"a": "observed", "b": "predicted"})
    chart = predicted_vs_observed(named, "", dark)
    figure = chart.figure
    figure.update_xaxes(title_text=f"{found.dataset}: ln(IC50), µM").update_yaxes(
        title_text=f"{found.other}: ln(IC50), µM"
    )
    template = figure.data[PAIR_TRACE].hovertemplate
    figure.data[PAIR_TRACE].hovertemplate = template.replace("observed", found.dataset).replace(
        "predicted", found.other
    )
    figure.update_layout(dragmode="zoom")
    own = found.agreement(found.other, found.dataset)
    simulated = ", simulated" if found.simulated else ""
    binned = " Density: too many pairs for points." if len(pairs) > POINT_LIMIT else ""
    return Chart(
        figure=figure,
        question="Do the two studies measure the same?",
        caption=f"{plural(found.pairs, 'held-out pair')} of {plural(found.lines, 'line')} and "
        f"{plural(found.drugs, 'drug')}, {split_name(found.split)}{simulated}. Line: identity.{binned}",
        summary=f"{found.other} against {found.dataset}: R² {number(own.r2.value)}, Pearson r "
        f"{number(own.pearson.value)}, RMSE {number(own.rmse.value)} ln µM on {plural(found.pairs, 'pair')}.",
        table=_pairs_table(pairs, found),
    )


def _pairs_table(pairs: pd.DataFrame, found: CrossStudy) -> pd.DataFrame:
    table = pairs.assign(difference=pairs["b"] - pairs["a"])
    table = table.loc[table["difference"].abs().sort_values(ascending=False, kind="stable").index]
    return table.rename(
        columns={
            "drug": "Drug",
            "line": "Cell line",
            "cancer_type": "Cancer type",
            "pathway": "Target pathway",
            "a": f"{found.dataset} ln(IC50), µM",
            "b": f"{found.other} ln(IC50), µM",
            "difference": f"{found.other} − {found.dataset}, ln µM",
        }
    )[
        ["Drug", "Cell line", "Cancer type", "Target pathway", f"{found.dataset} ln(IC50), µM",
         f"{found.other} ln(IC50), µM", f"{found.other} − {found.dataset}, ln µM"]
    ]  # fmt: skip
