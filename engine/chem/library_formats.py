"""Any file of molecules -> its entries one by one: tables, SMILES lists and SD files, plain or packed.

Columns are found by their names without case, blanks and punctuation. Sources of the names: the Drug Repurposing Hub
(repo-hub.broadinstitute.org), ChEMBL and DrugBank downloads, PubChem and ZINC SD files.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from rdkit import Chem, rdBase

from engine.chem import indications
from engine.chem.molecule import MOST_ATOMS
from engine.errors import InputError
from engine.files.raw_file import Wanted, packed, text_lines
from engine.files.tables import EXTRA, Table, chunks, open_table, squeeze

CHUNK_ROWS = 5_000
LOOK_ROWS = 50  # by which a column of SMILES without a known name is found
LOOK_LINES = 5_000  # of an SD file, by which it is found whether it tells phases
RECORD_LINES = 100_000  # of an SD file that are kept; what has no end marks must not fill the memory
SHORTEST_SMILES = 6  # characters, of what is taken for SMILES by its content: "CNS" is a word too
CURE = "Give molecules as CSV, TSV, SMI, SDF or XLSX; .gz and .zip are fine."
RUN_TOGETHER = "several structures in one record (an end mark $$$$ is missing)"
LIBRARY = Wanted("a list of molecules", CURE)

# Our field -> the squeezed names of its column, the preferred one first.
FIELDS: dict[str, tuple[str, ...]] = {
    "smiles": (
        "smiles", "canonicalsmiles", "isomericsmiles", "structure", "smilesstring", "structuresmiles", "cansmiles",
        "moleculesmiles", "compoundsmiles", "drugsmiles", "cxsmiles", "rdkitsmiles", "smilesparent", "ligandsmiles",
        "pubchemopeneyeisosmiles", "pubchemsmiles", "openeyeisosmiles", "pubchemopeneyecansmiles",
    ),
    "name": (
        "name", "pertiname", "drugname", "genericname", "title", "moleculename", "compoundname", "commonname",
        "preferredname", "prefname", "substancename", "inn", "drug", "compound", "molecule", "substance", "productname",
        "chemicalname", "pubchemiupactraditionalname",
    ),
    "id": (
        "chemblid", "moleculechemblid", "drugbankid", "databaseid", "broadid", "zincid", "compoundid", "moleculeid",
        "catalognumber", "cas", "casnumber", "pubchemcid", "pubchemcompoundcid", "cid", "id", "brdid",
    ),
    "indications": (
        "indications", "indication", "disease", "diseases", "approvedindications", "therapeuticindication",
        "therapeuticindications", "condition", "conditions", "indicationname",
        "meshheading", "efoterm",
    ),
    "class": ("drugclass", "areaclass", "class", "therapeuticclass"),
    "oncology": ("oncology", "isoncology", "oncologydrug", "cancerdrug", "iscancerdrug", "anticancer"),
    "area": ("diseasearea", "therapeuticarea", "area", "diseaseareas"),
    "atc": ("atccode", "atc", "atccodes", "atcclassification", "atcclassifications", "atcclass", "drugatccodes"),
    "cancer_types": ("cancertypes", "tcgatypes", "approvedcancertypes", "tcgalabels", "cancertype"),
    "mechanism": ("mechanism", "moa", "mechanismofaction", "modeofaction", "mechanismsofaction"),
    "target": ("target", "targets", "targetname", "genetarget", "putativetarget", "targetgenes", "genetargets"),
    "phase": (
        "maxphase", "clinicalphase", "phase", "groups", "druggroups", "druggroup", "highestphase", "maxclinicalphase",
        "developmentphase", "developmentstatus", "approvalstatus", "regulatorystatus", "clinicalstatus",
    ),
    "approved": ("approved", "isapproved", "fdaapproved"),
    "weight": (
        "weight", "molecularweight", "mw", "molwt", "weightgmol", "averagemass", "fullmwt", "molweight",
        "pubchemmolecularweight", "averagemolecularweight",
    ),
}  # fmt: skip
PHASES = ("phase", "approved")  # the fields that say how far a molecule has come


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a file. values: our fields, without those that are empty. broken: why it cannot be used, if it cannot.

    row: in the file, the header included; of an SD file the number of the record, from 1.
    """

    row: int
    values: dict[str, str]
    molecule: Chem.Mol | None = None
    broken: str = ""


@dataclass
class Source:
    """A file of molecules that has been looked at. read: its entries, with the fraction of the file that was read.

    tells_phase: whether it says, of some molecules at least, how far they have come on the way to approval.
    """

    format: str
    read: Callable[[], Iterator[tuple[Entry, float]]]
    notes: list[str] = field(default_factory=list)
    tells_phase: bool = False


