"""Codes of Consents: the city's own systems, and what is the same in every Consent."""

CONSENT_CODES = "https://citytwin.example/fhir/CodeSystem/consent-"
"""Systems of the consent catalogue's codes begin with it. Source: none; ours. Confidence C."""

CONSENT_MODE = "https://citytwin.example/fhir/StructureDefinition/consent-mode"
"""Extension: a mode (normal, drill, disaster) that the consent holds in. Source: none; ours. Confidence C."""

Code = tuple[str, str]
"""System and code."""

PRIVACY: Code = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
CONSENT_DOCUMENT: Code = ("http://loinc.org", "59284-0")
OPT_IN: Code = ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN")
RECIPIENT: Code = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
ACCESS: Code = ("http://terminology.hl7.org/CodeSystem/consentaction", "access")
"""What is the same in every Consent. Source: HL7 FHIR R4 4.0.1, consent.html, bindings."""
