-- What is still to be sent to other systems, and other state of the server itself.

CREATE TABLE outbox (
    id ROW_ID, kind TEXT NOT NULL, url TEXT NOT NULL, media_type TEXT NOT NULL, body TEXT NOT NULL, created_at_s DOUBLE PRECISION NOT NULL,
    next_attempt_at_s DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX outbox_by_due ON outbox (next_attempt_at_s);
-- By how much a sandbox's clock differs from the machine's: one row at most.
CREATE TABLE sandbox_clock (offset_s DOUBLE PRECISION NOT NULL);
