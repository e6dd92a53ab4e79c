"""People as check-ins and safety reports name them: with an account, or as they told it."""

from reference_api.call import Token
from reference_api.city.shapes import Told
from reference_api.errors import ApiError, invalid
from reference_api.oidc.subjects import local_sub
from reference_api.services import Services
from reference_api.store.protocol import Row


async def known_account(services: Services, token: Token, sub: str, pointer: str) -> Row:
    """Household, district and neighbourhood of the account that the caller may speak of.

    A citizen speaks of themselves, an association of its own area's people; whoever else is named looks unknown.

    Raises:
        ApiError: insufficient-scope or validation.
    """
    if token.subject is not None and token.subject != sub:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    row = await services.store.one("SELECT household, district, neighbourhood FROM account WHERE sub = ?", (sub,))
    if row is None or (token.association is not None and token.association != row[2]):
        raise invalid(pointer, "unknown_subject")
    return row


async def account_named(services: Services, token: Token, text: str, pointer: str) -> tuple[str, Row]:
    """Local ID of the account that a client calls ``text``, and its row as of ``known_account``.

    Raises:
        ApiError: insufficient-scope or validation.
    """
    sub = local_sub(services, token, text)
    if sub is None:
        raise invalid(pointer, "unknown_subject")
    return sub, await known_account(services, token, sub, pointer)


async def linked_sub(services: Services, temp_id: str) -> str | None:
    """Account of a person who was received under a temporary id and turned out to have an ID, None if there is none."""
    row = await services.store.one("SELECT sub FROM person_link WHERE temp_id = ?", (temp_id,))
    return None if row is None else str(row[0])


async def keep_told(services: Services, token: Token, temp_id: str, told: Told) -> None:
    """Keep what a person without an account told whoever asks; what was known stays, what is new is added.

    Where the home's neighbourhood is not told, an association that writes it down speaks of its own.
    """
    await services.store.run(
        "INSERT INTO unregistered"
        " (temp_id, told_to, name, name_kana, sex, birth_date, address, phone, neighbourhood, household_size)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (temp_id, told_to) DO UPDATE SET"
        " name = COALESCE(unregistered.name, excluded.name),"
        " name_kana = COALESCE(unregistered.name_kana, excluded.name_kana),"
        " sex = COALESCE(unregistered.sex, excluded.sex),"
        " birth_date = COALESCE(unregistered.birth_date, excluded.birth_date),"
        " address = COALESCE(unregistered.address, excluded.address),"
        " phone = COALESCE(unregistered.phone, excluded.phone),"
        " neighbourhood = COALESCE(unregistered.neighbourhood, excluded.neighbourhood),"
        " household_size = COALESCE(unregistered.household_size, excluded.household_size)",
        (
            temp_id,
            token.recipient,
            told.name,
            told.name_kana,
            told.sex,
            None if told.birth_date is None else told.birth_date.isoformat(),
            told.address,
            told.phone,
            told.neighbourhood or token.association,
            told.household_size,
        ),
    )


TOLD_COLUMNS = ("name", "name_kana", "sex", "birth_date", "address", "phone")
"""Columns of ``unregistered`` that a list may show, as the schema PersonName names them."""

BASIC_COLUMNS = ("name", "name_kana", "sex", "birth_date", "address")
"""Columns of ``account`` under category profile.basic (基本4情報 and the reading of the name)."""


def named(columns: tuple[str, ...], values: tuple[object, ...]) -> dict[str, object]:
    """The values that are known, by column."""
    return {column: value for column, value in zip(columns, values, strict=True) if value is not None}
