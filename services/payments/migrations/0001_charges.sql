-- One charge per order, whoever asks and how often. `pending`: the provider may or may not have charged; asking it
-- again with the same id as idempotency key tells. No card data: payment_method is the provider's name for a card.
CREATE TABLE charges (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency char(3) NOT NULL,
    payment_method text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'captured', 'declined')),
    provider_reference text,
    decline_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CHECK ((status = 'declined') = (decline_reason IS NOT NULL))
);
