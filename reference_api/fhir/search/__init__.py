"""Search of FHIR R4: what the parameters mean, as a condition of SQL and as a predicate on one resource."""
