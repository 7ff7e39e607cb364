CREATE TABLE notes (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    author uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
