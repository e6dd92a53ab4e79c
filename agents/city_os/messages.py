"""What answers of the contract are read as: only the members that agents need, others are ignored."""

import msgspec


class Token(msgspec.Struct):
    """Schema TokenResponse."""

    access_token: str
    expires_in: int


class Problem(msgspec.Struct):
    """Schema Problem (RFC 9457) or OAuthError, as far as a message to a reader needs it."""

    title: str = ""
    detail: str = ""
    error: str = ""


class Made(msgspec.Struct):
    """Something that was made, under an id."""

    id: str


class Level(msgspec.Struct):
    """Schema ShelterStatus."""

    id: str
    status: str
    headcount: int


class Board(msgspec.Struct):
    """Schema ShelterBoard."""

    items: list[Level]


class Person(msgspec.Struct):
    """Schema PersonName: at most one of the two is told."""

    sub: str | None = None
    temp_id: str | None = None


class PersonItem(msgspec.Struct):
    """An entry of CheckInPage or SafetyReportPage; ``person`` is None where nobody may be named."""

    person: Person | None


class PersonPage(msgspec.Struct):
    """Schema CheckInPage or SafetyReportPage."""

    items: list[PersonItem]
    next_cursor: str | None


class SubjectItem(msgspec.Struct):
    """An entry of LocationPage, RegisterPage or DeliveryPage."""

    sub: str | None = None
    temp_id: str | None = None
    outcome: str | None = None


class SubjectPage(msgspec.Struct):
    """Schema LocationPage, RegisterPage or DeliveryPage."""

    items: list[SubjectItem]
    next_cursor: str | None


class SandboxClient(msgspec.Struct):
    """A test client; ``recipient`` is municipality, association:<neighbourhood code> or family."""

    client_id: str
    role: str
    client_secret: str = ""
    recipient: str = ""
    scopes: list[str] = msgspec.field(default_factory=list)


class Seeding(msgspec.Struct, frozen=True):
    """Which town and people a sandbox was filled with."""

    town: str
    people: int
    seed: int
    population_sha256: str


class Sandbox(msgspec.Struct):
    """Schema Sandbox."""

    clients: list[SandboxClient]
    seeding: Seeding | None = None
    ids: int = 0


class CityOsDocument(msgspec.Struct):
    """Schema CityOs, the discovery document."""

    contract_version: str
    municipality: str
    environment: str
    issuer: str
    api_base: str
    sandbox: Sandbox | None = None


class ProviderMetadata(msgspec.Struct):
    """Schema ProviderMetadata."""

    token_endpoint: str
