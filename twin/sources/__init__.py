"""Where a town comes from: one file for each kind of source, and the recipe that puts them together.

Latitude and longitude end here; everything handed on is in metres.
"""
