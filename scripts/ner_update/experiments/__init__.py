"""Train variants of the update, and compare them."""
