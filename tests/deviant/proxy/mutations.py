"""The proxy's mutations of an OpenID provider: two that change nothing that matters, then one fault each."""

from dataclasses import replace

from deviant.proxy.alterations import (
    AUTHORIZE,
    INTROSPECT,
    JWKS,
    METADATA,
    STANDARD,
    TOKEN,
    USERINFO,
    AddedQuery,
    Replayed,
    ShortCodes,
    adding,
    answers,
    asked,
    broken_signature,
    field,
    in_ms,
    later,
    logged_out,
    members,
    only_if,
    open_redirect,
    refusal,
    registered,
    revoked,
    right_secret,
    shared_members,
    stateless,
    status,
    told,
    unsigned,
    without,
    without_proof,
)
from deviant.proxy.finer import FINER
from deviant.proxy.mutating import Message, Mutation

NULL = Mutation("null", "Passes everything on as it is.", ())
SIGNED_AGAIN = Mutation(
    "signed again", "Signs ID tokens again with a key of its own, which it publishes.", (), signs_again=True
)


_SHORT, _ADDED = ShortCodes(), AddedQuery()

FAULTS: tuple[Mutation, ...] = (
    Mutation("other state", "The callback has another state.", ("OIDC-011",), answer=told(only_if("state", "other"))),
    Mutation("no state", "The callback has no state.", ("OIDC-011",), answer=told(without("state"))),
    Mutation(
        "other iss",
        "The callback names another issuer.",
        ("OIDC-012",),
        answer=told(adding(iss="https://other.example")),
    ),
    Mutation("no iss", "The callback names no issuer.", ("OIDC-012",), answer=told(without("iss"))),
    Mutation(
        "short codes",
        "Codes are short numbers.",
        ("OIDC-035",),
        request=_SHORT.request,
        answer=_SHORT.answer,
    ),
    Mutation(
        "metadata as text",
        "Metadata are text/plain.",
        ("OIDC-026",),
        answer=field(METADATA, "content-type", "text/plain"),
    ),
    Mutation(
        "issuer with slash",
        "The issuer of the metadata ends with a slash.",
        ("OIDC-001",),
        answer=members(METADATA, only_if("issuer", lambda said: said + "/")),
    ),
    Mutation(
        "no subject types",
        "subject_types_supported is missing.",
        ("OIDC-002",),
        answer=members(METADATA, without("subject_types_supported")),
    ),
    Mutation(
        "no response types",
        "response_types_supported is missing.",
        ("OIDC-002",),
        answer=members(METADATA, without("response_types_supported")),
    ),
    Mutation(
        "no RS256",
        "RS256 is not among the signing algorithms.",
        ("OIDC-027",),
        answer=members(METADATA, adding(id_token_signing_alg_values_supported=["ES256"])),
    ),
    Mutation(
        "private keys",
        "The JWKS hold a private part.",
        ("OIDC-029",),
        answer=members(JWKS, only_if("keys", shared_members)),
    ),
    Mutation("no kid", "The ID token's header has no kid, with several keys.", ("OIDC-003",), header=without("kid")),
    Mutation(
        "no token type",
        "The token response has no token_type.",
        ("OIDC-038",),
        answer=members(TOKEN, without("token_type")),
    ),
    Mutation(
        "tokens may be cached",
        "Token responses may be cached.",
        ("OIDC-038",),
        answer=field(TOKEN, "cache-control", "public, max-age=60"),
    ),
    Mutation(
        "errors with 200",
        "Errors of the token endpoint come with 200.",
        ("OIDC-039", "OIDC-040"),
        answer=answers(TOKEN, lambda _, answer: replace(answer, status=200), good=False),
    ),
    Mutation(
        "own error codes",
        "Errors of the token endpoint have codes of their own.",
        ("OIDC-039", "OIDC-040"),
        answer=members(TOKEN, only_if("error", "bad_thing"), good=False),
    ),
    Mutation("code twice", "A code can be redeemed twice.", ("OIDC-007",), answer=Replayed("code").answer),
    Mutation(
        "unknown grant",
        "An unknown grant_type is called an invalid_request.",
        ("OIDC-048",),
        answer=members(
            TOKEN,
            lambda given: (
                given | ({"error": "invalid_request"} if given.get("error") == "unsupported_grant_type" else {})
            ),
            good=False,
        ),
    ),
    Mutation(
        "no challenge of Basic",
        "401 to Basic has no WWW-Authenticate.",
        ("OIDC-039",),
        answer=field(TOKEN, "www-authenticate", None, good=False),
    ),
    Mutation(
        "aud of another", "aud of the ID token is another client.", ("OIDC-010",), claims=adding(aud="another-client")
    ),
    Mutation(
        "azp of another", "azp of the ID token is another client.", ("OIDC-010",), claims=adding(azp="another-client")
    ),
    Mutation("other nonce", "The nonce of the ID token is another.", ("OIDC-008",), claims=only_if("nonce", "other")),
    Mutation("no nonce", "The ID token has no nonce.", ("OIDC-008",), claims=without("nonce")),
    Mutation("ended ID token", "The ID token has ended when it is issued.", ("OIDC-049",), claims=later),
    Mutation("milliseconds", "exp and iat are milliseconds.", ("OIDC-049",), claims=in_ms),
    Mutation("no iat", "The ID token has no iat.", ("OIDC-049",), claims=without("iat")),
    Mutation("sub is a number", "sub of the ID token is a number.", ("OIDC-049",), claims=only_if("sub", 7)),
    Mutation(
        "wrong at_hash", "at_hash is of something else.", ("OIDC-050",), claims=adding(at_hash="AAAAAAAAAAAAAAAAAAAAAA")
    ),
    Mutation(
        "iss with slash",
        "iss of the ID token ends with a slash.",
        ("OIDC-001",),
        claims=only_if("iss", lambda said: said + "/"),
    ),
    Mutation("alg none", "ID tokens are not signed.", ("OIDC-009",), answer=members(TOKEN, unsigned)),
    Mutation(
        "wrong signature",
        "The signature of ID tokens does not verify.",
        ("OIDC-051",),
        answer=members(TOKEN, broken_signature),
    ),
    Mutation(
        "other sub",
        "UserInfo tells another sub.",
        ("OIDC-015",),
        answer=members(USERINFO, only_if("sub", "somebody-else")),
    ),
    Mutation(
        "verified as text",
        "email_verified is a string.",
        ("OIDC-053",),
        answer=members(USERINFO, only_if("email_verified", "true")),
    ),
    Mutation(
        "address as text",
        "address is a string.",
        ("OIDC-053",),
        answer=members(USERINFO, only_if("address", "会津若松市")),
    ),
    Mutation(
        "updated as text",
        "updated_at is a text.",
        ("OIDC-053",),
        answer=members(USERINFO, only_if("updated_at", "2026-11-01T00:00:00Z")),
    ),
    Mutation(
        "too many claims",
        "UserInfo tells more than was granted.",
        ("OIDC-084",),
        answer=members(USERINFO, adding(address={"formatted": "会津若松市"}, phone_number="+81")),
    ),
    Mutation(
        "400 for bad tokens",
        "A token that is not valid gets 400.",
        ("OIDC-055",),
        answer=status(USERINFO, 400, of=401),
    ),
    Mutation(
        "no Bearer challenge",
        "A 401 of UserInfo has no WWW-Authenticate.",
        ("OIDC-055",),
        answer=field(USERINFO, "www-authenticate", None, good=False),
    ),
    Mutation(
        "UserInfo by GET only",
        "UserInfo refuses POST.",
        ("OIDC-054",),
        instead=lambda request: (
            Message(request.url, "POST", (("allow", "GET"),), b"", 405)
            if request.path == USERINFO and request.method == "POST"
            else None
        ),
    ),
    Mutation(
        "active for ever",
        "Introspection calls every token active.",
        ("OIDC-018",),
        answer=members(INTROSPECT, adding(active=True)),
    ),
    Mutation(
        "introspection for all",
        "Introspection tells why a token is not valid.",
        ("OIDC-082",),
        answer=members(
            INTROSPECT,
            lambda given: given if given.get("active") else {**given, "sub": "somebody", "reason": "expired"},
        ),
    ),
    Mutation(
        "POST refused",
        "The authorization endpoint refuses POST.",
        ("OIDC-036",),
        instead=lambda request: (
            Message(request.url, "POST", (("allow", "GET"),), b"", 405)
            if request.path == AUTHORIZE and request.method == "POST"
            else None
        ),
    ),
    Mutation(
        "prompt=login ignored",
        "prompt=login is not heard.",
        ("OIDC-031",),
        request=asked(lambda asked: without("prompt")(asked) if asked.get("prompt") == "login" else asked),
    ),
    Mutation("max_age ignored", "max_age is not heard.", ("OIDC-014",), request=asked(without("max_age"))),
    Mutation(
        "prompt=none ignored",
        "prompt=none shows pages.",
        ("OIDC-013",),
        request=asked(lambda asked: without("prompt")(asked) if asked.get("prompt") == "none" else asked),
    ),
    Mutation(
        "id_token_hint ignored",
        "A hint of somebody else is not heard.",
        ("OIDC-062",),
        request=asked(without("id_token_hint")),
    ),
    Mutation(
        "unknown parameters",
        "An unknown parameter makes a request fail.",
        ("OIDC-032",),
        instead=refusal(
            AUTHORIZE,
            "invalid_request",
            lambda asked: (
                not set(asked)
                <= {
                    *STANDARD,
                    "code_challenge_method",
                    "prompt",
                    "max_age",
                    "id_token_hint",
                    "login_hint",
                    "claims",
                    "acr_values",
                    "ui_locales",
                    "display",
                    "claims_locales",
                    "request",
                    "request_uri",
                    "response_mode",
                    "authorization_details",
                    "resource",
                }
            ),
        ),
    ),
    Mutation(
        "display refused",
        "display=page makes a request fail.",
        ("OIDC-032",),
        instead=refusal(AUTHORIZE, "invalid_request", lambda asked: "display" in asked),
    ),
    Mutation(
        "ui_locales refused",
        "ui_locales makes a request fail.",
        ("OIDC-032",),
        instead=refusal(AUTHORIZE, "invalid_request", lambda asked: "ui_locales" in asked),
    ),
    Mutation(
        "order of scopes",
        "openid must come first.",
        ("OIDC-033",),
        instead=refusal(
            AUTHORIZE, "invalid_scope", lambda asked: not asked.get("scope", "openid").startswith("openid")
        ),
    ),
    Mutation(
        "claims as JSON text",
        "Metadata claim a claims parameter, and requests with it fail.",
        ("OIDC-028",),
        instead=refusal(AUTHORIZE, "invalid_request", lambda asked: "claims" in asked),
    ),
    Mutation(
        "added query",
        "A redirect URI with an added query is taken.",
        ("OIDC-006",),
        request=_ADDED.request,
        answer=_ADDED.answer,
    ),
    Mutation("any secret", "Any client secret is taken.", ("OIDC-039",), request=right_secret),
    Mutation("no PKCE", "The code verifier is not looked at.", ("OIDC-041",), request=without_proof),
    Mutation(
        "refresh twice",
        "A refresh token that worked once works for ever, and for anybody.",
        ("OIDC-017", "OIDC-079"),
        answer=Replayed("refresh_token").answer,
    ),
    Mutation("logout ignored", "Nobody is signed out.", ("OIDC-022",), instead=logged_out),
    Mutation("open redirect", "After signing out people are sent anywhere.", ("OIDC-020",), instead=open_redirect),
    Mutation("no state after logout", "State does not come back after signing out.", ("OIDC-057",), answer=stateless),
    Mutation("revocation ignored", "Revocation does nothing.", ("OIDC-017",), instead=revoked),
    Mutation("fragment registered", "A redirect URI with a fragment is registered.", ("OIDC-066",), instead=registered),
    *FINER,
)
