"""Faults of shelters, surveys, orders and plans in the hands of those who run and use them."""

import re
from collections.abc import Callable
from typing import Any

from deviant.switches import Answer, Bench, Request, fault


def _json(bench: Bench, path: str, change: Callable[[Any], Any]) -> None:
    """Alter the JSON that is answered at paths of a pattern."""

    def altered(request: Request, answer: Answer) -> Answer:
        concerned = re.fullmatch(path, request.path) and answer.status < 300 and answer.body.startswith(b"{")
        return answer.with_json(change(answer.json)) if concerned else answer

    bench.answers(altered)


@fault("national-id-claimed", breaks=["DIS-006"])
def national_id_claimed(bench: Bench) -> None:
    """An ad-hoc shelter can be created under an ID of the national list."""
    bench.patch("reference_api.city.shelter_register.is_national_id", lambda _: False)


@fault("ad-hoc-shelter-not-listed", breaks=["DIS-007"])
def not_listed(bench: Bench) -> None:
    """A shelter without a national ID is missing from the list."""

    def change(body: Any) -> Any:
        if "items" not in body:
            return body
        return body | {"items": [one for one in body["items"] if one["origin"] != "ad_hoc"]}

    _json(bench, "/v1/shelters", change)


@fault("survey-without-english", breaks=["DIS-025"])
def without_english(bench: Bench) -> None:
    """A survey is shown in Japanese only."""

    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: pruned(member) for name, member in value.items() if name != "en"}
        return [pruned(member) for member in value] if isinstance(value, list) else value

    _json(bench, r"/v1/surveys(/\d+)?", pruned)


@fault("few-answers-told", breaks=["DIS-026"])
def few_answers(bench: Bench) -> None:
    """Results of a survey tell how many gave an answer that few gave."""
    bench.patch("reference_api.city.survey_results.published", lambda count: count)


@fault("shelter-changed-blindly", breaks=["DIS-036"])
def changed_blindly(bench: Bench) -> None:
    """A shelter's data are changed without If-Match, or with an ETag from before."""
    bench.patch("reference_api.city.shelter_register.check_if_match", lambda *_, **__: None)


@fault("channel-not-kept", breaks=["DIS-033"])
def channel_lost(bench: Bench) -> None:
    """Whoever was received counts as having used the app."""
    _json(bench, r"/v1/check-ins/\d+", lambda body: body | {"channel": "app"})


@fault("derived-by-any-consent", breaks=["DIS-040"])
def derived_by_any_consent(bench: Bench) -> None:
    """Whoever lets their answers be read is taken to agree to what is derived from them."""
    bench.patch("reference_api.city.survey_derived.CATEGORY", "survey")
    bench.patch("reference_api.city.survey_derived.PURPOSE", "disaster_support")


@fault("lifting-not-told", breaks=["DIS-043"])
def lifting_not_told(bench: Bench) -> None:
    """An order that was lifted is still told as issued."""
    _json(bench, r"/v1/evacuation-orders/\d+", lambda body: body | {"status": "issued", "lifted_at": None})


@fault("link-shows-more", breaks=["DIS-047"])
def link_shows_more(bench: Bench) -> None:
    """A share link shows the person's phone, which was not chosen."""
    phone = {"value": "0242-00-0000", "source": "city-os", "as_of": "2027-01-10T09:00:00+09:00"}
    _json(bench, r"/v1/shared-plans/[^/]+", lambda body: body | {"fields": body["fields"] | {"phone": phone}})


@fault("city-shares-plans", breaks=["DIS-050"])
def city_shares_plans(bench: Bench) -> None:
    """The municipality widens with whom a person's plan is shared."""
    bench.patch("reference_api.city.plans._refuse_opening", lambda *_: None)


@fault("older-trial-applied", breaks=["LGW-003"])
def older_trial_applied(bench: Bench) -> None:
    """A trial of a register can be applied although a later one has replaced it."""
    bench.sql("WHERE client_id = ? AND state = 'tried'", "WHERE client_id = ? AND state = 'never'")
