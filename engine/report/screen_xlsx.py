"""A screen's report as a workbook: every table in full, text that starts a formula stays text."""

from io import BytesIO

import pandas as pd

from engine.figures.combination_words import addition_words, combination_table, unmatched_words
from engine.figures.review import changes_table
from engine.figures.screens import measure_name, modality_name
from engine.jobs.spec import versions
from engine.report.screen import RESEARCH_ONLY, SIMULATED, TITLE, Readout, ScreenReport
from engine.report.screen_combined import combined
from engine.report.screen_counted import POOLED, counted, failed_words, gone_plates, gone_words
from engine.report.screen_words import MISSING, moment, scoring_words, signed, status_note, status_words
from engine.spheroid.combinations import Combinations
from engine.spheroid.review_types import ACTIONS, READOUTS
from engine.spreadsheet import writable_frame

WIDEST, NARROWEST = 60, 9  # characters of a column
SCORES = {
    "drug": "Drug", "addon": "Addition", "replicate": "Replicate", "dss_asym": "DSS", "dss_lower": "DSS, lower 95 %",
    "dss_upper": "DSS, upper 95 %", "hit": "Hit", "ic50_nm": "IC50, nM", "ic25_nm": "IC25, nM", "ic75_nm": "IC75, nM",
    "rel_ic50_nm": "Relative IC50, nM", "imax": "Highest effect, %", "imin": "Lowest effect, %",
    "dss_asym_adjusted": "DSS x goodness of fit", "dss1": "DSS1", "dss2": "DSS2", "dss3": "DSS3", "sdss": "sDSS",
    "zdss": "zDSS", "rdss": "rDSS", "dcdss": "dcDSS", "n_wells": "Wells",
    "of_wells": "Wells in the layout", "counting": "Replicates that count", "gof": "Goodness of fit",
    "p_value": "p against a flat line", "reason": "Without a score", "expected": "Expected", "group_name": "Class",
}  # fmt: skip
CURVES = {
    "readout": "Readout", "drug": "Drug", "addon": "Addition", "replicate": "Replicate", "n_parameters": "Parameters",
    "bottom": "Bottom, fraction", "top": "Top, fraction", "xmid": "Middle, log10 nM", "slope": "Slope, 1/log10 nM",
    "asymmetry": "Asymmetry", "x_min": "Lowest dose, log10 nM", "x_max": "Highest dose, log10 nM", "loss": "Loss",
    "gof": "Goodness of fit", "p_value": "p against a flat line", "reason": "Why there is no fit",
}  # fmt: skip
WELLS = {
    "readout": "Readout", "plate": "Plate", "row": "Row", "column": "Column", "well_type": "Well type",
    "treatment": "Treatment", "conc_nm": "Concentration, nM", "replicate": "Replicate", "addon": "Addition",
    "addon_nm": "Addition, nM", "raw": "Raw", "percent": "Viability, %", "percent_imported": "Viability as imported, %",
    "left_out": "Left out", "why": "Left out because",
}  # fmt: skip


PAIRS = {
    "drug": "Drug", "other": "With", "dss": "DSS of the drug", "other_dss": "DSS of the other",
    "distance": "Distance of their looks", "share": "Pairs that look more alike, fraction", "status": "Status",
    "dcdss": "dcDSS", "reason": "Why",
}  # fmt: skip
NETWORKS = {
    "readout": "Readout", "run_id": "Run", "created_at": "Trained (UTC)", "backbone": "Network", "preset": "Preset",
    "weights": "Began with", "seed": "Seed", "data_hash": "Data (SHA-256)",
}  # fmt: skip


def screen_xlsx(report: ScreenReport) -> bytes:
    """The whole report as one XLSX file."""
    every = combined(report)
    sheets = {"About": _about(report, every)}
    for one in report.scored:
        sheets[f"Scores {one.words.replace(',', '')}"] = _scores(report, one)
    sheets |= {
        "Curves": _curves(report),
        "Wells": _wells(report),
        "Quality": _quality(report),
        "Decisions": _decisions(report),
        "Effect of exclusions": _changes(report),
        "Combinations": _combinations(every),
        "Complementary pairs": _named(report.pairs, PAIRS),
        "Networks": _named(report.runs.assign(readout=report.runs["modality"].map(modality_name)), NETWORKS),
    }
    buffer = BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            if len(frame) or name in ("Curves", "Decisions", "Quality"):
                _write(writer, name, frame)
    return buffer.getvalue()


