"""Operations: which operation of the contract each verb of the port is, and how often it may be sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """How an operation is called: ``keyed`` calls carry an Idempotency-Key; ``expects`` are statuses of success.

    ``repeatable``: sending it twice does no more than sending it once (RFC 9110 9.2.2), although it is a POST without
    a key.
    """

    operation: str
    method: str
    keyed: bool = False
    repeatable: bool = False
    expects: tuple[int, ...] = ()


TOKEN = Use("issueToken", "POST", repeatable=True)
DECLARE = Use("declareDisaster", "POST", expects=(200, 201))
ISSUE_ORDER = Use("issueEvacuationOrder", "POST")
SET_STATUS = Use("setShelterStatus", "PUT")
NOTIFY = Use("sendNotification", "POST", keyed=True, expects=(202,))
DELIVERIES = Use("listDeliveries", "GET")
EVACUEES = Use("listCheckIns", "GET")
SAFETY_REPORTS = Use("listSafetyReports", "GET")
POSITIONS = Use("listLocations", "GET")
BOARD = Use("listShelterStatus", "GET")
REPORT = Use("reportSafety", "POST", keyed=True)
PUT_POSITION = Use("putLocation", "PUT", expects=(204,))
CHECK_IN = Use("checkIn", "POST", keyed=True, expects=(200, 201))
CHECK_OUT = Use("checkOut", "POST", repeatable=True, expects=(200,))
SUPPORT_LIST = Use("listSupportRegister", "GET")

PAGE_LIMIT = 500
"""Entries of a list asked for at once: the most that the contract allows."""

POSITION_TTL_S = 900
"""How long a position told by the app holds: three of its intervals (parameter position.interval_s)."""


def attempts(method: str, *, keyed: bool, repeatable: bool) -> int:
    """How often a request is sent whose connection breaks: once more if that can do no harm."""
    return 1 if method == "POST" and not (keyed or repeatable) else 2
