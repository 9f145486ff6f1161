"""Coordinates -> gene and protein change: by known hotspots, by the training table, else by a gene model.

Nothing is guessed: a row that none of them can tell gets a problem that says what is missing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from engine.fetch.releases import downloads_folder
from engine.patient.build import contradicting
from engine.patient.coordinates import (
    beyond_the_end,
    chromosome_lengths,
    known_positions,
    minimal_alleles,
    needs_coordinates,
    plain_chromosomes,
)
from engine.patient.gene_model import (
    Annotation,
    AnnotationError,
    Annotator,
    GeneModel,
    load_gene_model,
    model_is_there,
)
from engine.patient.lift import LiftError, Place, load_chain
from engine.patient.residues import residues_of
from engine.patient.types import BuildVerdict
from engine.response.variants import maf_class

CHAIN_FILE = "GRCh38_to_GRCh37.chain.gz"
NEEDS_CHAIN = (
    "Its coordinate is of GRCh38 and needs the liftover chain, and away from known positions a gene model: fetch both "
    "(on the command line `python -m engine fetch liftover` and `python -m engine fetch gene-model`)"
)
NEEDS_MODEL = (
    "It has a coordinate only, which needs a gene model: fetch it (on the command line "
    "`python -m engine fetch gene-model`)"
)
_FIELD = {"GRCh37": "start_grch37", "GRCh38": "start_grch38"}
_SUBSTITUTION, _SHIFT, _OTHER = "substitution", "frame shift", "other"
_PLACE = ["chromosome", "position"]
_ALLELES = [*_PLACE, "reference", "alternate"]
_TOLD = ["gene", "protein_change", "classification"]


class Resources(NamedTuple):
    """What helps with coordinates. chain: GRCh38 -> GRCh37; gene_model: of GRCh37. None where it was not fetched."""

    chain: Path | None
    gene_model: GeneModel | None


def resources() -> Resources:
    """What `fetch` put into the downloads folder; the gene model is loaded once.

    Raises InputError where a fetched file is damaged.
    """
    chain = downloads_folder() / "liftover" / CHAIN_FILE
    model = downloads_folder() / "gene-model"
    return Resources(chain if chain.is_file() else None, load_gene_model(model) if model_is_there(model) else None)


def locate(rows: pd.DataFrame, verdict: BuildVerdict, known: pd.DataFrame, found: Resources) -> pd.DataFrame:
    """`rows` with gene, protein_change and classification filled in where only the coordinate tells them.

    rows: ROW_COLUMNS. verdict: which build they are in. known: the store's mutations (Knowledge.known). A row that
    cannot be told gets a `problem`; the new column `note` says how a row was found, empty for rows left alone.
    Raises InputError where the chain file or the gene model is damaged.
    """
    located = rows.assign(note="")
    wanted = needs_coordinates(rows)
    if not wanted.any():
        return located
    if verdict.refused or not verdict.build:
        located.loc[wanted, "problem"] = verdict.sentence
        return located
    search = _Search(rows[wanted], verdict.build, known)
    search.refuse_impossible()
    search.refuse_places(contradicting(rows, known, verdict.build) if verdict.checked else None)
    search.by_alleles(_hotspots(verdict.build), "by its coordinate, that of a known hotspot")
    search.by_alleles(_table(known, _FIELD[verdict.build]), "by its coordinate in the training table")
    if verdict.build == "GRCh38":
        search.lift(found.chain)
        search.by_alleles(_table(known, _FIELD["GRCh37"]), "by its coordinate in the training table")
    # A frame shift is named after one residue or another of a run of equal bases: as the table names it comes first.
    search.by_position(_table(known, _FIELD["GRCh37"]), _SHIFT)
    if found.gene_model is not None:
        search.by_gene_model(found.gene_model)
    search.by_position(_table(known, _FIELD["GRCh37"]), _SUBSTITUTION)
    search.refuse_rest(NEEDS_MODEL)
    for name in (*_TOLD, "problem", "note"):
        located.loc[wanted, name] = search.rows[name]
    return located


class _Search:
    """The rows that are looked for; what is found or refused is not looked for again."""

    def __init__(self, rows: pd.DataFrame, build: str, known: pd.DataFrame) -> None:
        self.rows = rows[_TOLD].assign(problem="", note="")
        bases = minimal_alleles(rows["position"], rows["reference"], rows["alternate"])
        self._places = bases.assign(chromosome=plain_chromosomes(rows["chromosome"]))[_ALLELES]
        self._places["position"] = self._places["position"].astype("Int64")
        self._open = pd.Series(True, index=rows.index)
        self._lifted = ""
        self._build = build
        self._known = known

    def refuse_impossible(self) -> None:
        """Rows whose chromosome, position or bases cannot be."""
        places = self._places
        real = places["chromosome"].isin(chromosome_lengths().index)
        self._refuse(~real, "Its chromosome is none of 1 to 22, X, Y and MT")
        beyond = beyond_the_end(places["chromosome"], places["position"], self._build)
        self._refuse(beyond, f"Its position lies beyond the end of the chromosome in {self._build}")
        bases = places["reference"].str.fullmatch("[ACGT]*") & places["alternate"].str.fullmatch("[ACGT]*")
        self._refuse(~bases, "Its alleles are not written as bases (A, C, G, T)")
        same = places["reference"].eq(places["alternate"]) & places["reference"].ne("")
        self._refuse(same, "Its two alleles are the same")
        column = f"position_{self._build.lower()}"
        there = known_positions().drop_duplicates(["chromosome", column])
        expected = dict(zip(zip(there["chromosome"], there[column], strict=True), there["reference"], strict=True))
        known = [expected.get(place, "") for place in zip(places["chromosome"], places["position"], strict=True)]
        other = places["reference"].ne("") & pd.Series(known, places.index, dtype="str").ne("")
        other &= places["reference"].str[:1].ne(pd.Series(known, places.index, dtype="str"))
        self._refuse(other, f"Its reference base is not the one that {self._build} has there")

    def refuse_places(self, against: pd.DataFrame | None) -> None:
        """Rows at places that speak against the build."""
        if against is None or against.empty:
            return
        told = set(zip(against["chromosome"], against["position"], strict=True))
        here = [place in told for place in zip(self._places["chromosome"], self._places["position"], strict=True)]
        said = f"Its coordinate contradicts {self._build}, in which the other checked positions are"
        self._refuse(pd.Series(here, self._places.index), said)

    def by_alleles(self, table: pd.DataFrame, note: str) -> None:
        """Rows whose place and bases stand in a table of _ALLELES and _TOLD, where all entries of it agree."""
        written = table[table["reference"].ne("") | table["alternate"].ne("")]
        self._fill(_agreed(written, _ALLELES), self._places, note)

    def by_position(self, table: pd.DataFrame, kind: str) -> None:
        """Rows of a kind at a position that the table has without bases: the residue, where all its changes agree."""
        parts = table["protein_change"].str.extract(r"^p\.([A-Z*])(\d+)(?:([A-Z*])$|[A-Z]?fs)")
        shift = parts[2].isna()
        table = table.assign(
            kind=shift.map({True: _SHIFT, False: _SUBSTITUTION}),
            # The table tells what some base at this place leads to, perhaps not the base of this row.
            protein_change="p." + parts[0] + parts[1] + shift.map({True: "fs", False: "?"}),
        )
        bare = table["reference"].eq("") & table["alternate"].eq("") & parts[0].notna() & table["kind"].eq(kind)
        places = self._places.assign(kind=_kinds(self._places))
        note = "by its position in the training table, which has the residue but not the bases"
        self._fill(_agreed(table[bare], [*_PLACE, "kind"]), places, note)

    def by_gene_model(self, model: GeneModel) -> None:
        """Rows in census genes by their transcripts; rows in other genes get the gene's name; the rest has none."""
        places = self._places[self._open]
        genes = model.genes_at(places)
        self._tell(genes.index[genes["gene"] == ""], ("", "", "IGR"), "outside of all protein-coding genes")
        other = genes[genes["gene"].ne("") & ~genes["census"]]
        self._tell(other.index, (other["gene"], "", ""), "by the gene model")
        in_census = self._open & genes["census"].reindex(self._open.index, fill_value=False)
        bare = self._places["reference"].eq("") & self._places["alternate"].eq("")
        self._refuse(in_census & bare, "Its position is written without its bases")
        self._each(in_census, Annotator(model, residues_of(self._known)).annotate)

    def lift(self, chain_file: Path | None) -> None:
        """From here on the places of open rows are those of GRCh37."""
        if chain_file is None:
            self.refuse_rest(NEEDS_CHAIN)
        elif self._open.any():
            chain = load_chain(chain_file)
            self._each(self._open, chain.lift)
            self._lifted = "lifted over from GRCh38, "

    def refuse_rest(self, why: str) -> None:
        """Whatever is still open gets this problem."""
        self._refuse(self._open, why)

    def _each(self, which: pd.Series, look: Callable[[Place], Place | Annotation]) -> None:
        """Every distinct place of these rows looked at once: another place, an annotation, or a problem."""
        chosen = self._places[which & self._open]
        codes = chosen.groupby(_ALLELES, sort=False).ngroup()
        results: list[Place | Annotation | str] = []
        for chromosome, position, *alleles in chosen[~codes.duplicated()].itertuples(index=False, name=None):
            try:
                results.append(look(Place(chromosome, int(position), *alleles)))
            except (LiftError, AnnotationError) as error:
                results.append(str(error))
        for kind in (str, Place, Annotation):
            of_kind = [number for number, result in enumerate(results) if isinstance(result, kind)]
            index = codes.index[codes.isin(of_kind)]
            told = [results[code] for code in codes[index]]
            if kind is str:
                self.rows.loc[index, "problem"] = told
                self._open[index] = False
            elif kind is Place:
                self._places.loc[index, _ALLELES] = pd.DataFrame(told, index=index, columns=_ALLELES)
            else:
                frame = pd.DataFrame(told, index=index, columns=Annotation._fields)
                self._tell(index, tuple(frame[name] for name in _TOLD), frame["note"])

    def _fill(self, table: pd.DataFrame, places: pd.DataFrame, note: str) -> None:
        """Open rows whose place stands in `table` (its columns but _TOLD are what must be equal)."""
        on = [name for name in table if name not in _TOLD]
        found = places.loc[self._open, on].reset_index(names="at").merge(table, on=on).set_index("at")
        self._tell(found.index, tuple(found[name] for name in _TOLD), note)

    def _tell(self, index: pd.Index, told: tuple[pd.Series | str, ...], note: pd.Series | str) -> None:
        for name, value in zip(_TOLD, told, strict=True):
            self.rows.loc[index, name] = value
        self.rows.loc[index, "note"] = self._lifted + note
        self._open[index] = False

    def _refuse(self, which: pd.Series, why: str) -> None:
        index = self._open.index[self._open & which.astype(bool)]
        self.rows.loc[index, "problem"] = why
        self._open[index] = False


