"""Validation: what was observed in drills, surveys and shelters, held against what this code gives, misfit and all."""
