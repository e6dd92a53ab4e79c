"""Resilience: what the reference city OS does when it is killed, starved, filled up or pressed, against real processes.

``make resilience`` does it at full size and writes docs/resilience.md; the suite does the same things small.
"""
