"""A city OS that keeps the contract as plainly as it can be kept. Knows the contract, never the twin."""
