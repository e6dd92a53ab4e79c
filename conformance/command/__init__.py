"""The command ``citytwin conform``: judges a service by the contract, from a plan."""
