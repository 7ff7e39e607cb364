-- One cart per user, replaced as a whole. Its lines hold name and price as the shopper saw them last.
CREATE TABLE carts (
    user_id uuid PRIMARY KEY,
    lines jsonb NOT NULL CHECK (jsonb_typeof(lines) = 'array'),
    updated_at timestamptz NOT NULL DEFAULT now()
);
