"""Figures that compare two pipelines: scores, retention, intervals, robustness."""
