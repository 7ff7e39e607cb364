-- Events that have taken effect; a row is written in the same transaction as the effect.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX inbox_received ON inbox (received_at);
