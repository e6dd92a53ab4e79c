"""Consequences: what faults of a service cost people, as curves: how long, how late, how old, or when."""
