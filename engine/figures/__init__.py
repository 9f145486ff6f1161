"""Frames in, plotly figures out. Pages and reports share them."""
