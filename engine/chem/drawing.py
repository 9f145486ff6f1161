"""SMILES -> a drawing of the structure. rdkit is loaded when the first structure is drawn, so pages open without it."""

import re

# Atom colours on dark ground; RDKit's own dark palette has hues that stay below 4.5:1. Keys are atomic numbers,
# -1 stands for every other element. All reach 4.5:1 on the dark ground of engine/figures/template.py.
_DARK = {
    -1: "#e6edf2", 1: "#e6edf2", 6: "#e6edf2", 7: "#8fa8ff", 8: "#ff8f85", 9: "#62d2a4", 15: "#f0a35e",
    16: "#e0c04c", 17: "#62d2a4", 35: "#d99a6c", 53: "#c79bf0",
}  # fmt: skip
# The same elements on white.
_LIGHT = {
    -1: "#1f2d3a", 1: "#1f2d3a", 6: "#1f2d3a", 7: "#2b4bd0", 8: "#c62f22", 9: "#0a6b4c", 15: "#a85a10",
    16: "#806600", 17: "#0a6b4c", 35: "#8a4b1f", 53: "#7a3fb0",
}  # fmt: skip


def structure_svg(smiles: str, dark: bool = False, width: int = 420, height: int = 240, where: str = "") -> str:
    """The skeletal formula of a SMILES as one <svg> element, width x height px, on a transparent ground.

    where: what an error message starts with, such as the drug's name.
    Raises MoleculeError naming `where` and the SMILES where it cannot be read.
    """
    from rdkit.Chem.Draw import rdMolDraw2D

    from engine.chem.molecule import parse_smiles

    molecule = parse_smiles(smiles, where)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.includeMetadata = False
    options.padding = 0.03
    options.bondLineWidth = 1.6
    options.fixedBondLength = 28  # px at most: ethanol is not drawn as large as paclitaxel
    colours = _DARK if dark else _LIGHT
    options.setAtomPalette({number: _rgb(colour) for number, colour in colours.items()})
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    # What stands before the element (an XML declaration) has no place inside a page.
    return re.sub(r"^.*?(?=<svg)", "", drawer.GetDrawingText(), count=1, flags=re.DOTALL).strip()


def _rgb(colour: str) -> tuple[float, float, float]:
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)
