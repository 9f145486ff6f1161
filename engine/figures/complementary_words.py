"""Why a screen has no complementary pair, for page and report alike."""

from collections.abc import Mapping

from engine.figures.screens import modality_words
from engine.spheroid.phenotype_relations import Relations
from engine.spheroid.settings import HIT_DSS


def no_pairs_words(told: Relations, dss: Mapping[str, float], modality: str) -> str:
    """One sentence. dss: of `pooled_dss`; empty where the screen is not scored by the modality."""
    by = modality_words(modality)
    if not dss:
        return f"No pairs yet: the screen is not scored by {by}, so which drugs are hits is not known."
    hits = {drug for drug, value in dss.items() if value >= HIT_DSS}
    shown = hits & set(told.distances.index)
    if len(hits) < 2:
        return f"No complementary pair: it takes two hits, and by {by} this screen has {len(hits) or 'none'}."
    if len(shown) < 2:
        return (
            f"No complementary pair: of {len(hits)} hits by {by}, {len(shown) or 'none'} "
            f"{'has' if len(shown) == 1 else 'have'} a well on the map that counts."
        )
    return f"No complementary pair: the {len(shown)} hits by {by} look alike."
