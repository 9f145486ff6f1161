"""The genes of the Cancer Gene Census and the symbols that older sources use for them.

Source: Sondka et al. 2018, doi:10.1038/s41568-018-0060-1; the list is data/reference/census_genes.csv.
"""

from functools import cache

import pandas as pd

from engine.settings import REFERENCE


@cache
def _symbols() -> dict[str, str]:
    """Every current and former symbol, in capitals -> current symbol."""
    table = pd.read_csv(REFERENCE / "census_genes.csv", dtype=str, keep_default_na=False)
    symbols = {gene.upper(): gene for gene in table["gene"]}
    for gene, former in zip(table["gene"], table["former_symbols"], strict=True):
        symbols.update({old.upper(): gene for old in former.split("|") if old})
    return symbols


@cache
def census_genes() -> frozenset[str]:
    """The current symbols of all census genes."""
    return frozenset(_symbols().values())


def current_symbol(gene: str) -> str:
    """A census gene by its current symbol (MLL2 -> KMT2D), any other gene as it is written, stripped."""
    return _symbols().get(gene.strip().upper(), gene.strip())


def current_symbols(genes: pd.Series) -> pd.Series:
    """`current_symbol` of every gene."""
    return genes.map({gene: current_symbol(gene) for gene in genes.dropna().unique()})
