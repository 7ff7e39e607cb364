-- `voided`: not charged, and never will be. The row of an order of which nothing was ever asked is a tombstone that refuses
-- a charge which arrives late; it knows neither user nor currency.
ALTER TABLE charges
    DROP CONSTRAINT charges_status_check,
    ADD CONSTRAINT charges_status_check CHECK (status IN ('pending', 'captured', 'declined', 'voided')),
    ALTER COLUMN user_id DROP NOT NULL,
    ALTER COLUMN currency DROP NOT NULL,
    ALTER COLUMN payment_method DROP NOT NULL,
    ADD CONSTRAINT charges_are_whole CHECK (
        status = 'voided' OR num_nulls(user_id, currency, payment_method) = 0
    );

-- What an order got back, once. `pending`: the provider has not said yet that it is done.
CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE,
    charge_id uuid NOT NULL REFERENCES charges,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency char(3),
    status text NOT NULL CHECK (status IN ('pending', 'refunded', 'voided')),
    provider_reference text,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CHECK (status <> 'voided' OR amount = 0),
    CHECK (amount = 0 OR currency IS NOT NULL)
);

-- Double entry: a debit is positive, a credit negative, and each posting of a transaction comes to nothing.
-- customer: what they owe us; provider: what it holds for us; revenue: what we have sold.
CREATE TABLE ledger_entries (
    transaction_id uuid NOT NULL,
    posting text NOT NULL CHECK (posting IN ('sale', 'payment', 'credit', 'refund')),
    account text NOT NULL CHECK (account IN ('customer', 'provider', 'revenue')),
    order_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    currency char(3) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transaction_id, posting, account)
);

CREATE INDEX ledger_entries_of_order ON ledger_entries (order_id);

-- Triggers book, so that no money moves without its entries: neither by this release nor by the one before it, which
-- still runs while this is applied.
CREATE FUNCTION book_charge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entries (transaction_id, posting, account, order_id, amount, currency)
    VALUES
        (NEW.id, 'sale', 'customer', NEW.order_id, NEW.amount, NEW.currency),
        (NEW.id, 'sale', 'revenue', NEW.order_id, -NEW.amount, NEW.currency),
        (NEW.id, 'payment', 'provider', NEW.order_id, NEW.amount, NEW.currency),
        (NEW.id, 'payment', 'customer', NEW.order_id, -NEW.amount, NEW.currency);
    RETURN NULL;
END $$;

CREATE FUNCTION book_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entries (transaction_id, posting, account, order_id, amount, currency)
    VALUES
        (NEW.id, 'credit', 'revenue', NEW.order_id, NEW.amount, NEW.currency),
        (NEW.id, 'credit', 'customer', NEW.order_id, -NEW.amount, NEW.currency),
        (NEW.id, 'refund', 'customer', NEW.order_id, NEW.amount, NEW.currency),
        (NEW.id, 'refund', 'provider', NEW.order_id, -NEW.amount, NEW.currency);
    RETURN NULL;
END $$;

-- Locks out writers until this migration is complete: what is captured before it is booked below, the rest by these.
CREATE TRIGGER captured_charges_are_booked AFTER INSERT OR UPDATE OF status ON charges
    FOR EACH ROW WHEN (NEW.status = 'captured' AND NEW.amount > 0) EXECUTE FUNCTION book_charge();

CREATE TRIGGER refunds_are_booked AFTER INSERT OR UPDATE OF status ON refunds
    FOR EACH ROW WHEN (NEW.status = 'refunded' AND NEW.amount > 0) EXECUTE FUNCTION book_refund();

INSERT INTO ledger_entries (transaction_id, posting, account, order_id, amount, currency)
SELECT
    charges.id,
    line.posting,
    line.account,
    charges.order_id,
    line.factor * charges.amount,
    charges.currency
FROM charges
CROSS JOIN (
    VALUES ('sale', 'customer', 1), ('sale', 'revenue', -1), ('payment', 'provider', 1), ('payment', 'customer', -1)
) AS line (posting, account, factor)
WHERE charges.status = 'captured' AND charges.amount > 0;

CREATE FUNCTION check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_entries
        WHERE transaction_id = NEW.transaction_id
        GROUP BY posting, currency
        HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'transaction % of the ledger does not balance', NEW.transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_balance();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_is_final BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
