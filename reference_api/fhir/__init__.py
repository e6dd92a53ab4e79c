"""A FHIR R4 server."""
