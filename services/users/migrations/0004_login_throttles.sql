-- What is remembered of logins, by SHA-256 of: an account from one address, an address, an account.
CREATE TABLE login_throttles (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    -- When the failure before that was: whether two came faster than they may is known from one row.
    failed_before_at timestamptz,
    succeeded_at timestamptz,
    -- From when on nothing here matters.
    expires_at timestamptz NOT NULL
);

CREATE INDEX login_throttles_expires_idx ON login_throttles (expires_at);
