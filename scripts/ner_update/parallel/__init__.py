"""Do work in several processes: a pool, a time limit, Ray."""
