"""The simulated cohort behind the embedded default: shaped like the real thing, labelled Simulated everywhere."""
