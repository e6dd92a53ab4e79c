"""Preflight: finds errors of configuration, apart from those of conformance, each with what to do about it."""
