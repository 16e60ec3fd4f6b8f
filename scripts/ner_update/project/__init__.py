"""Run a command: settings, the project's lock, atomic outputs, hashes, errors."""