def _write(writer: pd.ExcelWriter, name: str, frame: pd.DataFrame) -> None:
    safe = writable_frame(frame)
    safe.to_excel(writer, index=False, sheet_name=name, freeze_panes=(1, 1))
    sheet = writer.sheets[name]
    if len(safe):
        sheet.auto_filter.ref = sheet.dimensions
    for place, column in enumerate(safe.columns, 1):
        values = safe[column]
        longest = max([len(str(column)), *(len(str(one)) for one in values.head(200) if isinstance(one, str))])
        sheet.column_dimensions[sheet.cell(1, place).column_letter].width = min(max(longest + 2, NARROWEST), WIDEST)
        if pd.api.types.is_numeric_dtype(values.dtype):
            continue
        for (cell,) in sheet.iter_rows(min_row=1, min_col=place, max_col=place):
            if cell.data_type == "f":  # also when somebody edits the cell
                cell.data_type = "s"
                cell.quotePrefix = True


def _combinations(every: dict[str, Combinations]) -> pd.DataFrame:
    parts = [combination_table(one.rows).assign(Readout=name) for name, one in every.items() if len(one.rows)]
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts, ignore_index=True).dropna(axis=1, how="all")
    return rows[["Readout", *rows.columns.drop("Readout")]]


def _combined_words(found: Combinations) -> str:
    """Where they are, what every addition does alone, and what is missing."""
    return " ".join(
        ["In a sheet of their own." if len(found.rows) else "None.", *addition_words(found), *found.notes,
         *unmatched_words(found)]
    )  # fmt: skip


def _about(report: ScreenReport, every: dict[str, Combinations]) -> pd.DataFrame:
    row, source = report.row, report.source
    told = {
        "Report": TITLE,
        "Screen": report.screen,
        "Use": RESEARCH_ONLY,
        "Data": SIMULATED if report.simulated else "measured",
        "Status": status_words(report),
        "About the status": status_note(report),
        "Plates that fail": failed_words(report) or "none by any scored readout",
        "Seal now (SHA-256)": report.state_hash,
        "Seal signed (SHA-256)": report.state.signed.state_hash if signed(report) and report.state.signed else "",
        "Written": moment(report.made_at),
        "Sample": row["sample"],
        "Diagnosis": row["entity"],
        "Screened on": f"{pd.Timestamp(row['screened_on']):%Y-%m-%d}" if pd.notna(row["screened_on"]) else "",
        "Plates": int(row["n_plates"]),
        "Wells of a plate": int(row["n_wells"]),
        "Replicates": len(report.replicates),
        "Readouts": ", ".join(one.name for one in report.readouts),
        "Drugs are ranked by": report.main.name if report.main else "not scored",
        "Imported": moment(source.get("imported_at")),
        "Origin": source.get("origin"),
        "Licence": source.get("licence"),
        "Data (SHA-256)": source.get("sha256"),
        "Expected hits": ", ".join(report.expected.drugs),
        "Complementary pairs": report.pairs_note or "in a sheet of their own",
        **{f"Combinations by {modality}": _combined_words(found) for modality, found in every.items()},
        **{f"Scored by {one.words}": words for one in report.scored if (words := scoring_words(one))},
        **{f"Version of {name}": version for name, version in versions().items()},
    }  # fmt: skip
    values = [one if isinstance(one, int) else "" if one is None or pd.isna(one) else str(one) for one in told.values()]
    return pd.DataFrame({"What": list(told), "Value": pd.Series(values, dtype=object)})


