"""Recording what a person agreed to on the consent page: consents for the details, and for the scopes of claims."""

from collections.abc import Iterable

import msgspec

from reference_api.call import Call
from reference_api.consent_records import COLUMNS, Origin, move, record_consent, stored
from reference_api.consent_requests import term_s
from reference_api.oidc.agreements import Agreement, asked_scopes
from reference_api.oidc.claims import load_rules
from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grants import Granted
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.services import Services

MODES = ("normal", "drill", "disaster")
"""What a service is told about its own user it may use whenever the person uses it."""


async def record_agreement(
    services: Services,
    call: Call,
    request: AuthorizationRequest,
    agreed: tuple[str, tuple[ConsentDetail, ...]],
    language: str,
) -> Agreement:
    """Record that a person (local ID) agreed to these details and to the scopes of the request.

    The same consent given again renews the record there is. Call it in a transaction.
    """
    sub, details = agreed
    origin = Origin(client_id=request.client_id, language=language)
    client = await read_client(services.store, request.client_id)
    scopes = await asked_scopes(services, request)
    made = [
        await _give(services, sub, detail, origin, call.now_s)
        for detail in (claim_consents(client, scopes) if client is not None else ())
    ]
    given = tuple(
        [
            msgspec.structs.replace(detail, consent_id=await _give(services, sub, detail, origin, call.now_s))
            for detail in details
        ]
    )
    return Agreement(Granted(request.scope, given), (*made, *(one.consent_id for one in given if one.consent_id)))


def claim_consents(client: ClientRecord, scopes: Iterable[str]) -> list[ConsentDetail]:
    """The consents that granting scopes of claims amounts to; none for an app of the city that acts for the person."""
    if client.recipient in ("family", "none"):
        return []
    by_purpose: dict[str, dict[str, None]] = {}
    for scope, consent in load_rules().scopes.items():
        if scope in scopes:
            by_purpose.setdefault(consent.purpose, {}).update(dict.fromkeys(consent.categories))
    return [
        ConsentDetail(
            type="cityos_consent",
            purpose=purpose,
            datatypes=tuple(categories),
            recipients=(client.recipient,),
            modes=MODES,
        )
        for purpose, categories in by_purpose.items()
    ]


async def _give(services: Services, sub: str, detail: ConsentDetail, origin: Origin, now_s: float) -> str:
    row = await services.store.one(
        f"SELECT {COLUMNS} FROM consent WHERE subject = ? AND client_id = ? AND purpose = ? AND categories = ?"
        " AND recipients = ? AND modes = ? AND actions = ? AND state IN ('given', 'renewed') AND valid_until_s > ?",
        (
            sub,
            origin.client_id,
            detail.purpose,
            " ".join(detail.datatypes),
            " ".join(detail.recipients),
            " ".join(detail.modes),
            " ".join(detail.actions),
            now_s,
        ),
    )
    if row is None:
        return await record_consent(services, sub, detail, origin, now_s)
    return (await move(services, stored(row), "renew", origin, now_s, until_s=term_s(detail, now_s))).record_id
