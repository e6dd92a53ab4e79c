"""How a client speaks with a FHIR server. Nothing here judges: checks do."""
