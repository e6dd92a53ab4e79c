"""Checks of the profile core-oidc."""