def _hotspots(build: str) -> pd.DataFrame:
    """Known positions as _ALLELES and _TOLD."""
    table = known_positions().rename(columns={f"position_{build.lower()}": "position"})
    classes = [maf_class("", change) for change in table["protein_change"]]
    return table.assign(classification=classes, position=table["position"].astype("Int64"))[_ALLELES + _TOLD]


def _table(known: pd.DataFrame, field: str) -> pd.DataFrame:
    """The training table's rows with a coordinate of that build, as _ALLELES (minimal, empty if absent) and _TOLD."""
    table = known[known[field].notna() & known["chromosome"].notna()]
    if "simulated" in table:
        table = table[~table["simulated"].astype(bool)]
    bases = minimal_alleles(table[field].astype("Int64"), table["reference"], table["alternate"])
    bases = bases.assign(chromosome=plain_chromosomes(table["chromosome"]))
    told = table[_TOLD].fillna("").astype("str")
    return pd.concat([bases[_ALLELES].astype({"position": "Int64"}), told], axis=1)


def _agreed(table: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Entries of a place that names one gene and one protein change: columns `on` and _TOLD, `on` distinct."""
    told = table.drop_duplicates([*on, "gene", "protein_change"])
    return told.loc[~told.duplicated(on, keep=False), on + _TOLD]


def _kinds(places: pd.DataFrame) -> list[str]:
    """What may be compared without knowing bases: a substitution with a substitution, a frame shift with one."""
    lengths = zip(places["reference"].str.len(), places["alternate"].str.len(), strict=True)
    return [
        _SUBSTITUTION if (gone, came) == (1, 1) else _SHIFT if (gone - came) % 3 else _OTHER for gone, came in lengths
    ]
