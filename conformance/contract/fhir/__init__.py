"""What the contract demands of FHIR resources: constraint tables, capability statement, lifelog items, examples."""
