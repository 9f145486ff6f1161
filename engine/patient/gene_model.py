"""Protein changes of GRCh37 coordinates in census genes, from Ensembl's transcripts, by varcode and pyensembl.

One transcript speaks for a gene: the one whose residues are those of the training table, so that positions mean the
same; of equals one with a CCDS entry, then the one with the longest protein.
"""

import logging
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import pandas as pd
from pyensembl import Genome, Transcript
from varcode import Variant
from varcode.annotators import FastEffectAnnotator
from varcode.effects import effect_classes as effects
from varcode.errors import ReferenceMismatchError

from engine.errors import InputError
from engine.patient import gene_files
from engine.patient.lift import Place
from engine.patient.residues import Residues
from engine.response.variants import NOT_CODING

_ANNOTATOR = FastEffectAnnotator()
_Intervals = tuple[np.ndarray, np.ndarray, np.ndarray]
_WITHOUT_CHANGE = {
    effects.FivePrimeUTR: "5'UTR",
    effects.ThreePrimeUTR: "3'UTR",
    effects.IntronicSpliceSite: "Splice_Region",
    effects.Intronic: "Intron",
}

# varcode writes variants of patients into its log.
logging.getLogger("varcode").setLevel(logging.CRITICAL + 1)


class Annotation(NamedTuple):
    """gene: current symbol. protein_change: p.V600E or empty. classification: MAF class. note: which transcript."""

    gene: str
    protein_change: str
    classification: str
    note: str


class AnnotationError(InputError):
    """A variant that no transcript explains; the message says why, without naming it."""


def model_is_there(folder: Path) -> bool:
    """Whether `fetch gene-model` has finished in this folder."""
    return (folder / gene_files.FOLDER / gene_files.READY).is_file()


def load_gene_model(folder: Path) -> "GeneModel":
    """The reduced gene model below `folder`, loaded once until it is made anew.

    Raises InputError where it is damaged.
    """
    return _loaded(folder, (folder / gene_files.FOLDER / gene_files.READY).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _loaded(folder: Path, modified_ns: int) -> "GeneModel":
    return GeneModel(folder / gene_files.FOLDER)


class GeneModel:
    """Census genes with their transcripts. Threads may share it: pyensembl's own caches are used by one at a time."""

    def __init__(self, folder: Path) -> None:
        """folder: what gene_files.reduce_gene_model made. Index and caches of pyensembl stay in it."""
        self.lock = Lock()
        text = {"chromosome": str}
        try:
            self._genes = pd.read_csv(folder / gene_files.GENE_TABLE, dtype=text)
            self.transcripts = pd.read_csv(folder / gene_files.TRANSCRIPT_TABLE, dtype=text)
            # Paths and cache folder are given, so nothing is looked for elsewhere or downloaded.
            self.genome = Genome(
                reference_name="GRCh37",
                annotation_name="census",
                gtf_path_or_url=str(folder / gene_files.SMALL_GTF),
                transcript_fasta_paths_or_urls=[str(folder / gene_files.SMALL_TRANSCRIPTS)],
                protein_fasta_paths_or_urls=[str(folder / gene_files.SMALL_PROTEINS)],
                cache_directory_path=str(folder),
            )
            self.genome.index()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"The gene model is damaged: {gene_files.CURE}.") from error

    def genes_at(self, places: pd.DataFrame) -> pd.DataFrame:
        """The gene a place lies in, a census gene before others: columns gene (empty for none), census; places' index.

        places: chromosome, position, reference, alternate (minimal). Vectorised: a file may have 100,000 rows.
        """
        start = places["position"].to_numpy(dtype=np.int64)
        # An insertion lies between its position and the next.
        length = places["reference"].str.len().to_numpy(dtype=np.int64)
        end = start + np.where(length > 0, length - 1, 1)
        names, census = np.full(len(places), "", dtype=object), np.zeros(len(places), dtype=bool)
        for of_census, intervals in self._intervals.items():
            for chromosome, rows in places.groupby("chromosome").indices.items():
                if chromosome not in intervals:
                    continue
                genes, starts, ends = intervals[chromosome]
                # The last gene that starts before the place ends; genes do not overlap here.
                last = np.searchsorted(starts, end[rows], side="right") - 1
                inside = (last >= 0) & (ends[last] >= start[rows])
                names[rows[inside]] = genes[last[inside]]
                census[rows[inside]] = of_census
        return pd.DataFrame({"gene": pd.array(names, dtype="str"), "census": census}, index=places.index)

    @cached_property
    def _intervals(self) -> dict[bool, dict[str, _Intervals]]:
        """Other genes, then census genes (which overrule them): chromosome -> names, starts and ends that part."""
        return {
            census: {str(name): _disjoint(genes) for name, genes in of_kind.groupby("chromosome")}
            for census, of_kind in sorted(self._genes.groupby("census"))
        }


