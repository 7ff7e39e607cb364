-- The constraint is what keeps the promise "never below zero", whatever the code above does.
CREATE TABLE stock (
    product_id uuid PRIMARY KEY,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0,
    CONSTRAINT stock_never_below_zero CHECK (on_hand >= reserved AND reserved >= 0)
);

-- Rows are never deleted: a released reservation is the tombstone that refuses a reserve which arrives late.
CREATE TABLE reservations (
    order_id uuid PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('reserved', 'committed', 'released')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- No reference to stock: a product may leave the inventory while the orders of the past stay.
CREATE TABLE reservation_lines (
    order_id uuid NOT NULL REFERENCES reservations,
    product_id uuid NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, product_id)
);
