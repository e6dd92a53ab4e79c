"""What is demanded of a city OS: operations, requirements, exchanges. Imports nothing of ours."""