class Annotator:
    """What the variants of one list do to proteins."""

    def __init__(self, model: GeneModel, residues: Residues) -> None:
        """residues: what the training table knows; it chooses the transcripts."""
        self._model = model
        self._letters: dict[str, dict[int, frozenset[str]]] = {}
        for key, letters in residues.letters.items():
            gene, _, number = key.partition(":")
            self._letters.setdefault(gene, {})[int(number)] = letters
        self._chosen: dict[str, Transcript | None] = {}

    def annotate(self, place: Place) -> Annotation:
        """What a variant does to the census gene it lies in; of overlapping genes the one whose protein it changes.

        place: minimal alleles on GRCh37. Raises AnnotationError where the reference bases are not the transcript's, or
        no protein change can be told.
        """
        table = self._model.transcripts
        last = place.position + max(len(place.reference) - 1, 0)
        at = (table["chromosome"] == place.chromosome) & (table["start"] <= last) & (table["end"] >= place.position)
        with self._model.lock:
            told = [self._on_gene(place, gene) for gene in dict.fromkeys(table.loc[at, "gene"])]
        if not told:
            raise AnnotationError("It lies in a census gene, but beside all of its transcripts")
        return min(told, key=lambda one: one.classification in NOT_CODING)

    def _on_gene(self, place: Place, gene: str) -> Annotation:
        if gene not in self._chosen:
            self._chosen[gene] = self._choose(gene)
        transcript = self._chosen[gene]
        if transcript is None:
            raise AnnotationError(f"The gene model has no complete transcript of {gene}")
        note = f"by the gene model, transcript {transcript.transcript_id}"
        last = place.position + max(len(place.reference) - 1, 0)
        if last < transcript.start or place.position > transcript.end:
            before = (last < transcript.start) == (transcript.strand == "+")
            return Annotation(gene, "", "5'Flank" if before else "3'Flank", note)
        variant = Variant(place.chromosome, place.position, place.reference, place.alternate, self._model.genome)
        try:
            effect = _ANNOTATOR.annotate_on_transcript(variant, transcript)
        except ReferenceMismatchError as error:
            raise AnnotationError(
                f"Its reference bases are not those of {gene} in GRCh37: another genome build or a slip of the pen"
            ) from error
        except (ValueError, AssertionError, IndexError, KeyError, TypeError) as error:
            # The library refuses some rare shapes of alleles in as many ways; which one says nothing to the person.
            raise AnnotationError(f"What it does to {gene} cannot be told by the gene model") from error
        change, classification = _told(effect, place, transcript.protein_sequence or "")
        return Annotation(gene, change, classification, note)

    def _choose(self, gene: str) -> Transcript | None:
        """The transcript with the most residues of the training table, then CCDS, then length; None without any."""
        table = self._model.transcripts[self._model.transcripts["gene"] == gene]
        known = self._letters.get(gene, {})
        ranked = []
        for row in table.itertuples():
            protein = self._model.genome.protein_sequences.get(row.protein) or ""
            agree = sum(number <= len(protein) and protein[number - 1] in seen for number, seen in known.items())
            ranked.append((agree, bool(row.ccds), len(protein), row.transcript))
        for *_, name in sorted(ranked, reverse=True):
            transcript = self._model.genome.transcript_by_id(name)
            if transcript.complete:
                return transcript
        return None


