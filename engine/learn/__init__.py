"""What every engine learns with: splits, the one training loop, metrics, baselines, checkpoints."""
