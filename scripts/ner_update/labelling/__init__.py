"""Matcher patterns, suggestions, and tasks for annotation tools."""
