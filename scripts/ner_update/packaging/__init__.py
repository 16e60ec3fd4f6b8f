"""The wheel of the updated pipeline, its model card, and where it is published."""
