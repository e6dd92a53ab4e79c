"""Does a service keep the contract? Judges over HTTP only."""
