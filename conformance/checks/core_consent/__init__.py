"""Checks of the profile core-consent."""
