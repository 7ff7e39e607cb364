-- Cancelling, expiring and giving up on a payment; README.md has the graph.
ALTER TABLE orders
    DROP CONSTRAINT orders_state_check,
    ADD CONSTRAINT orders_state_check CHECK (state IN (
        'created', 'refused', 'rejected', 'reserved', 'paying', 'captured', 'declined', 'confirmed', 'payment_failed',
        'voiding', 'refunding', 'cancelling', 'cancelled', 'expiring', 'expired'
    )),
    DROP CONSTRAINT orders_check1,
    ADD CONSTRAINT orders_payment_method_check CHECK (
        payment_method IS NOT NULL
        OR state IN ('created', 'refused', 'rejected', 'reserved', 'cancelling', 'cancelled', 'expiring', 'expired')
    ),
    -- Until when the inventory keeps the pieces; unknown for what was reserved before it told.
    ADD COLUMN expires_at timestamptz,
    -- How often the worker has taken the order up in its present state, and when it may do so again.
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_at timestamptz;

-- What the worker looks for: few of all orders.
CREATE INDEX orders_unfinished ON orders (updated_at)
WHERE state NOT IN ('rejected', 'confirmed', 'payment_failed', 'cancelled', 'expired');

CREATE OR REPLACE VIEW orders_with_lines AS
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
    ) AS lines,
    orders.expires_at
FROM orders;
