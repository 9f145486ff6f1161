"""Drug response of cell lines: sources, features, networks, runs."""
