"""Making the administrator, in the migration job: the first one has nobody who could."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from psycopg2.extensions import connection

from shopkit import settings
from shopkit.database import Row, Transaction
from shopkit.ids import new_id
from shopkit.messaging import outbox
from shopkit.settings import SettingsError
from users import events
from users.passwords import Passwords
from users.settings import BootstrapSettings
from users.slots import Slots

_log = structlog.get_logger(__name__)

_FIND = """
SELECT role, password_hash FROM users WHERE lower(email COLLATE "C") = lower(%s COLLATE "C")"""
_WRITE = """
INSERT INTO users (id, email, name, role, password_hash) VALUES (%s, %s, 'Administrator', 'admin', %s)
ON CONFLICT (lower(email COLLATE "C"))
DO UPDATE SET role = 'admin', password_hash = EXCLUDED.password_hash,
    password_version = users.password_version + 1, updated_at = now()
RETURNING id::text AS id, email, name"""


def bootstrap(opened: connection, environ: Mapping[str, str]) -> None:
    """Make the account of ADMIN_EMAIL an administrator with the password ADMIN_PASSWORD.

    Writes nothing where that is so already. The caller commits.

    Args:
        opened: connection as the owner of the schema, in a transaction.
        environ: environment variables.

    Raises:
        SettingsError: a variable is wrong, or only one of the two is set.
    """
    loaded: BootstrapSettings = settings.load(BootstrapSettings, environ)
    if not loaded.admin_email and not loaded.admin_password:
        _log.info("no administrator is made: ADMIN_EMAIL and ADMIN_PASSWORD are not set")
        return
    if not loaded.admin_email or not loaded.admin_password:
        raise SettingsError("ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or none")
    passwords = Passwords(loaded, Slots(size=1, queue=0, wait=0))
    tx = Transaction(opened)
    if _is_administrator(tx.fetch_one(_FIND, (loaded.admin_email,)), passwords, loaded.admin_password):
        return
    written = tx.fetch_row(_WRITE, (new_id(), loaded.admin_email, passwords.hash(loaded.admin_password)))
    outbox.add(tx, events.updated(written))
    _log.info("the administrator was written", user_id=written["id"])


def _is_administrator(found: Row | None, passwords: Passwords, password: str) -> bool:
    return found is not None and found["role"] == "admin" and passwords.check(found["password_hash"], password).matches
