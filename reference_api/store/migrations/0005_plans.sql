-- Individual evacuation plans, hazard reports, register imports.

-- When the mode of a district, or of a neighbourhood inside it, last changed: lists asked with updated_since look here.
CREATE TABLE mode_change (district TEXT PRIMARY KEY, changed_at_s DOUBLE PRECISION NOT NULL);
CREATE INDEX consent_by_update ON consent (updated_at_s);
CREATE INDEX consent_by_begin ON consent (valid_from_s);
CREATE INDEX consent_by_end ON consent (valid_until_s);

-- Individual evacuation plans (個別避難計画): fields and sharing as JSON, each field with its source. One a person.
CREATE TABLE evacuation_plan (
    id ROW_ID, person TEXT NOT NULL, sub TEXT, temp_id TEXT, district TEXT, neighbourhood TEXT, household TEXT, fields TEXT NOT NULL,
    sharing TEXT NOT NULL, agreed_at_s DOUBLE PRECISION NOT NULL, created_by TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL,
    updated_at_s DOUBLE PRECISION NOT NULL, deleted_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1,
    CHECK ((sub IS NULL) <> (temp_id IS NULL)));
CREATE UNIQUE INDEX evacuation_plan_present ON evacuation_plan (person) WHERE deleted_at_s IS NULL;
CREATE INDEX evacuation_plan_by_neighbourhood ON evacuation_plan (neighbourhood, id);
CREATE INDEX evacuation_plan_by_household ON evacuation_plan (household, id);
-- Supporters who have an account, so that they find the plans in which they are named.
CREATE TABLE plan_supporter (plan_id BIGINT NOT NULL, sub TEXT NOT NULL, PRIMARY KEY (plan_id, sub));
CREATE INDEX plan_supporter_by_sub ON plan_supporter (sub, plan_id);
-- Links by which people without an account see what they were given; only a hash of the link's secret is kept.
CREATE TABLE plan_share_link (
    id ROW_ID, plan_id BIGINT NOT NULL, secret_sha256 TEXT NOT NULL UNIQUE, items TEXT NOT NULL, note TEXT NOT NULL,
    created_at_s DOUBLE PRECISION NOT NULL, expires_at_s DOUBLE PRECISION NOT NULL, revoked_at_s DOUBLE PRECISION,
    views INTEGER NOT NULL DEFAULT 0, last_viewed_at_s DOUBLE PRECISION);
CREATE INDEX plan_share_link_by_plan ON plan_share_link (plan_id, id);

-- Imports of the register (名簿) from LGWAN: what a signed file would change, and when it was applied.
CREATE TABLE register_import (
    id ROW_ID, client_id TEXT NOT NULL, file_sha256 TEXT NOT NULL, kid TEXT NOT NULL, state TEXT NOT NULL, rows TEXT NOT NULL,
    report TEXT NOT NULL, register_sha256 TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL, applied_at_s DOUBLE PRECISION);
CREATE INDEX register_import_by_client ON register_import (client_id, id);

-- Posts of dangerous places (危険箇所). longitude_deg and latitude_deg are what the public sees: the middle of a mesh cell unless
-- the moderator decided otherwise. Boxes are compared with these, or else small boxes would find the exact place.
CREATE TABLE hazard_report (
    id ROW_ID, sub TEXT NOT NULL, kind TEXT NOT NULL, description TEXT NOT NULL, photo TEXT, longitude_deg DOUBLE PRECISION NOT NULL,
    latitude_deg DOUBLE PRECISION NOT NULL, exact_longitude_deg DOUBLE PRECISION NOT NULL, exact_latitude_deg DOUBLE PRECISION NOT NULL, observed_at_s DOUBLE PRECISION NOT NULL, created_at_s DOUBLE PRECISION NOT NULL,
    expires_at_s DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, reason TEXT, is_exact INTEGER NOT NULL DEFAULT 0,
    updated_at_s DOUBLE PRECISION NOT NULL, deleted_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1);
CREATE INDEX hazard_report_by_state ON hazard_report (state, id);
CREATE INDEX hazard_report_by_sub ON hazard_report (sub, id);
