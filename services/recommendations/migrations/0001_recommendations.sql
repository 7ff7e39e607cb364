-- What an order taught, kept for a while: a cancellation takes back exactly that, once, and an order that is told of again
-- teaches nothing more. `returned` before it was ever counted: the cancellation came first.
CREATE TABLE learned_orders (
    order_id uuid PRIMARY KEY,
    product_ids uuid[] NOT NULL,
    returned boolean NOT NULL DEFAULT false,
    learned_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX learned_orders_by_age ON learned_orders (learned_at);

-- In how many orders a product was.
CREATE TABLE sales (
    product_id uuid PRIMARY KEY,
    orders bigint NOT NULL CHECK (orders > 0)
);

CREATE INDEX best_sellers ON sales (orders DESC, product_id);

-- In how many orders two products were together; each pair has a row in either direction.
CREATE TABLE pairs (
    product_id uuid NOT NULL,
    other_id uuid NOT NULL,
    orders bigint NOT NULL CHECK (orders > 0),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (product_id, other_id),
    CHECK (product_id <> other_id)
);

-- A read takes the first few entries of a product, however many it has.
CREATE INDEX best_pairs ON pairs (product_id, orders DESC, other_id);
