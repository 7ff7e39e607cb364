-- The journal of on_hand: per product its deltas sum up to it. A trigger writes it, so that it is true whoever changes
-- the stock: this release, the one before it (which still runs while this is applied) or a person with psql.
-- No reference to stock: the journal outlives the product.
CREATE TABLE movements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('opening', 'set', 'commit', 'delete')),
    delta bigint NOT NULL CHECK (delta <> 0),
    order_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (order_id IS NULL OR reason = 'commit'),
    -- The pieces of an order leave once.
    UNIQUE (order_id, product_id)
);

CREATE INDEX movements_of_product ON movements (product_id, id DESC);

-- A statement that commits an order says so in the setting `inventory.order_id`, which ends with its transaction.
CREATE FUNCTION note_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint := CASE TG_OP WHEN 'INSERT' THEN 0 ELSE OLD.on_hand END;
    after bigint := CASE TG_OP WHEN 'DELETE' THEN 0 ELSE NEW.on_hand END;
    product uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.product_id ELSE NEW.product_id END;
    of_order uuid := nullif(current_setting('inventory.order_id', true), '');
    why text := 'set';
BEGIN
    IF TG_OP = 'DELETE' THEN
        why := 'delete';
    ELSIF of_order IS NOT NULL OR TG_OP = 'UPDATE' AND NEW.reserved < OLD.reserved THEN
        why := 'commit';
    END IF;
    IF after <> before THEN
        INSERT INTO movements (product_id, reason, delta, order_id) VALUES (product, why, after - before, of_order);
    END IF;
    RETURN NULL;
END $$;

-- Locks out writers until this migration is complete: nothing moves between the opening balance and the trigger.
CREATE TRIGGER stock_changes_are_noted AFTER UPDATE OF on_hand ON stock
    FOR EACH ROW WHEN (OLD.on_hand <> NEW.on_hand) EXECUTE FUNCTION note_movement();

CREATE TRIGGER stock_comings_and_goings_are_noted AFTER INSERT OR DELETE ON stock
    FOR EACH ROW EXECUTE FUNCTION note_movement();

INSERT INTO movements (product_id, reason, delta)
SELECT
    product_id,
    'opening',
    on_hand
FROM stock
WHERE on_hand <> 0
ORDER BY product_id;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER movements_are_final BEFORE UPDATE OR DELETE ON movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A default, because the release before this one reserves without it.
ALTER TABLE reservations ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '15 minutes';

-- Released because its time was over; `status` stays what the release before this one knows.
ALTER TABLE reservations ADD COLUMN expired boolean NOT NULL DEFAULT false CHECK (NOT expired OR status = 'released');

CREATE INDEX reservations_expiring ON reservations (expires_at) WHERE status = 'reserved';
