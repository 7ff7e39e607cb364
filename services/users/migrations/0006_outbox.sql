-- Events that the broker has not confirmed yet; the relay deletes what it has.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    traceparent text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now()
);

-- Who has an account already is told as well: whoever sends mails has to know where to. The events have the ids of their
-- accounts, which are UUIDv7 and no other event's.
INSERT INTO outbox (id, type, subject, data, traceparent)
SELECT
    id,
    'dev.shopkeeper.user.updated.v1',
    id::text,
    jsonb_build_object('user_id', id, 'email', email, 'name', name),
    '00-' || replace(gen_random_uuid()::text, '-', '') || '-' || left(replace(id::text, '-', ''), 16) || '-00'
FROM users;
