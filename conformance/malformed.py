"""Malformed: where a check broke down over an answer, tells which answer has not the form that it must have.

A check that breaks down is a defect of the suite, unless an answer that it was given can be shown to be malformed:
then what broke it is told with the member's name. In a check it is a failure, in what leads up to it a skip.
"""

import traceback
from collections.abc import Sequence
from urllib.parse import urlsplit

from conformance.answer import MissingMember, read_json
from conformance.contract.exchange import Exchange
from conformance.fhir.form import faults_of_form
from conformance.outcomes import Outcome, Unmet, Violation
from conformance.text import Text
from conformance.trace_schemas import first_error, validator_of
from conformance.trace_sights import operation_at

READING = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, AssertionError)
"""What reading an answer of another form breaks down with."""

_JUDGES = "/conformance/checks/"


def malformed(reason: Exception, exchanges: Sequence[Exchange]) -> Outcome | None:
    """How a check that broke down ended, where that is an answer's fault; None where nothing shows that it is."""
    if not isinstance(reason, READING):
        return None
    if isinstance(reason, MissingMember):
        told = Text(f"member {reason.name} of an answer", f"応答のメンバー {reason.name}")
        return _ended(reason, told, expected="there", actual=_last(exchanges))
    found = next(filter(None, map(fault_of, reversed(exchanges))), "")
    if not found:
        return None
    told = Text("the form of an answer", "応答の形")
    return _ended(reason, told, expected="as its schema says", actual=found)


def nothing_left(exchanges: Sequence[Exchange]) -> Unmet | None:
    """The outcome of a check that was left nothing to judge, where an answer has not the form that it must have."""
    found = next(filter(None, map(fault_of, exchanges)), "")
    if not found:
        return None
    return Unmet(Text(f"the answers leave nothing to judge: {found}", f"応答に判定できるものがない: {found}"))


def _ended(reason: Exception, what: Text, *, expected: str, actual: str) -> Outcome:
    frames = [frame.filename for frame in traceback.extract_tb(reason.__traceback__)]
    own = [name for name in frames if "/conformance/" in name and not name.endswith("/conformance/answer.py")]
    if own and _JUDGES in own[-1]:
        return Violation(what, expected=expected, actual=actual)
    text = f"{what.en}: expected {expected}, got {actual}"
    return Unmet(Text(text, f"{what.ja}: 期待 {expected}、実際 {actual}"))


def _last(exchanges: Sequence[Exchange]) -> str:
    if not exchanges:
        return "missing"
    last = exchanges[-1]
    return f"missing, after {last.method} {urlsplit(last.url).path}: {last.status} {last.response_body[:200]}"


def fault_of(exchange: Exchange) -> str:
    """What is wrong with an answer by the contract's document, and where; empty where nothing is known to be."""
    path = urlsplit(exchange.url).path
    at = operation_at(exchange.method, path)
    if "fhir+json" in exchange.response_headers.get("content-type", "") and exchange.status < 300:
        return _fhir_fault(exchange, f"{exchange.method} {path}: {exchange.status}: ")
    kind = exchange.response_headers.get("content-type", "").partition(";")[0].strip().lower()
    if at is None or exchange.method == "HEAD" or exchange.status in (0, 204, 304):
        return ""
    told = f"{exchange.method} {path}: {exchange.status}: "
    try:
        value = read_json(exchange.response_body)
    except ValueError:
        return told + "no JSON" if exchange.status < 300 and "json" in (kind or "json") else ""
    validator = validator_of(at[0], exchange.status, kind) or validator_of(at[0], exchange.status, "application/json")
    try:
        fault = first_error(validator, value) if validator else ""
    except ValueError as reason:  # text that is no Unicode
        fault = str(reason)
    return told + fault if fault else ""


def _fhir_fault(exchange: Exchange, told: str) -> str:
    if exchange.method == "HEAD" or not exchange.response_body:
        return ""
    try:
        fault = next(faults_of_form(read_json(exchange.response_body)), "")
    except ValueError:
        fault = "no JSON"
    return told + fault if fault else ""
