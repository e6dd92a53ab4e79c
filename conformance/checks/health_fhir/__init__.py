"""Checks of the profile health-fhir."""
