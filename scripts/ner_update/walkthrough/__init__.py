"""What the `step` command shows of one training step."""
