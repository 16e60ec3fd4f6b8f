"""Corpora of .spacy shards, and the readers that training configs name."""
