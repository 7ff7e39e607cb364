-- What was reserved without being told until when, by the release before this one or at an inventory of it, would wait for
-- its shopper for ever. The inventory keeps such pieces for a quarter of an hour.
CREATE FUNCTION assume_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.expires_at := now() + interval '15 minutes';
    RETURN NEW;
END $$;

CREATE TRIGGER reserved_orders_expire BEFORE UPDATE OF state ON orders
    FOR EACH ROW WHEN (NEW.state = 'reserved' AND NEW.expires_at IS NULL) EXECUTE FUNCTION assume_expiry();

UPDATE orders SET expires_at = now() + interval '15 minutes'
WHERE state = 'reserved' AND expires_at IS NULL;
