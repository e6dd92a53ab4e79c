"""The one table of the server: each operation of the contract and its handler."""

from collections.abc import Awaitable, Callable, Mapping

from conformance.contract.operations import Operation
from reference_api import discovery as city_discovery
from reference_api import probes
from reference_api.call import Call, Reply
from reference_api.city import (
    access_log,
    batches,
    check_ins,
    consents,
    decisions,
    disaster_events,
    households,
    inbox,
    locations,
    notices,
    notifications,
    orders,
    presence,
    receipts,
    registers,
    safety,
    sandbox,
    shelter_register,
    shelter_requests,
    shelters,
    sites,
    survey_derived,
    survey_responses,
    survey_results,
    surveys,
    users,
)
from reference_api.fhir import capability, find, read, smart_configuration, transaction, write
from reference_api.oidc import authorize, discovery, introspection, par, revocation, rotation, token
from reference_api.services import Services

Handler = Callable[[Services, Call], Awaitable[Reply]]

HANDLERS: Mapping[str, Handler] = {
    # Discovery, as in discovery.yaml
    "getCityOs": city_discovery.get_city_os,
    "getApiCatalog": city_discovery.get_api_catalog,
    "getProtectedResource": city_discovery.get_protected_resource,
    "getOpenapi": city_discovery.get_openapi,
    # Authorization server, as in oidc*.yaml
    "getOpenidConfiguration": discovery.get_openid_configuration,
    "getJwks": discovery.get_jwks,
    "getAuthorizationServer": discovery.get_openid_configuration,
    "authorize": authorize.authorize,
    "authorizeByPost": authorize.authorize,
    "pushAuthorizationRequest": par.push_request,
    "issueToken": token.issue_token,
    "revokeToken": revocation.revoke,
    "introspectToken": introspection.introspect,
    # Consent, as in consents.yaml
    "listConsents": consents.list_consents,
    "createConsent": consents.create_consent,
    "getConsent": consents.get_consent,
    "getConsentReceipt": receipts.get_consent_receipt,
    "giveConsent": consents.give_consent,
    "refuseConsent": consents.refuse_consent,
    "renewConsent": consents.renew_consent,
    "withdrawConsent": consents.withdraw_consent,
    "getConsentCatalog": notices.get_consent_catalog,
    "getNotice": notices.get_notice,
    "decideConsents": decisions.decide_consents,
    "listAccessLog": access_log.list_access_log,
    # Users, positions, notifications, as in users.yaml, locations.yaml, notifications.yaml
    "getUser": users.get_user,
    "listUsers": users.list_users,
    "getHousehold": households.get_household,
    "putLocation": locations.put_location,
    "getLocation": locations.get_location,
    "listLocations": locations.list_locations,
    "putLocations": locations.put_locations,
    "sendNotification": notifications.send_notification,
    "getNotification": notifications.get_notification,
    "retryNotification": notifications.retry_notification,
    "listDeliveries": notifications.list_deliveries,
    "listReceivedNotifications": inbox.list_received_notifications,
    "putReceipt": inbox.put_receipt,
    # Disaster state and orders, as in disaster.yaml
    "getDisasterState": disaster_events.get_disaster_state,
    "declareDisaster": disaster_events.declare_disaster,
    "getDisasterEvent": disaster_events.get_disaster_event,
    "updateDisasterEvent": disaster_events.update_disaster_event,
    "listDisasterEvents": disaster_events.list_disaster_events,
    "issueEvacuationOrder": orders.issue_evacuation_order,
    "listEvacuationOrders": orders.list_evacuation_orders,
    "getEvacuationOrder": orders.get_evacuation_order,
    "updateEvacuationOrder": orders.update_evacuation_order,
    "liftEvacuationOrder": orders.lift_evacuation_order,
    # Shelters and check-ins, as in shelters.yaml, check_ins.yaml
    "listShelters": shelters.list_shelters,
    "listShelterStatus": shelters.list_shelter_status,
    "createShelter": shelter_register.create_shelter,
    "getShelter": shelter_register.get_shelter,
    "updateShelter": shelter_register.update_shelter,
    "deleteShelter": shelter_register.delete_shelter,
    "getShelterStatus": shelters.get_shelter_status,
    "setShelterStatus": shelters.set_shelter_status,
    "listEvacuationSites": sites.list_evacuation_sites,
    "getEvacuationSite": sites.get_evacuation_site,
    "checkIn": check_ins.check_in,
    "uploadCheckIns": batches.upload_check_ins,
    "listCheckIns": presence.list_check_ins,
    "getCheckIn": check_ins.get_check_in,
    "checkOut": check_ins.check_out,
    "transferCheckIn": check_ins.transfer,
    "linkCheckIn": check_ins.link,
    # Life in shelters, as in shelter_life.yaml
    "createShelterRequest": shelter_requests.create_shelter_request,
    "listShelterRequests": shelter_requests.list_shelter_requests,
    "getShelterRequest": shelter_requests.get_shelter_request,
    "updateShelterRequest": shelter_requests.update_shelter_request,
    "deleteShelterRequest": shelter_requests.delete_shelter_request,
    "createSurvey": surveys.create_survey,
    "listSurveys": surveys.list_surveys,
    "getSurvey": surveys.get_survey,
    "updateSurvey": surveys.update_survey,
    "deleteSurvey": surveys.delete_survey,
    "getSurveyResults": survey_results.get_survey_results,
    "createSurveyResponse": survey_responses.create_survey_response,
    "listSurveyResponses": survey_responses.list_survey_responses,
    "getSurveyResponse": survey_responses.get_survey_response,
    "updateSurveyResponse": survey_responses.update_survey_response,
    "deleteSurveyResponse": survey_responses.delete_survey_response,
    "putSurveyDerived": survey_derived.put_survey_derived,
    "getSurveyDerived": survey_derived.get_survey_derived,
    "deleteSurveyDerived": survey_derived.delete_survey_derived,
    # Safety, as in safety.yaml
    "reportSafety": safety.report_safety,
    "listSafetyReports": safety.list_safety_reports,
    "getSafetyReport": safety.get_safety_report,
    "summariseSafety": safety.summarise_safety,
    # Registers, plans, hazard reports, as in registers.yaml, plans.yaml, hazard_reports.yaml
    "listSupportRegister": registers.list_support_register,
    # Health data, as in fhir.yaml
    "getFhirCapabilities": capability.get_fhir_capabilities,
    "getSmartConfiguration": smart_configuration.get_smart_configuration,
    "searchFhir": find.search,
    "searchFhirByPost": find.search_by_post,
    "createFhir": write.create,
    "updateFhirConditionally": write.update_conditionally,
    "readFhir": read.read,
    "updateFhir": write.update,
    "deleteFhir": write.delete,
    "readFhirHistory": read.history,
    "vreadFhir": read.vread,
    "performFhirBundle": transaction.perform_bundle,
    # Sandbox, as in sandbox.yaml
    "resetSandbox": sandbox.reset_sandbox,
    "rotateKeys": rotation.rotate_sandbox_keys,
    "getSandboxClock": sandbox.get_sandbox_clock,
    "setSandboxClock": sandbox.set_sandbox_clock,
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
