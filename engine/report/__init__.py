"""A run as one HTML file, from the figures and reads that the pages use."""
