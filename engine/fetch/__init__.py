"""Public releases: what may be downloaded, and the download."""
