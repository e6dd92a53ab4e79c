"""Checks of the profile disaster."""
