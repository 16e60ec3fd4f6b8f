"""Read annotations of any tool as records, with every problem named."""
