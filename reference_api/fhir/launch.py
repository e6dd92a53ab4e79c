"""Launch context: which Patient a token is about, told to the app beside the token.

Source: HL7 SMART App Launch 2.2.0, scopes-and-launch-context.html: launch/patient, patient, fhirUser.
"""

from collections.abc import Collection

from reference_api.fhir.search.references import patient_id
from reference_api.fhir.smart import smart_scopes
from reference_api.services import Services

LAUNCH_PATIENT = "launch/patient"
FHIR_USER = "fhirUser"


async def launch_context(services: Services, subject: str | None, scope: Collection[str]) -> dict[str, str]:
    """The member ``patient`` of a token response, if the scopes ask for one patient's data."""
    asked = LAUNCH_PATIENT in scope or any(one.level == "patient" for one in smart_scopes(frozenset(scope)))
    patient = await _patient(services, subject) if asked else None
    return {} if patient is None else {"patient": patient}


async def fhir_user(services: Services, subject: str) -> dict[str, str]:
    """The claim ``fhirUser``: the subject as a resource of the FHIR server."""
    patient = await _patient(services, subject)
    return {} if patient is None else {FHIR_USER: f"{services.settings.fhir_base}/Patient/{patient}"}


async def introspected(services: Services, subject: str | None, scope: Collection[str]) -> dict[str, str]:
    """What introspection tells of an access token beside its scopes: ``patient`` and ``fhirUser``.

    Source: HL7 SMART App Launch 2.2.0, token-introspection.html.
    """
    told = await launch_context(services, subject, scope)
    return told if subject is None or FHIR_USER not in scope else told | await fhir_user(services, subject)


async def _patient(services: Services, subject: str | None) -> str | None:
    if subject is None:
        return None
    row = await services.store.one("SELECT id FROM account WHERE sub = ?", (subject,))
    return None if row is None else patient_id(row[0])
