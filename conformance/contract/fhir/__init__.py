"""What the contract demands of FHIR resources: constraint tables, the capability statement, the lifelog items, examples."""
