"""Training texts that keep what the base pipeline knows."""
