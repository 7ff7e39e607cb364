-- One row for each login that can still be renewed. A refresh token is a family and a secret; both are kept as SHA-256
-- only. Renewing replaces the secret: whoever knows the family with another secret than this has a token that was
-- used before.
CREATE TABLE sessions (
    family bytea PRIMARY KEY CHECK (octet_length(family) = 32),
    secret bytea NOT NULL CHECK (octet_length(secret) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- That of the user at the login: a new password ends the sessions of the old one.
    password_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    renewed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_user_idx ON sessions (user_id, renewed_at);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);
