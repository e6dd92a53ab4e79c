-- Times are Unix seconds; flags are 0 or 1; lists of codes are separated by blanks. ROW_ID: see migration.py.

CREATE TABLE about (municipality TEXT NOT NULL, town TEXT NOT NULL, people INTEGER NOT NULL, seed INTEGER NOT NULL, population_sha256 TEXT NOT NULL, municipality_name TEXT NOT NULL);
CREATE TABLE district (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE neighbourhood (code TEXT PRIMARY KEY, name TEXT NOT NULL, district TEXT NOT NULL);

CREATE TABLE account (
    id ROW_ID, sub TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_kana TEXT NOT NULL, birth_date TEXT NOT NULL,
    sex TEXT NOT NULL, address TEXT NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL, household TEXT NOT NULL,
    district TEXT NOT NULL, neighbourhood TEXT NOT NULL, support_flag INTEGER NOT NULL, push_device INTEGER NOT NULL,
    changed_at_s DOUBLE PRECISION NOT NULL DEFAULT 0);
CREATE INDEX account_by_household ON account (household);
CREATE INDEX account_by_district ON account (district);
CREATE INDEX account_by_neighbourhood ON account (neighbourhood);

-- No foreign key on sub: a register may name a local ID that has no account here.
CREATE TABLE register_entry (
    id TEXT PRIMARY KEY, sub TEXT, temp_id TEXT, name TEXT NOT NULL, name_kana TEXT NOT NULL, birth_date TEXT NOT NULL,
    sex TEXT NOT NULL, address TEXT NOT NULL, phone TEXT NOT NULL, neighbourhood TEXT NOT NULL, reason TEXT NOT NULL,
    peacetime_consent INTEGER NOT NULL, plan_note TEXT);
CREATE INDEX register_entry_by_neighbourhood ON register_entry (neighbourhood, id);

CREATE TABLE shelter (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, name_kana TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL,
    district TEXT NOT NULL, longitude_deg DOUBLE PRECISION NOT NULL, latitude_deg DOUBLE PRECISION NOT NULL, capacity_persons INTEGER NOT NULL,
    capacity_standard_persons INTEGER NOT NULL, hazards TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'unopened', status_observed_at_s DOUBLE PRECISION, headcount INTEGER NOT NULL DEFAULT 0 CHECK (headcount >= 0),
    updated_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 0, city TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT 'register', deleted_at_s DOUBLE PRECISION);

CREATE TABLE disaster_event (
    id ROW_ID, mode TEXT NOT NULL, hazard TEXT, areas TEXT NOT NULL, declared_at_s DOUBLE PRECISION NOT NULL,
    received_at_s DOUBLE PRECISION NOT NULL, ended_at_s DOUBLE PRECISION, version INTEGER NOT NULL DEFAULT 1);
-- What holds now in each district, or neighbourhood inside one, where anything but normal holds.
CREATE TABLE district_mode (district TEXT PRIMARY KEY, mode TEXT NOT NULL, hazard TEXT, event_id BIGINT NOT NULL);

CREATE TABLE evacuation_order (
    id ROW_ID, level INTEGER NOT NULL, areas TEXT NOT NULL, reason TEXT NOT NULL, issued_at_s DOUBLE PRECISION NOT NULL,
    received_at_s DOUBLE PRECISION NOT NULL, client_id TEXT NOT NULL, lifted_at_s DOUBLE PRECISION, lifting_reason TEXT,
    cap_status TEXT NOT NULL, sent_times TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);

-- People without an account, as they told it; what was told to an association is not the city's to see, nor the reverse.
CREATE TABLE unregistered (
    temp_id TEXT NOT NULL, told_to TEXT NOT NULL, name TEXT, name_kana TEXT, sex TEXT, birth_date TEXT, address TEXT,
    phone TEXT, neighbourhood TEXT, household_size INTEGER, PRIMARY KEY (temp_id, told_to));

CREATE TABLE check_in (
    id ROW_ID, shelter_id TEXT NOT NULL, sub TEXT, temp_id TEXT, person TEXT NOT NULL, channel TEXT NOT NULL,
    observed_at_s DOUBLE PRECISION NOT NULL, received_at_s DOUBLE PRECISION NOT NULL, transferred_from TEXT, checked_out_at_s DOUBLE PRECISION, recorded_by TEXT NOT NULL,
    recorded_for TEXT NOT NULL, seen_at_s DOUBLE PRECISION NOT NULL, household TEXT NOT NULL,
    CHECK ((sub IS NULL) <> (temp_id IS NULL)));
CREATE INDEX check_in_by_person ON check_in (person);
-- A person is in one shelter at most: the database itself refuses a second place.
CREATE UNIQUE INDEX check_in_present ON check_in (person) WHERE checked_out_at_s IS NULL;
CREATE INDEX check_in_by_shelter ON check_in (shelter_id, id) WHERE checked_out_at_s IS NULL;

CREATE TABLE safety_report (
    id ROW_ID, person TEXT NOT NULL, sub TEXT, temp_id TEXT, status TEXT NOT NULL, observed_at_s DOUBLE PRECISION NOT NULL,
    received_at_s DOUBLE PRECISION NOT NULL, longitude_deg DOUBLE PRECISION, latitude_deg DOUBLE PRECISION, method TEXT NOT NULL, recorded_by TEXT NOT NULL,
    recorded_for TEXT NOT NULL, condition TEXT, whereabouts TEXT, contact TEXT, nationality TEXT, other_identifier TEXT, share_with TEXT);
CREATE INDEX safety_report_by_person ON safety_report (person, id);
-- The report that holds for each person: the newest observation.
CREATE TABLE safety_holding (
    person TEXT PRIMARY KEY, report_id BIGINT NOT NULL, observed_at_s DOUBLE PRECISION NOT NULL, household TEXT, district TEXT, neighbourhood TEXT);
CREATE INDEX safety_holding_by_neighbourhood ON safety_holding (neighbourhood, person);
CREATE INDEX safety_holding_by_household ON safety_holding (household, person);

CREATE TABLE position (
    sub TEXT PRIMARY KEY, longitude_deg DOUBLE PRECISION NOT NULL, latitude_deg DOUBLE PRECISION NOT NULL, observed_at_s DOUBLE PRECISION NOT NULL, accuracy_m DOUBLE PRECISION, expires_at_s DOUBLE PRECISION NOT NULL);

CREATE TABLE notification (id ROW_ID, client_id TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, language TEXT NOT NULL,
    translations TEXT NOT NULL, expires_at_s DOUBLE PRECISION, created_at_s DOUBLE PRECISION NOT NULL);
CREATE TABLE delivery (notification_id BIGINT NOT NULL, account_id BIGINT NOT NULL, outcome TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1,
    attempted_at_s DOUBLE PRECISION NOT NULL, receipt TEXT, receipt_at_s DOUBLE PRECISION, PRIMARY KEY (notification_id, account_id));
CREATE INDEX delivery_by_account ON delivery (account_id, notification_id);

CREATE TABLE idempotency (
    client_id TEXT NOT NULL, subject TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    location TEXT, body TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (client_id, subject, key));
CREATE INDEX idempotency_by_age ON idempotency (created_at_s);
