-- Events that the broker has not confirmed yet; the relay deletes what it has.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    traceparent text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now()
);
