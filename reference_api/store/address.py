"""Addresses of databases as they may be shown."""


def without_password(url: str) -> str:
    """The address without password and options, whatever its form; for messages and logs.

    User and password end at the last ``@``: a password may hold any character, even one that should be escaped.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{place.partition('?')[0]}"
