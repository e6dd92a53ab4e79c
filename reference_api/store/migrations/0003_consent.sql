-- Consent records with their history and receipts, decisions asked for, disclosures made, and who is told of events.

-- A record covers every combination of its codes (lists separated by blanks). record_id is its public name, a UUIDv4.
-- client_id: the client that asked the person, none where the person came by themselves. version counts its events.
CREATE TABLE consent (
    id ROW_ID, record_id TEXT NOT NULL, subject TEXT NOT NULL, purpose TEXT NOT NULL, categories TEXT NOT NULL, recipients TEXT NOT NULL,
    modes TEXT NOT NULL, state TEXT NOT NULL, valid_from_s DOUBLE PRECISION, valid_until_s DOUBLE PRECISION,
    actions TEXT NOT NULL DEFAULT 'read', locations TEXT NOT NULL DEFAULT '', client_id TEXT, language TEXT NOT NULL DEFAULT 'ja',
    notice_hash TEXT NOT NULL DEFAULT '', updated_at_s DOUBLE PRECISION NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1);
CREATE INDEX consent_by_subject ON consent (subject, id);
CREATE INDEX consent_by_client ON consent (client_id, id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX consent_by_record ON consent (record_id) WHERE client_id IS NOT NULL;
-- What happened to a record, the first event included; evidence is JSON. valid_until_s: when the record then was to end.
CREATE TABLE consent_event (
    id ROW_ID, consent_id BIGINT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, at_s DOUBLE PRECISION NOT NULL, entity_id TEXT NOT NULL,
    method TEXT NOT NULL, evidence TEXT NOT NULL DEFAULT '{}', valid_until_s DOUBLE PRECISION);
CREATE INDEX consent_event_by_consent ON consent_event (consent_id, id);
-- The receipt of a version of a record, signed once for each sector of subjects ('' where local IDs are shown).
CREATE TABLE consent_receipt (
    receipt_id TEXT PRIMARY KEY, consent_id BIGINT NOT NULL, version INTEGER NOT NULL, sector TEXT NOT NULL,
    issued_at_s DOUBLE PRECISION NOT NULL, jws TEXT NOT NULL, UNIQUE (consent_id, version, sector));

-- Public halves of the keys that signed receipts: kept as long as receipts are, which outlive the authorization server's keys.
CREATE TABLE receipt_key (kid TEXT PRIMARY KEY, jwk TEXT NOT NULL, first_used_at_s DOUBLE PRECISION NOT NULL);

-- Every decision that was asked for by itself: who asked about whom, and what was answered.
CREATE TABLE consent_decision (
    id ROW_ID, at_s DOUBLE PRECISION NOT NULL, client_id TEXT NOT NULL, asker TEXT NOT NULL, subject TEXT NOT NULL, recipient TEXT NOT NULL,
    purpose TEXT NOT NULL, category TEXT NOT NULL, mode TEXT NOT NULL, permit INTEGER NOT NULL, basis TEXT NOT NULL,
    clause TEXT NOT NULL, reason TEXT NOT NULL);

-- Every disclosure of personal data: which request, of whom, which categories on which basis.
CREATE TABLE access_request (id ROW_ID, at_s DOUBLE PRECISION NOT NULL, operation_id TEXT NOT NULL, client_id TEXT NOT NULL, recipient TEXT NOT NULL, purpose TEXT NOT NULL);
CREATE TABLE access_grant (id ROW_ID, grants TEXT NOT NULL UNIQUE);
CREATE TABLE access_log (request_id BIGINT NOT NULL, person TEXT NOT NULL, grant_id BIGINT NOT NULL);
CREATE INDEX access_log_by_person ON access_log (person, request_id);
-- Disclosures by law of which the person is to be told afterwards: the first to a client for a purpose on a basis.
CREATE TABLE notify_after (
    person TEXT NOT NULL, client_id TEXT NOT NULL, purpose TEXT NOT NULL, grant_id BIGINT NOT NULL, request_id BIGINT NOT NULL,
    PRIMARY KEY (person, client_id, purpose, grant_id));

-- Where clients take security event tokens (RFC 8935), and which: names of events.toml, separated by blanks.
CREATE TABLE event_stream (
    id ROW_ID, client_id TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1);
CREATE INDEX event_stream_by_client ON event_stream (client_id, id);
