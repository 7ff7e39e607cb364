-- Who gets mail. A row without an address stands for a user of whom only an order is known yet, or, with erased_at, for
-- one who is gone: nothing that comes late brings them back.
CREATE TABLE contacts (
    user_id uuid PRIMARY KEY,
    email text,
    name text,
    -- Time of the event that the address is from: an older one does not change it.
    as_of timestamptz NOT NULL DEFAULT '-infinity',
    erased_at timestamptz,
    CHECK ((email IS NULL) = (name IS NULL)),
    CHECK (erased_at IS NULL OR email IS NULL)
);

-- The inbox of each user. The id is that of the event: an event never makes two.
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES contacts,
    kind text NOT NULL CHECK (kind IN (
        'welcome', 'order_confirmed', 'payment_failed', 'order_cancelled', 'order_expired'
    )),
    -- The order as its event told it; empty for a welcome.
    data jsonb NOT NULL,
    read boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

CREATE INDEX notifications_of_user ON notifications (user_id, id DESC);

-- What is to be mailed, and what became of it.
CREATE TABLE mails (
    notification_id uuid PRIMARY KEY REFERENCES notifications ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
    -- How often it was taken up; who takes it up keeps it only as long as this number stays.
    attempts integer NOT NULL DEFAULT 0,
    -- How often the mail server got it whole without saying no; README.md says why twice is the most.
    handovers integer NOT NULL DEFAULT 0 CHECK (handovers BETWEEN 0 AND 2),
    -- 'infinity' while the address is not known.
    next_attempt_at timestamptz NOT NULL,
    -- Why the last attempt failed.
    reason text,
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL))
);

CREATE INDEX mails_pending ON mails (next_attempt_at) WHERE status = 'pending';
