"""What a person is told that a scope allows, in words."""

from collections.abc import Mapping

from conformance.contract.operations import load_document
from reference_api.fhir.smart import CREATE, DELETE, READ, SEARCH, UPDATE, SmartScope, read_scope
from reference_api.oidc.clients import ClientRecord
from reference_api.pages.texts import load_texts

_DEEDS: Mapping[str, str] = {"see": READ + SEARCH, "add": CREATE, "change": UPDATE, "delete": DELETE}
"""Letters of a SMART scope by what they let somebody do, as a person sees it."""


def scope_words(client: ClientRecord | None, scope: str, language: str) -> str:
    """What a scope gives this client; the contract's words for one that has none of its own."""
    texts = load_texts(language)["scopes"]
    if scope == "openid" and client is not None and client.sector is None:
        # The subject of a client without a sector is the local ID.
        return texts["local_id"]
    if scope in texts:
        return texts[scope]
    of_health = read_scope(scope)
    if of_health is not None:
        return _health_words(of_health, load_texts(language)["health"], "、" if language == "ja" else ", ")
    scheme = load_document()["components"]["securitySchemes"]["oauth"]
    scopes = scheme["x-scopes-ja"] if language == "ja" else scheme["flows"]["clientCredentials"]["scopes"]
    return str(scopes.get(scope, scope)).rstrip("。")


def _health_words(scope: SmartScope, texts: Mapping[str, str], joint: str) -> str:
    """Whose records of which kind, and what may be done with them."""
    kind = texts["records"] if scope.resource_type == "*" else texts.get(scope.resource_type, scope.resource_type)
    deeds = [texts[deed] for deed, letters in _DEEDS.items() if set(letters) & set(scope.letters)]
    told = texts[scope.level].format(kind=kind, deeds=joint.join(deeds))
    if not scope.query:
        return told
    return texts["narrowed"].format(told=told, query=", ".join(f"{name}={value}" for name, value in scope.query))
