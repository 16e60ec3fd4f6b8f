"""Teachers that read raw texts, and the corpus of what they agree on."""
