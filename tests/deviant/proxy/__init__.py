"""A proxy before a server that others wrote, which alters what goes through: faults of servers that we do not know."""
