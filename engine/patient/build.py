"""Which genome build a list's coordinates are in: what the file says, what the person says, what the bases show.

Headers lie: a file may have been lifted over, or joined from two. So what is declared is held against positions whose
coordinate or base is known in both builds, and where they disagree nothing is guessed.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.patient.coordinates import (
    beyond_the_end,
    has_coordinates,
    known_positions,
    minimal_alleles,
    needs_coordinates,
    plain_chromosomes,
    substitutions,
)
from engine.patient.types import BUILDS, BuildVerdict, Reading

ENOUGH = 2  # positions that must speak for a build that nothing declares
# Share of contradicting positions that is still taken for errors of single rows (a REF written wrong, another
# transcript's numbering): more than that, and it is another build or a mixture.
TOLERATED = 0.1
ALONE = 1  # a single contradicting position among others is its row's error, however few were checked
# Annotated changes are held against the known coordinate of the same change. Nearer than this it may be another base
# or another transcript; hotspots of the two builds lie 40,000 bases and more apart on nearly every chromosome.
ELSEWHERE = 10_000
MIXED = "mixed"
_CURE = "Choose the genome build (on the command line --genome GRCh37 or --genome GRCh38)"
_FIELD = {"GRCh37": "start_grch37", "GRCh38": "start_grch38"}


def judge_build(reading: Reading, known: pd.DataFrame, asked: str = "") -> BuildVerdict:
    """The build of a reading's coordinates, refused where declaration, request and evidence disagree.

    known: the store's mutations (Knowledge.known). asked: the build that the person names, or empty.
    Each distinct position votes once: for a build, or against one. A build is believed while at most 10 % of the
    votes contradict it, or a single one of several; where nothing is declared or asked it needs two votes besides.
    The rows of contradicting positions (`contradicting`) are then not to be used.
    Raises InputError for a build that is not one of BUILDS.
    """
    if asked and asked not in BUILDS:
        raise InputError(f"The genome build must be {' or '.join(BUILDS)}.")
    rows = reading.rows
    if not needs_coordinates(rows).any():
        return BuildVerdict("", False, "No row needs its coordinates, so the genome build does not matter here.")
    votes = _votes(rows, known)
    agree = {build: int((votes["for"] == build).sum()) for build in BUILDS}
    checked = len(votes)
    declared = reading.declared_build
    where = f" ({', '.join(reading.build_evidence)})" if reading.build_evidence else ""

    def refuse(sentence: str) -> BuildVerdict:
        return BuildVerdict("", True, f"{sentence} Coordinates are not used.", agree, checked)

    if declared == MIXED:
        return refuse(f"The file names more than one genome build{where}. Split it by build and read each part alone.")
    if asked and declared and asked != declared:
        return refuse(
            f"The file says {declared}{where}, but {asked} was chosen{_shown(agree, checked)}. "
            "Choose the file's build, or correct what the file says."
        )
    build = asked or declared
    said = f"{asked} was chosen" if asked and not declared else f"The file says {declared}{where}"
    if not build:
        return _told_by_positions(agree, votes, refuse)
    if not checked:
        return BuildVerdict(
            build, False, f"{said}. Not checked: no position of the file is known in either build.", agree, 0
        )
    against = _against(votes, build)
    if _too_many(against, checked):
        return refuse(
            f"{said}, but {_of(against, checked)} contradict{'s' * (against == 1)} it{_shown(agree, checked)}. "
            f"{'Choose the other build' if asked else 'Correct the build in the file'}, or lift the file over again."
        )
    return BuildVerdict(build, False, f"{said}; {_confirmed(against, checked)}.", agree, checked)


def _told_by_positions(
    agree: dict[str, int], votes: pd.DataFrame, refuse: Callable[[str], BuildVerdict]
) -> BuildVerdict:
    checked = len(votes)
    if not checked:
        return refuse(f"The file names no genome build, and none of its positions is known in either build. {_CURE}.")
    build = max(BUILDS, key=lambda one: agree[one])
    against = _against(votes, build)
    if agree[build] and _too_many(against, checked):
        return refuse(
            f"The file names no genome build, and its positions do not agree{_shown(agree, checked)}. {_CURE}."
        )
    if agree[build] < ENOUGH:
        return refuse(
            f"The file names no genome build, and only {agree[build]} of its positions "
            f"{'tells' if agree[build] == 1 else 'tell'} one. {_CURE}."
        )
    sentence = f"The file names no genome build; taken as {build}: {_confirmed(against, checked)}."
    return BuildVerdict(build, False, sentence, agree, checked)


def _votes(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """One row per distinct position that tells something: its place, `for` and `against` (a build or empty)."""
    with_place = rows[has_coordinates(rows) & rows["problem"].fillna("").eq("")]
    bases = minimal_alleles(with_place["position"], with_place["reference"], with_place["alternate"])
    seen = pd.DataFrame(
        {
            "chromosome": plain_chromosomes(with_place["chromosome"]),
            "position": bases["position"].astype("Int64"),
            "gene": with_place["gene"].fillna("").astype(str).str.strip(),
            "protein_change": with_place["protein_change"].fillna("").astype(str).str.strip(),
            "reference": bases["reference"].str[:1],
            "one_base": substitutions(bases),
        }
    )
    votes = pd.concat([_by_base(seen), _by_annotation(seen, known), _by_length(seen)])
    votes = votes.groupby(["chromosome", "position"], as_index=False).agg({build: ["max", "min"] for build in BUILDS})
    votes.columns = ["chromosome", "position", *(f"{build} {end}" for build in BUILDS for end in ("yes", "no"))]
    first, second = BUILDS
    # A position for one build speaks against the other; one that fits both says nothing of the build.
    fits = {build: (votes[f"{build} yes"] > 0) & (votes[f"{build} no"] >= 0) for build in BUILDS}
    fails = {build: votes[f"{build} no"] < 0 for build in BUILDS}
    told = pd.DataFrame(
        {
            "chromosome": votes["chromosome"],
            "position": votes["position"],
            "for": np.select([fits[first] & ~fits[second], fits[second] & ~fits[first]], BUILDS, ""),
            "against": np.select([fails[first] & fails[second], fails[first], fails[second]], ["both", *BUILDS], ""),
        }
    )
    return told[(told["for"] != "") | (told["against"] != "")].reset_index(drop=True)


def _ballot(seen: pd.DataFrame, **told: pd.Series | np.ndarray | int) -> pd.DataFrame:
    """Per row and build 1 (fits), -1 (does not fit) or 0 (says nothing)."""
    return seen[["chromosome", "position"]].assign(**{build: told.get(build, 0) for build in BUILDS})


def _by_base(seen: pd.DataFrame) -> pd.DataFrame:
    """Reference bases at the known positions of each build."""
    ballots = []
    based = seen[seen["reference"].isin(list("ACGT"))]
    for build in BUILDS:
        column = f"position_{build.lower()}"
        places = known_positions()[["chromosome", column, "reference"]].drop_duplicates()
        places = places.rename(columns={column: "position", "reference": "expected"})
        found = based.merge(places, on=["chromosome", "position"])
        ballots.append(_ballot(found, **{build: np.where(found["reference"] == found["expected"], 1, -1)}))
    return pd.concat(ballots)


def _by_annotation(seen: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Annotated substitutions against the coordinates that the same protein change has in each build."""
    named = seen[(seen["gene"] != "") & (seen["protein_change"] != "") & seen["one_base"]]
    ballots = []
    for build in BUILDS:
        hotspots = known_positions().rename(columns={f"position_{build.lower()}": "place"})
        table = known.rename(columns={_FIELD[build]: "place"})
        if "simulated" in table:
            table = table[~table["simulated"].astype(bool)]
        columns = ["gene", "protein_change", "chromosome", "place"]
        places = pd.concat([hotspots[columns], table.loc[table["place"].notna(), columns]])
        places = places.assign(
            place=places["place"].astype("Int64"), chromosome=plain_chromosomes(places["chromosome"])
        )
        found = named.merge(places.drop_duplicates(), on=["gene", "protein_change"], suffixes=("", "_known"))
        away = (found["position"] - found["place"]).abs().where(found["chromosome"] == found["chromosome_known"])
        # Of several known places of a change the nearest counts; another chromosome is as far as can be.
        nearest = away.fillna(2**40).groupby([found["chromosome"], found["position"]]).transform("min")
        told = np.select([nearest == 0, nearest > ELSEWHERE], [1, -1], 0)
        ballots.append(_ballot(found, **{build: told}))
    return pd.concat(ballots)