def _disjoint(genes: pd.DataFrame) -> _Intervals:
    """Genes of one chromosome -> names, starts, ends; where two overlap, the bases are those of the first."""
    kept: list[tuple[str, int, int]] = []
    for gene, start, end in genes.sort_values(["start", "end"])[["gene", "start", "end"]].itertuples(index=False):
        free = max(start, kept[-1][2] + 1) if kept else start
        if free <= end:
            kept.append((gene, free, end))
    names, starts, ends = zip(*kept, strict=True)
    return np.array(names, dtype=object), np.array(starts), np.array(ends)


def _told(effect: effects.MutationEffect, place: Place, protein: str) -> tuple[str, str]:
    """An effect of varcode as a short protein change and MAF class."""
    if isinstance(effect, effects.ExonicSpliceSite):
        if place.position < effect.exon.start or place.position + len(place.reference) - 1 > effect.exon.end:
            return "", "Splice_Site"  # the deletion takes the splice site with it
        # The last bases of an exon have a codon besides: its change counts, and if there is none, the splice site.
        change, classification = _told(effect.alternate_effect, place, protein)
        return change, "Splice_Site" if classification in NOT_CODING else classification
    if isinstance(effect, effects.SpliceDonor | effects.SpliceAcceptor):
        return "", "Splice_Site"
    for kind, classification in _WITHOUT_CHANGE.items():
        if isinstance(effect, kind):
            return "", classification
    if isinstance(effect, effects.StartLoss):
        return "p.M1?", "Translation_Start_Site"
    if isinstance(effect, effects.AlternateStartCodon):
        return "p.M1=", "Silent"
    if isinstance(effect, effects.Silent):
        return effect.short_description, "Silent"
    if isinstance(effect, effects.KnownAminoAcidChange):
        return _protein_change(effect, place, protein)
    raise AnnotationError("What it does to the protein cannot be told by the gene model")


def _protein_change(effect: effects.KnownAminoAcidChange, place: Place, protein: str) -> tuple[str, str]:
    """HGVS without transcript. Residues count from 1, the library's offsets from 0."""
    first = effect.aa_mutation_start_offset + 1  # type: ignore[operator]  # a base class declares it as None
    gone, came = effect.aa_ref, effect.aa_alt
    longer = len(place.alternate) > len(place.reference)
    if isinstance(effect, effects.FrameShift | effects.FrameShiftTruncation):
        letter = protein[first - 1] if first <= len(protein) else "*"
        return f"p.{letter}{first}fs", "Frame_Shift_Ins" if longer else "Frame_Shift_Del"
    if isinstance(effect, effects.StopLoss):
        return f"p.*{len(protein) + 1}{came[:1]}", "Nonstop_Mutation"
    if isinstance(effect, effects.PrematureStop):
        inserted = f"delins{came}*" if came else "*"
        return f"p.{protein[first - 1]}{first}{inserted}", "Nonsense_Mutation"
    if not gone:
        # The offset is that of the residue behind the insertion.
        return f"p.{protein[first - 2]}{first - 1}_{protein[first - 1]}{first}ins{came}", "In_Frame_Ins"
    last = first + len(gone) - 1
    span = f"{gone[0]}{first}" if len(gone) == 1 else f"{gone[0]}{first}_{gone[-1]}{last}"
    if not came:
        return f"p.{span}del", "In_Frame_Del"
    if len(gone) == len(came) == 1:
        return f"p.{span}{came}", "Missense_Mutation"
    same = len(gone) == len(came)
    return f"p.{span}delins{came}", "Missense_Mutation" if same else "In_Frame_Ins" if longer else "In_Frame_Del"
