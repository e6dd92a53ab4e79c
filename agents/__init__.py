"""What people and organisations decide, how they move, where they queue. Reaches a city OS through one port."""
