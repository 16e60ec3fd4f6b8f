"""spaCy's training loop, with checkpoints, streaming and several processes."""
