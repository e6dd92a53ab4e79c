"""Planning: asks a service what it is, and writes a plan for judging it."""
