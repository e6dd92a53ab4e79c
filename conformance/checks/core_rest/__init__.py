"""Checks of the profile core-rest."""
