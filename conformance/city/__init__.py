"""How a service speaks with a city OS. Nothing here judges: checks do."""
