"""The one table of the server: each operation of the contract and its handler."""

from collections.abc import Awaitable, Callable, Mapping

from conformance.contract.operations import Operation
from reference_api import probes
from reference_api.call import Call, Reply
from reference_api.city import (
    check_ins,
    disaster_events,
    locations,
    notifications,
    registers,
    safety,
    sandbox,
    shelters,
    users,
)
from reference_api.oidc import discovery, token
from reference_api.services import Services

Handler = Callable[[Services, Call], Awaitable[Reply]]

HANDLERS: Mapping[str, Handler] = {
    # Discovery, as in discovery.yaml
    "getCityOs": discovery.get_city_os,
    # Authorization server, as in oidc*.yaml
    "getOpenidConfiguration": discovery.get_openid_configuration,
    "getJwks": discovery.get_jwks,
    "issueToken": token.issue_token,
    # Consent, as in consents.yaml
    # Users, positions, notifications, as in users.yaml, locations.yaml, notifications.yaml
    "getUser": users.get_user,
    "listUsers": users.list_users,
    "putLocation": locations.put_location,
    "listLocations": locations.list_locations,
    "sendNotification": notifications.send_notification,
    "getNotification": notifications.get_notification,
    "listDeliveries": notifications.list_deliveries,
    # Disaster state and orders, as in disaster.yaml
    "getDisasterState": disaster_events.get_disaster_state,
    "declareDisaster": disaster_events.declare_disaster,
    "getDisasterEvent": disaster_events.get_disaster_event,
    "updateDisasterEvent": disaster_events.update_disaster_event,
    "issueEvacuationOrder": disaster_events.issue_evacuation_order,
    "listEvacuationOrders": disaster_events.list_evacuation_orders,
    # Shelters and check-ins, as in shelters.yaml, check_ins.yaml
    "listShelters": shelters.list_shelters,
    "listShelterStatus": shelters.list_shelter_status,
    "setShelterStatus": shelters.set_shelter_status,
    "checkIn": check_ins.check_in,
    "listCheckIns": check_ins.list_check_ins,
    "getCheckIn": check_ins.get_check_in,
    "checkOut": check_ins.check_out,
    # Life in shelters, as in shelter_life.yaml
    # Safety, as in safety.yaml
    "reportSafety": safety.report_safety,
    "listSafetyReports": safety.list_safety_reports,
    "getSafetyReport": safety.get_safety_report,
    "summariseSafety": safety.summarise_safety,
    # Registers, plans, hazard reports, as in registers.yaml, plans.yaml, hazard_reports.yaml
    "listSupportRegister": registers.list_support_register,
    # Health data, as in fhir.yaml
    # Sandbox, as in sandbox.yaml
    "resetSandbox": sandbox.reset_sandbox,
}
"""Handler of each operation of the contract; path, scope, purpose and service class are the contract's."""


def own_route(method: str, path: str, media_type: str = "text/html") -> Operation:
    """A route that is not of the contract: public, never shed, its errors told as a page or as a problem."""
    return Operation(
        operation_id=f"{method} {path}",
        method=method,
        path=path,
        scopes=(),
        purpose=None,
        service_class="P0",
        problems=(),
        profile="own",
        summary="",
        needs_idempotency_key=False,
        media_types=(media_type,),
        error_format="page" if media_type == "text/html" else "problem",
    )


OWN_ROUTES: tuple[tuple[Operation, Handler], ...] = (
    (own_route("GET", "/healthz", "application/json"), probes.alive),
    (own_route("GET", "/readyz", "application/json"), probes.ready),
    (own_route("GET", "/metrics", "text/plain"), probes.metrics),
)
"""What this server offers beside the contract: pages for people to sign in and consent, and probes for operators."""