def _scores(report: ScreenReport, readout: Readout) -> pd.DataFrame:
    keys = ["drug", "addon", "replicate"]
    rows = readout.scores.merge(readout.curves[[*keys, "gof", "p_value", "reason"]], on=keys, how="left")
    classes = report.classes.drop_duplicates("drug")[["drug", "group_name"]]
    rows = rows.merge(classes, on="drug", how="left")
    rows["expected"] = rows["drug"].isin(report.expected.drugs).map({True: "expected", False: ""})
    rows["hit"] = rows["hit"].map({True: "yes", False: "no"})
    pooled, wells = rows["replicate"] == POOLED, counted(readout)
    rests = [
        wells.get((drug, addon)) if one else None
        for drug, addon, one in zip(rows["drug"], rows["addon"], pooled, strict=True)
    ]
    rows["of_wells"] = pd.array([one.known if one else None for one in rests], dtype="Int64")
    rows["counting"] = [", ".join(map(str, one.replicates)) or "none" if one else "" for one in rests]
    rows = rows.assign(_rest=~pooled).sort_values(
        ["_rest", "dss_asym", "drug"], ascending=[True, False, True], na_position="last", kind="stable"
    )
    return _named(rows, SCORES)


def _curves(report: ScreenReport) -> pd.DataFrame:
    parts = [one.curves.assign(readout=one.name) for one in report.scored]
    return _named(pd.concat(parts, ignore_index=True), CURVES) if parts else pd.DataFrame(columns=list(CURVES.values()))


def _wells(report: ScreenReport) -> pd.DataFrame:
    """Every well that is filled or was read, by every readout."""
    reasons = {one.entry: f"{one.reason} ({one.reviewer})" for one in report.state.entries}
    parts = []
    for one in report.readouts:
        values = one.values
        mine = values[(values["well_type"] != "empty") | values["raw_imported"].notna()]
        parts.append(mine.assign(readout=one.name, why=[reasons.get(number, "") for number in mine["entry"]]))
    rows = pd.concat(parts, ignore_index=True)
    rows["left_out"] = rows["left_out"].map({True: "left out", False: ""})
    return _named(rows, WELLS)


def _quality(report: ScreenReport) -> pd.DataFrame:
    rows = report.quality
    gone = {
        (plate, one.modality): entry for one in report.readouts for plate, entry in gone_plates(report, one).items()
    }
    keys = list(zip(rows["plate"], rows["modality"], strict=True))
    return pd.DataFrame(
        {
            "Plate": rows["plate"].where(rows["plate"] != "", "whole screen"),
            "Readout": rows["modality"].map(modality_name),
            "Measure": rows["measure"].map(measure_name),
            "Value": rows["value"],
            "Verdict": ["left out" if key in gone else told for key, told in zip(keys, rows["verdict"], strict=True)],
            "Reason": [
                gone_words(gone[key]) if key in gone else told for key, told in zip(keys, rows["reason"], strict=True)
            ],
        }
    )


def _decisions(report: ScreenReport) -> pd.DataFrame:
    force = {entry.entry for entry in report.state.excluded}
    rows = [
        {
            "No.": one.entry, "When (UTC)": moment(one.at).removesuffix(" UTC"), "Who": one.reviewer,
            "Decision": ACTIONS[one.action], "What": one.target.name or "whole screen",
            "Readouts": READOUTS[one.readout] if one.target.kind else MISSING, "Reason": one.reason,
            "In force": "yes" if one.entry in force else "", "Seal": one.state_hash, "Hash": one.hash,
        }
        for one in report.state.entries
    ]  # fmt: skip
    columns = ["No.", "When (UTC)", "Who", "Decision", "What", "Readouts", "Reason", "In force", "Seal", "Hash"]
    return pd.DataFrame(rows, columns=columns)


def _changes(report: ScreenReport) -> pd.DataFrame:
    parts = [one.changes for one in report.scored if len(one.changes)]
    return changes_table(pd.concat(parts, ignore_index=True)) if parts else pd.DataFrame()


def _named(rows: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """The columns that are there, under their names on screen; those that are empty throughout are left out."""
    there = [name for name in columns if name in rows and (rows[name].notna().any() or name == "reason")]
    return rows[there].rename(columns=columns)
