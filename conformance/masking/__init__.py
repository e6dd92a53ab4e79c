"""Masking: takes secrets and personal data out of what was said, and leaves its shape."""
