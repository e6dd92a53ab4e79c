"""Checks of the profile lgwan-bridge."""
