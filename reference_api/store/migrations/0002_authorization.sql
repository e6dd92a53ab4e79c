-- Clients, keys, sessions, grants, codes and tokens of the authorization server. What a client or a person holds is kept
-- as its SHA-256; lists of codes are separated by blanks, lists of URIs and details are JSON.

-- The secret of this server, where the environment gives none: one row at most.
CREATE TABLE server_secret (id INTEGER PRIMARY KEY CHECK (id = 1), secret TEXT NOT NULL);
-- Private keys sealed with the server's secret. A key signs from active_from_s until a later one does.
CREATE TABLE signing_key (
    id ROW_ID, kid TEXT NOT NULL UNIQUE, alg TEXT NOT NULL, sealed_jwk TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL,
    active_from_s DOUBLE PRECISION NOT NULL);

-- secret_sha256 is NULL for clients without a secret; sector is NULL where local IDs are shown; metadata is what the
-- client registered, as JSON.
CREATE TABLE client (
    client_id TEXT PRIMARY KEY, role TEXT NOT NULL, recipient TEXT NOT NULL, scopes TEXT NOT NULL, secret_sha256 TEXT,
    auth_method TEXT NOT NULL DEFAULT 'client_secret_basic', grant_types TEXT NOT NULL DEFAULT 'client_credentials', sector TEXT,
    redirect_uris TEXT NOT NULL DEFAULT '[]', post_logout_redirect_uris TEXT NOT NULL DEFAULT '[]',
    backchannel_logout_uri TEXT, backchannel_session_required INTEGER NOT NULL DEFAULT 0, jwks TEXT,
    name_ja TEXT NOT NULL DEFAULT '', name_en TEXT NOT NULL DEFAULT '', id_token_alg TEXT NOT NULL DEFAULT 'RS256',
    require_par INTEGER NOT NULL DEFAULT 0, default_max_age_s INTEGER, registered_at_s DOUBLE PRECISION,
    registration_token_sha256 TEXT, metadata TEXT NOT NULL DEFAULT '{}');
-- What a sandbox's clients prove themselves by, for its discovery document; empty in every other environment.
CREATE TABLE sandbox_secret (client_id TEXT PRIMARY KEY, secret TEXT, private_jwk TEXT);
-- Assertions by which clients have proven themselves (private_key_jwt): each counts once.
CREATE TABLE used_assertion (client_id TEXT NOT NULL, jti TEXT NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (client_id, jti));
CREATE INDEX used_assertion_by_expiry ON used_assertion (expires_at_s);

-- A person signed in with a browser. The cookie's value is kept hashed; sid is what clients are told (Back-Channel Logout 2.1).
CREATE TABLE auth_session (
    cookie_sha256 TEXT PRIMARY KEY, sid TEXT NOT NULL UNIQUE, sub TEXT NOT NULL, auth_time_s DOUBLE PRECISION NOT NULL,
    acr TEXT NOT NULL, amr TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL,
    expires_at_s DOUBLE PRECISION NOT NULL, ended_at_s DOUBLE PRECISION);
CREATE INDEX auth_session_by_sub ON auth_session (sub);
CREATE INDEX auth_session_by_expiry ON auth_session (expires_at_s);
-- An authorization request while the person signs in and consents; request is an AuthorizationRequest as JSON, sid the
-- session that was signed in or chosen for it.
CREATE TABLE interaction (
    handle_sha256 TEXT PRIMARY KEY, browser_sha256 TEXT NOT NULL, request TEXT NOT NULL, sid TEXT, signed_in INTEGER NOT NULL DEFAULT 0,
    device_sha256 TEXT, created_at_s DOUBLE PRECISION NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, finished_at_s DOUBLE PRECISION);
CREATE INDEX interaction_by_expiry ON interaction (expires_at_s);

-- RFC 9126: parameters as they were pushed, as JSON.
CREATE TABLE pushed_request (
    handle_sha256 TEXT PRIMARY KEY, client_id TEXT NOT NULL, parameters TEXT NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL,
    used_at_s DOUBLE PRECISION);
CREATE INDEX pushed_request_by_expiry ON pushed_request (expires_at_s);

-- What a person granted to a client once; every code and token of it dies with it. sub is the local ID.
CREATE TABLE authorization_grant (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, sub TEXT NOT NULL, sid TEXT, scope TEXT NOT NULL, resources TEXT NOT NULL,
    authorization_details TEXT NOT NULL, claims TEXT NOT NULL, nonce TEXT, acr TEXT NOT NULL, amr TEXT NOT NULL,
    auth_time_s DOUBLE PRECISION NOT NULL, created_at_s DOUBLE PRECISION NOT NULL, revoked_at_s DOUBLE PRECISION);
CREATE INDEX authorization_grant_by_age ON authorization_grant (created_at_s);
CREATE INDEX authorization_grant_by_session ON authorization_grant (sid);
CREATE INDEX authorization_grant_by_subject ON authorization_grant (sub, client_id);
CREATE INDEX authorization_grant_by_revocation ON authorization_grant (revoked_at_s) WHERE revoked_at_s IS NOT NULL;
-- The consent records that a grant rests on.
CREATE TABLE grant_consent (consent_id TEXT NOT NULL, grant_id TEXT NOT NULL, withdrawn_at_s DOUBLE PRECISION, PRIMARY KEY (consent_id, grant_id));
CREATE INDEX grant_consent_by_grant ON grant_consent (grant_id);

CREATE TABLE authorization_code (
    code_sha256 TEXT PRIMARY KEY, grant_id TEXT NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, used_at_s DOUBLE PRECISION);
CREATE INDEX authorization_code_by_expiry ON authorization_code (expires_at_s);
CREATE TABLE refresh_token (
    token_sha256 TEXT PRIMARY KEY, grant_id TEXT NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, used_at_s DOUBLE PRECISION);
CREATE INDEX refresh_token_by_grant ON refresh_token (grant_id);
CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at_s);
-- Access tokens revoked one by one, and clients that were removed; kept until the last token would have ended.
CREATE TABLE revoked_token (jti TEXT PRIMARY KEY, expires_at_s DOUBLE PRECISION NOT NULL);

-- RFC 8628. grant_id is set when the person agreed.
CREATE TABLE device_code (
    code_sha256 TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, client_id TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
    grant_id TEXT, created_at_s DOUBLE PRECISION NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, interval_s INTEGER NOT NULL,
    polled_at_s DOUBLE PRECISION);
CREATE INDEX device_code_by_expiry ON device_code (expires_at_s);
