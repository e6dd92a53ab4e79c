-- Health resources, their versions and search index.

-- The newest version of each resource, with what searches compare. account_id is the patient; category is of the consent
-- catalogue; starts_s and ends_s are when it was true of the patient, NULL where that is not told.
CREATE TABLE fhir_resource (
    id ROW_ID, type TEXT NOT NULL, logical_id TEXT NOT NULL, account_id BIGINT NOT NULL, category TEXT NOT NULL,
    version INTEGER NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
    starts_s DOUBLE PRECISION, ends_s DOUBLE PRECISION, UNIQUE (type, logical_id));
CREATE INDEX fhir_resource_by_patient ON fhir_resource (account_id, type, id);
CREATE INDEX fhir_resource_by_type ON fhir_resource (type, id);

-- Patients without an account: negative numbers that stand for account_id, and the client whose record each is.
CREATE TABLE fhir_patient (account_id BIGINT PRIMARY KEY, client_id TEXT NOT NULL);
CREATE INDEX fhir_patient_by_client ON fhir_patient (client_id, account_id);

-- Every version as it was written; content is NULL where the resource was deleted.
CREATE TABLE fhir_version (
    resource_id BIGINT NOT NULL, version INTEGER NOT NULL, updated_at_s DOUBLE PRECISION NOT NULL, method TEXT NOT NULL,
    content TEXT, PRIMARY KEY (resource_id, version));

-- Codes, folded texts and references by search parameter; of the newest version only.
CREATE TABLE fhir_token (resource_id BIGINT NOT NULL, parameter TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL);
CREATE INDEX fhir_token_by_resource ON fhir_token (resource_id, parameter, code);
CREATE INDEX fhir_token_by_code ON fhir_token (code);
