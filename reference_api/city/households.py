"""Households (世帯情報): who lives with a person, each shown as far as each agreed."""

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply
from reference_api.city.users import own_subject, requested_purpose
from reference_api.errors import ApiError
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.services import Services
from reference_api.store.protocol import Row


async def get_household(services: Services, call: Call) -> Reply:
    """Size of a person's household, and those of its members who permit being named.

    The size is the person's own to disclose. Within the family a member is named by category ``family``, to a service
    by ``household``; the name needs ``profile.basic`` too.
    """
    sub = local_sub(services, call.token, call.parameters["sub"])
    is_own = own_subject(call) is not None
    if sub is None or call.token.subject not in (None, sub):
        raise ApiError("not-found")
    rows = await services.store.all(
        "SELECT sub, district, neighbourhood, name, name_kana FROM account WHERE household ="
        " (SELECT household FROM account WHERE sub = ?) ORDER BY sub",
        (sub,),
    )
    purpose, category = ("family_sharing", "family") if is_own else (requested_purpose(call, "procedures"), "household")
    subject = [_person(row, call) for row in rows if row[0] == sub]
    others = [row for row in rows if row[0] != sub]
    judged = await disclosure.judge(services, call, subject, purpose, ("household",))
    if not judged or not judged[0]["household"].permit:
        raise ApiError("not-found")
    own = judged[0]
    people = [_person(row, call) for row in others]
    judged = await disclosure.judge(services, call, people, purpose, (category, "profile.basic"))
    named = [(row, decisions) for row, decisions in zip(others, judged, strict=True) if decisions[category].permit]
    keys = [(disclosure.person_key(row[0], None), decisions) for row, decisions in named]
    await disclosure.log(services, call, purpose, [(subject[0].key, own), *keys])
    members = [_member(services, call, row, decisions) for row, decisions in named]
    shape = {"sub": call.parameters["sub"], "size": len(rows), "members": members}
    return json_reply(shape | {"disclosure": disclosure.entries(own)})


def _person(row: Row, call: Call) -> disclosure.Person:
    key = disclosure.person_key(row[0], None)
    return disclosure.Person(key, row[0], row[1], row[2], own=row[0] == own_subject(call))


def _member(services: Services, call: Call, row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    member: dict[str, object] = {"sub": shown_sub(services, call.token, row[0])}
    if decisions["profile.basic"].permit:
        member |= {"name": row[3], "name_kana": row[4]}
    return member | {"disclosure": disclosure.entries(decisions)}
