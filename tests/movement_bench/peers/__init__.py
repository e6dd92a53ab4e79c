"""The peers: each file says what of the workload it keeps and what it cannot."""
