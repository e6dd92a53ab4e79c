"""The port to a city OS and its adapters. Agents know ``port`` alone."""
