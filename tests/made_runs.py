"""Runs for tests of reports: a few results of each kind, with exchanges that hold secrets and markup."""

from conformance.contract.exchange import Exchange
from conformance.contract.requirements import load_requirements
from conformance.results import Acceptance, Result, Run
from conformance.text import Text
from conformance.verdict import Verdict

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\'"&\x00\x1b]]>'
"""What a hostile server answers."""


def exchange(number: int = 0, **changed: object) -> Exchange:
    """An exchange with something in each of its parts."""
    given: dict[str, object] = {
        "method": "POST",
        "url": f"https://city.example/v1/things/{number}?a=1",
        "status": 200,
        "latency_s": 0.01,
        "request_headers": {"host": "city.example", "accept": "*/*", "content-type": "application/json"},
        "request_body": '{"a": 1}',
        "response_headers": {"content-type": "application/json"},
        "response_body": '{"b": 2}',
    }
    return Exchange(number=number, at_s=0.1, actor="suite", operation_id="", **{**given, **changed})  # type: ignore[arg-type]


def run_of(verdicts: tuple[Verdict, ...] = tuple(Verdict), text: str = "told", *, accepted: bool = False) -> Run:
    """A run with a result of each verdict, of requirements of several profiles."""
    requirements = load_requirements()
    step = len(requirements) // len(verdicts)
    results = [
        Result(
            requirements[place * step].id,
            requirements[place * step],
            verdict,
            Text("", "") if verdict is Verdict.PASS else Text(f"en {text}", f"ja {text}"),
            text if verdict is Verdict.FAIL else "",
            text if verdict is Verdict.FAIL else "",
            (exchange(0), exchange(1, response_body=text, response_headers={"content-type": "text/html"})),
            0.5,
            Acceptance("known", "team", "2030-01-01") if accepted and verdict is Verdict.FAIL else None,
        )
        for place, verdict in enumerate(verdicts)
    ]
    return Run("https://city.example", "citytwin 0.1.0", 7, results, "2027-01-15T05:46:00+00:00", 1.5)
