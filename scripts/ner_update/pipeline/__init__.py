"""Load a base pipeline; the layers that are shipped with the updated one."""
