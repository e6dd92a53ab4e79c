-- How people prove who they are, what they agreed to before, and guesses against both.

-- People sign in with their e-mail address as well as with their local ID.
CREATE INDEX account_by_email ON account (lower(email));
CREATE TABLE password (sub TEXT PRIMARY KEY, argon2 TEXT NOT NULL, set_at_s DOUBLE PRECISION NOT NULL);
-- The one password of all seeded people in a sandbox; empty in every other environment.
CREATE TABLE sandbox_password (id INTEGER PRIMARY KEY CHECK (id = 1), password TEXT NOT NULL);
-- Consecutive failures; guessed names whose password was guessed, or from which address.
CREATE TABLE guess (guessed TEXT PRIMARY KEY, failures INTEGER NOT NULL, first_at_s DOUBLE PRECISION NOT NULL, last_at_s DOUBLE PRECISION NOT NULL);
CREATE INDEX guess_by_age ON guess (last_at_s);
-- What a person agreed to when a client asked for these details: asked is the SHA-256 of the details asked for, consents
-- are the records that were made of it.
CREATE TABLE agreement (
    sub TEXT NOT NULL, client_id TEXT NOT NULL, asked TEXT NOT NULL, scope TEXT NOT NULL, details TEXT NOT NULL, consents TEXT NOT NULL,
    agreed_at_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (sub, client_id, asked));
