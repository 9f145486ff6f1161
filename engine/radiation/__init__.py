"""Radiosensitivity: the surviving fraction at 2 Gy (SF2) of a cell line from its gene expression."""
