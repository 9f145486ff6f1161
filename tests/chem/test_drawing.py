import re

import pytest

from engine.chem import drawing
from engine.chem.drawing import structure_svg
from engine.errors import MoleculeError
from engine.figures.template import DARK, LIGHT

DASATINIB = "Cc1nc(Nc2ncc(s2)C(=O)Nc2c(C)cccc2Cl)cc(n1)N1CCN(CCO)CC1"


def test_a_drawing_is_one_svg_of_the_asked_size_on_no_ground():
    svg = structure_svg(DASATINIB, width=300, height=200)
    assert svg.startswith("<svg") and svg.endswith("</svg>")
    assert "width='300px' height='200px'" in svg
    assert "<rect" not in svg  # a ground would be one
    # 33 heavy atoms, 36 bonds: rings and chain of the parent.
    assert len(set(re.findall(r"class='(bond-\d+)", svg))) == 36
    assert structure_svg(DASATINIB, width=300, height=200) == svg


@pytest.mark.parametrize(("dark", "carbon", "nitrogen"), [(False, "#1F2D3A", "#2B4BD0"), (True, "#E6EDF2", "#8FA8FF")])
def test_light_and_dark_ground_have_their_own_colours(dark, carbon, nitrogen):
    svg = structure_svg("CCN", dark)
    assert carbon in svg and nitrogen in svg
    assert "#000000" not in svg


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_element_can_be_read_on_its_ground():
    assert all(_contrast(colour, LIGHT.ground) >= 4.5 for colour in drawing._LIGHT.values())
    assert all(_contrast(colour, DARK.ground) >= 4.5 for colour in drawing._DARK.values())


def test_a_smiles_that_cannot_be_read_is_named():
    with pytest.raises(MoleculeError, match="Nonsense: the SMILES 'C1CC' cannot be read"):
        structure_svg("C1CC", where="Nonsense")
    with pytest.raises(MoleculeError, match="the SMILES is empty"):
        structure_svg("  ")
