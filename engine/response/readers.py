"""Reads cell-line and drug tables: small files that are read whole. Mutations and responses: streams.py."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from engine.chem.molecule import canonical_smiles, inchikey, parent, parse_smiles, weight_g_mol
from engine.errors import MoleculeError
from engine.files.receipt import Receipt
from engine.files.tables import EXTRA, Table, chunks, open_table
from engine.response.formats import Match, recognise, refusal
from engine.response.lines import whole_numbers

LINE_COLUMNS = (
    "name", "cancer_type", "tissue", "tissue_detail", "msi", "growth", "depmap_id", "sanger_id", "ccle_name",
)  # fmt: skip
NO_STRUCTURE = "no structure"
UNREADABLE = "SMILES cannot be read, kept without structure"
DESALTED = "salt or mixture, largest fragment kept"
# "UNABLE TO CLASSIFY" is GDSC's word for a line that fits no TCGA label: it is not a type.
NOT_A_TYPE = frozenset({"UNABLE TO CLASSIFY", "UNCLASSIFIED", "UNKNOWN", "OTHER"})
# GDSC itself spells this one in two ways.
SAME_TYPE = {"COAD/READ": "COAD_READ", "COREAD": "COAD_READ"}

Progress = Callable[[float, int], None]  # fraction of the file's bytes, rows read so far


@dataclass(frozen=True)
class Reading:
    """What a file gave: rows for one table of the store (without source_id) and what became of every row."""

    frame: pd.DataFrame
    receipt: Receipt
    format: str


@dataclass(frozen=True)
class Opened:
    """A file whose format is known."""

    table: Table
    match: Match
    on_progress: Progress | None = field(default=None, repr=False)

    def read(self, receipt: Receipt) -> Iterator[pd.DataFrame]:
        """Chunks with our column names and `row`; counts what was read."""
        names = {place: name for name, place in self.match.columns.items()}
        fraction = [0.0]
        for chunk in chunks(self.table, list(names), lambda done: fraction.__setitem__(0, done)):
            receipt.read += len(chunk)
            if self.on_progress:
                self.on_progress(fraction[0], receipt.read)
            rows = receipt.drop(chunk.rename(columns=names), chunk[EXTRA].notna(), "more values than columns")
            yield rows.drop(columns=EXTRA)


def open_as(path: Path, kind: str, name: str = "", on_progress: Progress | None = None) -> Opened:
    """Opens a file as one of the formats of `kind`. Raises InputError: not a table, or which columns are missing."""
    table = open_table(path, name, lambda header: recognise(header, kind) is not None)
    match = recognise(table.header, kind)
    if match is None:
        raise refusal(table.header, kind, table.name)
    return Opened(table, match, on_progress)


def _whole(opened: Opened, receipt: Receipt, columns: tuple[str, ...]) -> pd.DataFrame:
    """All rows, stripped, with every column of ours."""
    frame = pd.concat(list(opened.read(receipt)), ignore_index=True)
    texts = {name: frame[name].str.strip() if name in frame else pd.Series(None, frame.index, str) for name in columns}
    return pd.DataFrame({**texts, "row": frame["row"]})


def cancer_type(label: object) -> str | None:
    """A TCGA label, None where it says that the line has none."""
    text = "" if pd.isna(label) else str(label).strip()
    return None if not text or text.upper() in NOT_A_TYPE else SAME_TYPE.get(text.upper(), text)


def read_cell_lines(path: Path, name: str = "", on_progress: Progress | None = None) -> Reading:
    """A cell-line table: GDSC's details, DepMap's Model, the Passports' list, or one with our names.

    Returns cosmic_id and LINE_COLUMNS, one row per line. Raises InputError.
    """
    opened, receipt = open_as(path, "cell-lines", name, on_progress), Receipt()
    frame = _whole(opened, receipt, ("cosmic_id", *LINE_COLUMNS))
    show = ("cosmic_id", "name")
    frame["number"] = whole_numbers(frame["cosmic_id"])
    frame = receipt.drop(frame, frame["number"].isna(), "no COSMIC id", show)
    frame = receipt.drop(frame, frame["name"].isna(), "name missing", show)
    frame = receipt.drop(frame, frame.duplicated("number"), "duplicate", show)
    types = frame["cancer_type"].map(cancer_type)
    receipt.flag(frame, types.isna(), "no cancer type", show)
    lines = frame[list(LINE_COLUMNS)].assign(cancer_type=types.astype("str"))
    # DepMap's ModelID and the Passports' model_id are one name by our rules and told apart by what they hold.
    for column, prefix in (("depmap_id", "ACH-"), ("sanger_id", "SIDM")):
        lines[column] = lines[column].where(lines[column].str.startswith(prefix, na=False))
    lines.insert(0, "cosmic_id", frame["number"].astype("int64"))
    return Reading(lines.reset_index(drop=True), receipt, opened.match.format.name)


def _structure(
    row: pd.Series, receipt: Receipt, places: dict[str, list[int]], place: int
) -> tuple[str | None, str | None, float | None]:
    """smiles, inchikey and weight of a drug's parent structure; (None, None, None) where there is none.

    Fingerprints must not hold bits of a counter-ion, which no cell sees and of which one drug's two salts differ:
    `smiles_parent` comes first, and of any structure only the largest fragment is kept.
    """
    where = f"row {row['row']} ({row['name']})"
    given = [text for text in (row["smiles_parent"], row["smiles"]) if not pd.isna(text)]
    if not given:
        places[NO_STRUCTURE].append(place)
        return None, None, None
    for text in given:
        try:
            whole = parse_smiles(text, where)
        except MoleculeError as error:
            receipt.notes.append(str(error))
            continue
        molecule = parent(whole)
        if molecule.GetNumAtoms() < whole.GetNumAtoms():
            places[DESALTED].append(place)
        key = row["inchikey"] if not pd.isna(row["inchikey"]) else inchikey(molecule) or None
        return canonical_smiles(molecule), key, weight_g_mol(molecule)
    places[UNREADABLE].append(place)
    return None, None, None


def read_drugs(path: Path, name: str = "", on_progress: Progress | None = None) -> Reading:
    """A drug table with or without structures.

    Returns drug_id, name, target, pathway, smiles (parent structure), inchikey, pubchem_cid, weight_g_mol, note.
    A drug without a readable structure stays, so that its responses can be seen, and is flagged; curation leaves it
    out of training. Raises InputError.
    """
    opened, receipt = open_as(path, "drugs", name, on_progress), Receipt()
    texts = ("drug_id", "name", "target", "pathway", "smiles_parent", "smiles", "inchikey", "pubchem_cid", "note")
    frame = _whole(opened, receipt, texts)
    show = ("drug_id", "name")
    frame["number"] = whole_numbers(frame["drug_id"])
    frame = receipt.drop(frame, frame["number"].isna(), "no drug id", show)
    frame = receipt.drop(frame, frame["name"].isna(), "name missing", show)
    frame = receipt.drop(frame, frame.duplicated("number"), "duplicate", show).reset_index(drop=True)
    places: dict[str, list[int]] = {reason: [] for reason in (NO_STRUCTURE, UNREADABLE, DESALTED)}
    found = [_structure(row, receipt, places, place) for place, (_, row) in enumerate(frame.iterrows())]
    for reason, odd in places.items():
        receipt.flag(frame, pd.Series(frame.index.isin(odd), frame.index), reason, show)
    structures = pd.DataFrame(found, columns=["smiles", "inchikey", "weight_g_mol"], index=frame.index)
    drugs = pd.DataFrame(
        {
            "drug_id": frame["number"].astype("int64"),
            "name": frame["name"],
            "target": frame["target"],
            "pathway": frame["pathway"],
            "smiles": structures["smiles"].astype("str"),
            "inchikey": structures["inchikey"].astype("str"),
            "pubchem_cid": whole_numbers(frame["pubchem_cid"]),
            "weight_g_mol": structures["weight_g_mol"].astype(float),
            "note": frame["note"],
        }
    )
    return Reading(drugs, receipt, opened.match.format.name)
