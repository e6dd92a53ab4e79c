"""State machines: walks of random steps over a sandbox, each step held against a model of the contract."""
