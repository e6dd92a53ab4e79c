-- Evacuee cards, surveys, requests of shelters, transfers, batches.

-- Designated emergency evacuation sites (災対法 49-4); hazards as in table shelter.
CREATE TABLE evacuation_site (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, name_kana TEXT NOT NULL, address TEXT NOT NULL, district TEXT NOT NULL,
    city TEXT NOT NULL, longitude_deg DOUBLE PRECISION NOT NULL, latitude_deg DOUBLE PRECISION NOT NULL, elevation_m DOUBLE PRECISION,
    capacity_persons INTEGER NOT NULL, hazards TEXT NOT NULL, for_communities TEXT NOT NULL);

-- Departures that end no stay that is known: whoever arrived before one and is told of later has left by then.
CREATE TABLE departure (person TEXT NOT NULL, at_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (person, at_s));
-- Whoever was received under a temporary id and turned out to have an ID.
CREATE TABLE person_link (
    temp_id TEXT PRIMARY KEY, sub TEXT NOT NULL, linked_at_s DOUBLE PRECISION NOT NULL, linked_by TEXT NOT NULL);
-- Items of offline uploads that took effect, so that the same item has effect once.
CREATE TABLE batch_item (
    client_id TEXT NOT NULL, subject TEXT NOT NULL, client_item_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
    result TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (client_id, subject, client_item_id));
CREATE INDEX batch_item_by_age ON batch_item (created_at_s);

-- What was written on a card (避難者カード), by person; number is random. An account's card may be there before any check-in.
CREATE TABLE evacuee_card (
    person TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, entries TEXT NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL,
    version INTEGER NOT NULL);

CREATE TABLE survey (
    id ROW_ID, kind TEXT NOT NULL, title TEXT NOT NULL, questions TEXT NOT NULL, state TEXT NOT NULL,
    created_at_s DOUBLE PRECISION NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL, deleted_at_s DOUBLE PRECISION,
    version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE survey_response (
    id ROW_ID, survey_id BIGINT NOT NULL, person TEXT, sub TEXT, temp_id TEXT, shelter_id TEXT, answers TEXT NOT NULL,
    observed_at_s DOUBLE PRECISION NOT NULL, created_at_s DOUBLE PRECISION NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL, recorded_for TEXT NOT NULL,
    deleted_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1);
CREATE UNIQUE INDEX survey_response_once ON survey_response (survey_id, person) WHERE deleted_at_s IS NULL;
CREATE INDEX survey_response_by_survey ON survey_response (survey_id, id);
CREATE INDEX survey_response_by_person ON survey_response (person, id);
-- What was derived from a response, apart from it: it has a consent of its own.
CREATE TABLE survey_derived (
    response_id BIGINT PRIMARY KEY, labels TEXT NOT NULL, method TEXT NOT NULL, derived_at_s DOUBLE PRECISION NOT NULL,
    recorded_for TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);

CREATE TABLE shelter_request (
    id ROW_ID, shelter_id TEXT NOT NULL, category TEXT NOT NULL, items TEXT NOT NULL, note TEXT NOT NULL, state TEXT NOT NULL,
    requested_at_s DOUBLE PRECISION NOT NULL, needed_by_s DOUBLE PRECISION, eta_s DOUBLE PRECISION,
    updated_at_s DOUBLE PRECISION NOT NULL, deleted_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1);
CREATE INDEX shelter_request_by_shelter ON shelter_request (shelter_id, id);
CREATE TABLE shelter_request_step (
    id ROW_ID, request_id BIGINT NOT NULL, state TEXT NOT NULL, at_s DOUBLE PRECISION NOT NULL, eta_s DOUBLE PRECISION, note TEXT NOT NULL);
CREATE INDEX shelter_request_step_by_request ON shelter_request_step (request_id, id);

-- People who live outside of shelters and need supplies.
CREATE TABLE off_shelter_evacuees (
    id ROW_ID, person TEXT, sub TEXT, temp_id TEXT, place TEXT NOT NULL, description TEXT NOT NULL,
    longitude_deg DOUBLE PRECISION, latitude_deg DOUBLE PRECISION, persons INTEGER NOT NULL, households INTEGER NOT NULL,
    needs TEXT NOT NULL, shelter_id TEXT, observed_at_s DOUBLE PRECISION NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL,
    recorded_for TEXT NOT NULL, deleted_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1);
CREATE UNIQUE INDEX off_shelter_evacuees_once ON off_shelter_evacuees (person) WHERE deleted_at_s IS NULL;
CREATE INDEX off_shelter_evacuees_by_shelter ON off_shelter_evacuees (shelter_id) WHERE deleted_at_s IS NULL;
