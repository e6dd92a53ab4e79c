"""Requests that are made from the contract's document: valid ones for every operation, and generated ones."""
