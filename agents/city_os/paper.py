"""PaperCityOS: there is no city OS, so people have paper and voice only."""

from typing import Any

from agents.city_os.port import Answer, Failure, FailureKind

_NO_ANSWER: Answer[Any] = Answer(None, Failure(FailureKind.ABSENT, detail="there is no city OS"))


def _absent(_self: "PaperCityOS", *_asked: object, **_named: object) -> Answer[Any]:
    return _NO_ANSWER


class PaperCityOS:
    """Answers every verb of CityOS with "there is no city OS", at once."""

    name = "none"
    connected = False

    declare = _absent
    issue_order = _absent
    set_shelter_status = _absent
    notify = _absent
    deliveries = _absent
    evacuees = _absent
    known_safe = _absent
    positions = _absent
    shelter_board = _absent
    report_safety = _absent
    family_safety = _absent
    put_position = _absent
    check_in = _absent
    check_out = _absent
    support_list = _absent
    confirm_safety = _absent
    association_safety = _absent