def open_library(path: Path, name: str = "") -> Source:
    """Looks at a file's beginning and finds out how to read it.

    name: what messages call it. Raises InputError for a file that is no list of molecules, naming the columns it has.
    """
    name = name or path.name
    start, packing = packed(path)
    ending = re.sub(r"\.(gz|zip)$", "", name.lower()).rsplit(".", 1)[-1]
    if start.startswith(b"PAR1") or ending in ("xlsx", "parquet"):
        return _table(open_table(path, name, _names_molecules))
    if packing != "zip" or ending in ("sdf", "sd", "mol", "smi", "smiles", "ism", "csv", "tsv", "txt"):
        lines = [line for line, _ in islice(text_lines(path, name, LIBRARY), 10)]
        if ending in ("sdf", "sd", "mol") or any(re.search(r"V[23]000\s*$", line) for line in lines):
            fields = [line for line, _ in islice(text_lines(path, name, LIBRARY), LOOK_LINES) if line.startswith(">")]
            names = places([_sd_field(line) for line in fields])
            return Source("SD file", lambda: _sd_file(path, name), tells_phase=not names.keys().isdisjoint(PHASES))
        first = next((line for line in lines if line.strip() and not line.startswith(("#", "!"))), "")
        if _is_smiles_list(first, ending):
            return Source("list of SMILES", lambda: _smiles_list(path, name))
    return _table(open_table(path, name, _names_molecules))


def places(header: Sequence[str]) -> dict[str, int]:
    """Our field -> its place in a header."""
    squeezed = {squeeze(column): place for place, column in reversed(list(enumerate(header))) if squeeze(column)}
    found = {
        name: next((squeezed[spelling] for spelling in spellings if spelling in squeezed), None)
        for name, spellings in FIELDS.items()
    }
    return {name: place for name, place in found.items() if place is not None}


def _names_molecules(header: Sequence[str]) -> bool:
    found = places(header)
    return "smiles" in found or len(found) > 1


def alternatives(smiles: str) -> list[str]:
    """The SMILES of a cell: several forms of one drug stand there separated by commas; those between bars belong to
    the annotation of one."""
    return [part.strip() for part in re.findall(r"(?:[^,|]|\|[^|]*\||\|)+", smiles) if part.strip()]


def looks_like_smiles(text: str) -> bool:
    """Whether a text can be read as a structure and is too long to be a word that happens to be one."""
    text = next(iter(alternatives(text)), "")
    if not SHORTEST_SMILES <= len(text) <= MOST_ATOMS or re.search(r"[^\w@+\-\[\]()=#$%/\\.:*~|,;<> ]", text):
        return False
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text.split(" ")[0])
    return molecule is not None and molecule.GetNumAtoms() > 0


def _is_smiles_list(first: str, ending: str) -> bool:
    """SMILES, a blank and a name in every line; a table with separators is read as one."""
    if any(separator in first for separator in "\t;,") and "smiles" in places(re.split(r"[\t;,]", first)):
        return False
    return ending in ("smi", "smiles", "ism") or (
        # Commas of a name behind it, as in N,N-dimethylaniline, make no table.
        looks_like_smiles(structure := first.split()[0] if first.strip() else "")
        and "," not in structure
        and ";" not in structure
    )


def _smiles_list(path: Path, name: str) -> Iterator[tuple[Entry, float]]:
    is_first = True
    for row, (line, share) in enumerate(text_lines(path, name, LIBRARY), 1):
        if not line.strip() or line.startswith(("#", "!")):
            continue
        # A CXSMILES tail stands between bars and belongs to the structure.
        cut = re.match(r"\s*(\S+(?:[ \t]+\|[^|]*\|)?)\s*(.*)", line)
        smiles, rest = (cut[1], cut[2].strip()) if cut else (line.strip(), "")
        if is_first and "smiles" in places(line.split()):
            is_first = False
            continue
        is_first = False
        yield Entry(row, _filled({"smiles": smiles, "name": rest})), share


def _table(table: Table) -> Source:
    columns = places(table.header)
    notes: list[str] = []
    if "smiles" not in columns and table.header_row and any(looks_like_smiles(cell) for cell in table.header):
        table = replace(table, header=("",) * len(table.header), header_row=table.header_row - 1)
        columns = {}
        notes.append("The file has no header: its first row was read as a molecule.")
    if "smiles" not in columns:
        place = _smiles_by_content(table)
        if place is None:
            shown = ", ".join(filter(None, table.header[:12])) or "without names"
            raise InputError(
                f"{table.name} has no column with structures (its columns: {shown}): name the one with SMILES "
                f"`smiles`. {CURE}"
            )
        columns = {key: at for key, at in columns.items() if at != place} | {"smiles": place}
        called = f"`{table.header[place]}`" if table.header[place].strip() else "which has no name"
        notes.append(f"SMILES were found by their content in column {place + 1}, {called}.")
        if "name" not in columns and not any(table.header) and len(table.header) > 1:
            columns["name"] = 1 if place == 0 else 0
    if "phase" in columns and not _tells_phase(table, columns["phase"]):
        notes.append(f"The values of column `{table.header[columns.pop('phase')]}` are no phases: it was not used.")
    kind = "workbook" if table.sheet else "Parquet table" if table.packing == "parquet" else "table"
    tells_phase = not columns.keys().isdisjoint(PHASES)
    return Source(f"{kind} of molecules", lambda: _table_entries(table, columns), notes, tells_phase)


