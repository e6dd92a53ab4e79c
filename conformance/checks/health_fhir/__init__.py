"""Checks of the profile health-fhir, with HL7 vital signs and JP Core as parts of their own."""
