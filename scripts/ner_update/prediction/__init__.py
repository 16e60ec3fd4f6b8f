"""Predict entities in shards of raw texts, here or in remote storage."""