def _tells_phase(table: Table, place: int) -> bool:
    """Whether a column with the name of one for phases holds some; `groups` may be anything."""
    texts = next(chunks(table, [place], rows=LOOK_ROWS))[place].dropna()
    return not len(texts) or any(indications.approved(str(text)) is not None for text in texts)


def _smiles_by_content(table: Table) -> int | None:
    """The column whose values are nearly all SMILES; of several the one with the longest."""
    look = next(chunks(table, range(len(table.header)), rows=LOOK_ROWS)).head(LOOK_ROWS)
    best, length = None, 0.0
    for place in range(len(table.header)):
        texts = look[place].dropna().astype(str)
        if len(texts) and texts.map(looks_like_smiles).mean() >= 0.8 and texts.str.len().mean() > length:
            best, length = place, float(texts.str.len().mean())
    return best


def _table_entries(table: Table, columns: dict[str, int]) -> Iterator[tuple[Entry, float]]:
    share = [0.0]
    breaks_before = 0  # line breaks inside quotes: they make a row longer than a line
    wanted = range(len(table.header)) if table.quoted else list(dict.fromkeys(columns.values()))

    def told(fraction: float) -> None:
        share[0] = fraction

    for chunk in chunks(table, wanted, told, CHUNK_ROWS):
        lines = chunk["row"]
        if table.quoted and len(chunk):
            breaks = sum(chunk[place].astype("str").str.count("\n").fillna(0).astype(int) for place in wanted)
            lines = lines + breaks_before + breaks.cumsum() - breaks
            breaks_before += int(breaks.sum())
        texts = [chunk[place].astype(object).where(chunk[place].notna(), None).tolist() for place in columns.values()]
        shifted = chunk[EXTRA].notna()
        for row, wide, *values in zip(lines, shifted, *texts, strict=True):
            broken = "more values than the header has columns" if wide else ""
            yield Entry(int(row), _filled(dict(zip(columns, values, strict=True))), broken=broken), share[0]


def _sd_file(path: Path, name: str) -> Iterator[tuple[Entry, float]]:
    """Records end with $$$$. They are cut here and not by RDKit, so that a broken one has a number and a name."""
    record: list[str] = []
    number, share = 0, 0.0
    for line, share in text_lines(path, name, LIBRARY):
        if line.startswith("$$$$"):
            number += 1
            yield _sd_entry(number, record), share
            record = []
        elif len(record) < RECORD_LINES:
            record.append(line)
    if any(line.strip() for line in record):
        yield _sd_entry(number + 1, record), share
    elif not number:
        raise InputError(f"{name} holds no record. {CURE}")


def _sd_entry(number: int, record: list[str]) -> Entry:
    if sum(line.startswith("M  END") for line in record) > 1:
        # RDKit would take the first, and the others would be gone without a word.
        return Entry(number, _filled({"name": record[0]}), broken=RUN_TOGETHER)
    end = next((i for i, line in enumerate(record) if line.startswith("> ") or line.startswith(">\t")), len(record))
    properties: dict[str, str] = {}
    key = ""
    for line in record[end:]:
        if line.startswith(">"):
            key = _sd_field(line)
        elif key and line.strip():
            properties[key] = f"{properties[key]}\n{line.strip()}" if key in properties else line.strip()
    columns = places(list(properties))
    texts = list(properties.values())
    values = {field_: texts[place] for field_, place in columns.items()}
    title = record[0].strip() if record else ""
    values["name"] = values.get("name") or title
    with rdBase.BlockLogs():
        try:
            molecule = Chem.MolFromMolBlock("\n".join(record[:end]) + "\n")
        except (RuntimeError, ValueError):
            molecule = None
    if molecule is None:
        return Entry(number, _filled(values), broken="the structure cannot be read")
    return Entry(number, _filled(values), molecule if molecule.GetNumAtoms() else None)


def _sd_field(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    return found[1] if found else ""


def _filled(values: Mapping[str, str | None]) -> dict[str, str]:
    return {key: text.strip() for key, text in values.items() if text and text.strip()}
