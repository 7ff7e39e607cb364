CREATE TABLE orders (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    -- The step the saga has reached; README.md has the graph, orders/saga.py the transitions.
    state text NOT NULL CHECK (state IN (
        'created', 'refused', 'rejected', 'reserved', 'paying', 'captured', 'declined', 'confirmed', 'payment_failed'
    )),
    total bigint NOT NULL CHECK (total BETWEEN 0 AND 1000000000000000),
    currency char(3) NOT NULL,
    payment_method text,
    -- Why the inventory refused: [{product_id, requested, available}]. A replay gives the same answer by it.
    shortages jsonb NOT NULL DEFAULT '[]',
    idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, idempotency_key),
    CHECK ((idempotency_key IS NULL) = (fingerprint IS NULL)),
    CHECK (payment_method IS NOT NULL OR state IN ('created', 'refused', 'rejected', 'reserved'))
);

CREATE INDEX orders_of_user ON orders (user_id, id DESC);

-- Name and price are copies: what the shopper saw stays, whatever becomes of the product.
CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders,
    position integer NOT NULL CHECK (position > 0),
    product_id uuid NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    unit_price bigint NOT NULL CHECK (unit_price BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (order_id, position),
    UNIQUE (order_id, product_id)
);

CREATE VIEW orders_with_lines AS
SELECT
    orders.id,
    orders.user_id,
    orders.state,
    orders.total,
    orders.currency,
    orders.payment_method,
    orders.shortages,
    orders.idempotency_key,
    orders.fingerprint,
    orders.created_at,
    orders.updated_at,
    (
        SELECT json_agg(
            json_build_object(
                'product_id', line.product_id, 'name', line.name,
                'quantity', line.quantity, 'unit_price', line.unit_price
            )
            ORDER BY line.position
        )
        FROM order_lines AS line
        WHERE line.order_id = orders.id
    ) AS lines
FROM orders;
