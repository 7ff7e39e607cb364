-- Events that the broker has not confirmed yet; the relay deletes what it has.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    traceparent text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now()
);

-- Events that have taken effect; a row is written in the same transaction as the effect.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX inbox_received ON inbox (received_at);

-- How often each note took effect: no key, so that a second time would show.
CREATE TABLE effects (
    note_id uuid NOT NULL,
    text text NOT NULL
);
