"""Entries of a library -> its rows: standardised, with class and cancer types; what is left out is in the receipt."""

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pandas as pd
from rdkit import Chem, rdBase

from engine.chem import indications
from engine.chem.library import LIBRARY_COLUMNS, LibraryReceipt, LibrarySettings
from engine.chem.library_formats import PHASES, Entry, alternatives, places
from engine.chem.molecule import MOST_ATOMS
from engine.chem.standardise import DUPLICATE, NO_STRUCTURE, TOO_LARGE, UNREADABLE, Standard, standardise
from engine.errors import InputError
from engine.files.tables import chunks, open_table

ABOUT = ("indications", "class", "oncology", "area", "atc", "cancer_types", "mechanism", "target", *PHASES)
NOT_APPROVED = "not approved, as the file says"
NO_PHASE = "approval not told, where the file tells it of others"
EXAMPLES = 20  # rows told per reason
ODD_WEIGHT_G_MOL = 1.0  # a given weight that differs by more from the structure's is noted
_YES = frozenset({"yes", "y", "true", "1", "1.0"})
_YES_NO = _YES | {"no", "n", "false", "0", "0.0"}


def read_about(path: Path) -> dict[str, dict[str, str]]:
    """What a table says of molecules by their name: name without case -> our fields. Raises InputError."""
    table = open_table(path, fits=lambda header: {"name"} < set(places(header)))
    columns = {key: place for key, place in places(table.header).items() if key in (*ABOUT, "name")}
    if len(columns) < 2 or "name" not in columns:
        raise InputError(
            f"{table.name} says nothing of molecules by name: it needs a column `name` and one such as `indications`."
        )
    found: dict[str, dict[str, str]] = {}
    for chunk in chunks(table, list(columns.values())):
        for _, row in chunk.iterrows():
            told = {key: str(row[place]) for key, place in columns.items() if not pd.isna(row[place])}
            if called := told.pop("name", "").casefold().strip():
                found.setdefault(called, told)
    return found