def _by_length(seen: pd.DataFrame) -> pd.DataFrame:
    """Positions that a chromosome has in one build only."""
    beyond = {build: beyond_the_end(seen["chromosome"], seen["position"], build).to_numpy() for build in BUILDS}
    first, second = BUILDS
    return pd.concat(
        [
            _ballot(seen[beyond[first] & ~beyond[second]], **{first: -1, second: 1}),
            _ballot(seen[beyond[second] & ~beyond[first]], **{second: -1, first: 1}),
        ]
    )


def _against(votes: pd.DataFrame, build: str) -> int:
    """Positions that contradict a build."""
    return int(_contradict(votes, build).sum())


def _contradict(votes: pd.DataFrame, build: str) -> pd.Series:
    other = votes["for"].ne("") & votes["for"].ne(build)
    return other | votes["against"].isin([build, "both"]) & votes["for"].ne(build)


def _too_many(against: int, checked: int) -> bool:
    """Whether so many contradicting positions are more than errors of single rows."""
    return against > TOLERATED * checked and (against > ALONE or against == checked)


def contradicting(rows: pd.DataFrame, known: pd.DataFrame, build: str) -> pd.DataFrame:
    """chromosome, position (minimal alleles) of what speaks against a build that is believed all the same."""
    votes = _votes(rows, known)
    return votes.loc[_contradict(votes, build), ["chromosome", "position"]]


def _of(some: int, all_of_them: int) -> str:
    return f"{some} of {all_of_them} checked position{'s' if all_of_them > 1 else ''}"


def _shown(agree: dict[str, int], checked: int) -> str:
    if not checked:
        return ""
    return " (of {} positions checked, {})".format(
        checked, ", ".join(f"{agree[build]} fit {build} only" for build in BUILDS)
    )


def _confirmed(against: int, checked: int) -> str:
    if not against:
        return f"{_of(checked, checked)} agree{'s' * (checked == 1)}"
    if against == 1:
        contradict = "1 contradicts it (taken for an error of its row, whose coordinate is not used)"
    else:
        contradict = f"{against} contradict it (up to 10 % are taken for errors of their rows, which are not used)"
    return f"{_of(checked - against, checked)} agree, {contradict}"
