"""Plan: one file that says what is judged, by which profiles, and how to sign in there."""

from collections.abc import Mapping
from typing import Literal

import msgspec

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Origin = Literal["plan", "sandbox", "registration"]


class TargetPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[target]``: addresses and limits.

    ``issuer`` is the OpenID provider's issuer, ``city_os`` the base address below which ``/.well-known/city-os`` is,
    ``fhir`` the base address of the FHIR server; empty where there is none. ``timeout_s`` is the longest wait for an
    answer. ``ca_file`` holds certificates to trust beside the system's.
    """

    profiles: tuple[str, ...]
    issuer: str = ""
    city_os: str = ""
    fhir: str = ""
    timeout_s: float = 10.0
    ca_file: str = ""


class ClientPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[client]``, ``[second_client]`` or one of ``[roles]``: a client that the suite acts as.

    ``origin``: its credentials stand in the environment (plan), in the sandbox's discovery document (sandbox), or the
    suite registers it (registration). With a sandbox, ``client_id`` names which of its clients.
    """

    origin: Origin = "plan"
    client_id: str = ""
    client_id_env: str = "CITYTWIN_CLIENT_ID"
    client_secret_env: str = "CITYTWIN_CLIENT_SECRET"  # noqa: S105 - the name of a variable
    private_jwk_env: str = ""
    auth_method: AuthMethod = "client_secret_basic"
    redirect_uri: str = "http://127.0.0.1:8765/callback"
    post_logout_redirect_uri: str = ""
    backchannel_logout_uri: str = ""
    scope: str = "openid"


class PersonPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[person]`` or ``[second_person]``: a made-up person who signs in; names of environment variables."""

    origin: Literal["plan", "sandbox"] = "plan"
    user_env: str = "CITYTWIN_USER"
    password_env: str = "CITYTWIN_PASSWORD"  # noqa: S105 - the name of a variable


class LoginStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of ``[[login.steps]]``: a request that the sign-in page's script would send.

    ``{user}``, ``{password}`` and what earlier steps ``keep`` stand in braces in ``url``, ``json`` and ``form``.
    ``keep`` names members of the JSON answer, by their path with dots. ``then`` opens an address after it, and
    ``when_page`` (a part of the page's address or text) says on which page the step is taken.
    """

    url: str = ""
    method: str = "POST"
    json: Mapping[str, object] | None = None
    form: Mapping[str, str] | None = None
    keep: Mapping[str, str] = {}
    then: str = ""
    when_page: str = ""


class LoginPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[login]``: how pages are passed without a browser.

    form: HTML forms; names of fields are guessed where they are empty. ``accept`` is the value or text of the button
    that agrees, ``sign_in`` of the one that signs in. steps: requests. command: a program that gets
    CITYTWIN_AUTHORIZATION_URL, CITYTWIN_USER and CITYTWIN_PASSWORD and prints the callback URL.
    """

    kind: Literal["form", "steps", "command"] = "form"
    user_field: str = ""
    password_field: str = ""
    sign_in: str = ""
    accept: str = ""
    steps: tuple[LoginStep, ...] = ()
    command: tuple[str, ...] = ()
    command_timeout_s: float = 60.0


class ReceiverPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[receiver]``: where the suite hears what the target sends (logout tokens, security event tokens).

    ``url`` is how the target reaches it (empty: it cannot); ``bind`` is the address and port listened on.
    """

    url: str = ""
    bind: str = "127.0.0.1:8765"


class FhirPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[fhir]``: how the FHIR server lets the suite in: without a token, with one given, or with a role's client.

    ``may_write``: resources may be created and deleted there; a server that holds real people's data must say false.
    """

    access: Literal["open", "token", "role"] = "open"
    token_env: str = "CITYTWIN_FHIR_TOKEN"  # noqa: S105 - the name of a variable
    role: str = "medical_institution"
    may_write: bool = True


class SandboxPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[sandbox]``: whether the city OS's sandbox may be set back, its clock set and its keys changed."""

    use: bool = True


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole plan. ``roles`` are clients of the city OS by role (city_office, shelter_desk, ...)."""

    target: TargetPart
    client: ClientPart = ClientPart()
    second_client: ClientPart | None = None
    person: PersonPart = PersonPart()
    second_person: PersonPart | None = None
    login: LoginPart = LoginPart()
    receiver: ReceiverPart = ReceiverPart()
    fhir: FhirPart = FhirPart()
    sandbox: SandboxPart = SandboxPart()
    roles: Mapping[str, ClientPart] = {}