class Reading:
    """What is known while a library is read."""

    def __init__(
        self,
        settings: LibrarySettings,
        receipt: LibraryReceipt,
        about: dict[str, dict[str, str]],
        tells_phase: bool = False,
    ) -> None:
        """about: as `read_about` returns it. tells_phase: as the source has it."""
        self._settings, self._receipt, self._about = settings, receipt, about
        self._tells_phase = tells_phase or any(not told.keys().isdisjoint(PHASES) for told in about.values())
        self._seen: set[int] = set()
        self._entries: list[Entry] = []
        self._examples: list[tuple[int, str, str]] = []
        self._counts: Counter[str] = Counter()
        self._no_type: Counter[str] = Counter()
        self._no_label: Counter[str] = Counter()
        self._phases: Counter[str] = Counter()
        self._no_phase: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """Entries taken since the last chunk."""
        return len(self._entries)

    def take(self, entry: Entry) -> None:
        """Remember an entry until the next chunk."""
        self._entries.append(entry)

    def chunk(self) -> Iterator[pd.DataFrame]:
        """The entries taken since the last chunk."""
        entries, self._entries = self._entries, []
        with rdBase.BlockLogs():  # the receipt says what RDKit would write to stderr
            rows = [row for entry in entries if (row := self._row(entry)) is not None]
        self._receipt.examples = pd.DataFrame(self._examples, columns=["row", "name", "reason"])
        if rows:
            yield pd.DataFrame(rows, columns=list(LIBRARY_COLUMNS))

    def finish(self) -> None:
        """Write the notes."""
        counts, notes = self._counts, self._receipt.notes
        if counts["tail"]:
            notes.append(
                f"{counts['tail']:,} SMILES end in an annotation between bars that cannot be read: it was left out."
            )
        if counts["several"]:
            notes.append(
                f"{counts['several']:,} molecules have several SMILES, separated by commas: the first that can be "
                "read was taken."
            )
        if counts["nameless"]:
            notes.append(f"{counts['nameless']:,} molecules have no name: their id, or InChIKey, stands for it.")
        if counts["weight"]:
            notes.append(
                f"{counts['weight']:,} molecules have a given weight that differs from their structure's by more than "
                f"{ODD_WEIGHT_G_MOL:g} g/mol: the structure's counts."
            )
        if counts["unknown"]:
            told = (
                "no indication and no class is told"
                if counts["unknown"] < self._receipt.kept
                else ("the file tells no indication and no class")
            )
            notes.append(f"{counts['unknown']:,} molecules are of unknown class ({told}): apart from both groups.")
        for what, found in (
            ("indications of oncology drugs name no cancer type of the table of words", self._no_type),
            ("cancer types are no TCGA labels and were left out", self._no_label),
            ("molecules are not approved and were left out (molecules of any phase can be asked for)", self._phases),
            ("phases are not understood, and their molecules were kept", self._no_phase),
        ):
            if found:
                first = ", ".join(f"{word} ({count:,})" for word, count in found.most_common(10))
                more = ", ..." if len(found) > 10 else ""
                notes.append(f"{found.total():,} {what}: {first}{more}.")

    def _row(self, entry: Entry) -> tuple[object, ...] | None:
        self._receipt.read += 1
        values = entry.values
        name = values.get("name") or values.get("id", "")
        told = self._about.get(name.casefold().strip(), {}) | {key: values[key] for key in ABOUT if key in values}
        found = entry.broken or self._unapproved(told) or self._standard(entry)
        if isinstance(found, Standard) and self._is_known(found.molecule_id):
            found = DUPLICATE
        if isinstance(found, str):
            self._drop(entry.row, name, found)
            return None
        self._receipt.kept += 1
        self._counts["nameless"] += "name" not in values
        self._counts["weight"] += _odd_weight(values.get("weight", ""), found.weight_g_mol)
        drug_class = drug_class_of(told)
        self._counts["unknown"] += drug_class == "unknown"
        return (
            found.molecule_id, name or found.molecule_id, found.smiles, found.weight_g_mol, drug_class,
            "|".join(indications.parts(told.get("indications", ""))), self._types(told, drug_class),
            told.get("mechanism", ""), told.get("target", ""),
        )  # fmt: skip

    def _unapproved(self, told: dict[str, str]) -> str:
        """The reason to leave a molecule out for what its phase is, if there is one."""
        if not (self._settings.approved_only and self._tells_phase):
            return ""
        phase, word = told.get("phase", ""), told.get("approved", "").lower()
        if not phase and not word:
            return NO_PHASE
        is_approved = word in _YES if word in _YES_NO else indications.approved(phase or word)
        if is_approved is None:
            self._no_phase[phase or word] += 1
        if is_approved is not False:
            return ""
        self._phases[phase or word] += 1
        return NOT_APPROVED

    def _standard(self, entry: Entry) -> Standard | str:
        molecule = entry.molecule
        if molecule is None:
            smiles = entry.values.get("smiles", "")
            if not smiles:
                return NO_STRUCTURE
            forms = alternatives(smiles)
            if any(len(form) > MOST_ATOMS for form in forms):
                return TOO_LARGE
            molecule = next((found for form in forms if (found := self._molecule(form)) is not None), None)
            self._counts["several"] += len(forms) > 1 and molecule is not None
        return UNREADABLE if molecule is None else standardise(molecule, self._settings)

    def _molecule(self, smiles: str) -> Chem.Mol | None:
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None and (tail := re.fullmatch(r"(\S+)\s+\|.*\|", smiles)):
            molecule = Chem.MolFromSmiles(tail[1])
            self._counts["tail"] += molecule is not None
        return molecule if molecule is not None and molecule.GetNumAtoms() else None

    def _is_known(self, molecule_id: str) -> bool:
        digest = int.from_bytes(blake2b(molecule_id.encode(), digest_size=8).digest())
        known = digest in self._seen
        self._seen.add(digest)
        return known

    def _drop(self, row: int, name: str, reason: str) -> None:
        count = self._receipt.dropped.get(reason, 0)
        self._receipt.dropped[reason] = count + 1
        if count < EXAMPLES:
            self._examples.append((row, name, reason))

    def _types(self, told: dict[str, str], drug_class: str) -> str:
        """Approved cancer types, those that the file gives itself before those that its indications name."""
        if given := told.get("cancer_types", ""):
            known, unknown = indications.labels(given)
            self._no_label.update(unknown)
            return "|".join(known)
        types: set[str] = set()
        for part in indications.parts(told.get("indications", "")):
            meaning = indications.meaning(part)
            types |= set(meaning.types)
            if drug_class == "oncology" and not meaning.types:
                self._no_type[part] += 1
        return "|".join(sorted(types))


def drug_class_of(told: dict[str, str]) -> str:
    """One of DRUG_CLASSES by what a file says: its class, its area, its ATC codes, else its indications.

    ATC codes L01 (antineoplastic agents) and L02 (endocrine therapy) are oncology, others not.
    """
    if (word := told.get("oncology", "").lower()) in _YES_NO:
        return "oncology" if word in _YES else "non-oncology"
    for key in ("oncology", "class", "area"):
        word = told.get(key, "").lower()
        if re.search(r"\bnon[- ]?(oncology|cancer)", word):
            return "non-oncology"
        if re.search(r"oncolog|malignan|antineoplastic|\bcancer", word):
            return "oncology"
        if key == "area" and word and word != "unknown":
            return "non-oncology"
    codes = re.findall(r"\b([A-Z]\d\d)(?:[A-Z]{1,2}\d{0,2})?\b", told.get("atc", "").upper())
    if codes:
        return "oncology" if {"L01", "L02"} & set(codes) else "non-oncology"
    known = [indications.meaning(part) for part in indications.parts(told.get("indications", ""))]
    if not known:
        return "unknown"
    return "oncology" if any(one.cancer for one in known) else "non-oncology"


def _odd_weight(given: str, weight_g_mol: float) -> bool:
    try:
        return abs(float(given) - weight_g_mol) > ODD_WEIGHT_G_MOL
    except ValueError:
        return False
