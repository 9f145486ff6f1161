"""Molecules: reading structures and turning them into fingerprints."""
