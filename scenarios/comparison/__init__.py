"""Two plans side by side: read what two runs left, pair them by seed, and say what differs, how surely, for whom."""
