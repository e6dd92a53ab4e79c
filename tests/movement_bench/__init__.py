"""The benchmark of movement (``make bench-movement``): one workload, our engine, and four other simulators on it."""
