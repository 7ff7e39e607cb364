"""``python -m notifications.mails failed|retry``: mails that were given up, for whoever looks after the shop."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime

import psycopg2

from notifications.policy import MAX_HANDOVERS
from shopkit import settings
from shopkit.database import Database, open_database
from shopkit.ids import is_id
from shopkit.settings import Settings, SettingsError

_FAILED = """
SELECT
    mails.notification_id AS id, told.kind, told.user_id, told.created_at,
    mails.attempts, mails.settled_at, mails.reason
FROM mails JOIN notifications AS told ON told.id = mails.notification_id
WHERE mails.status = 'failed' ORDER BY mails.settled_at, mails.notification_id"""
# Those in doubt may have arrived: they are sent again only by name.
_RETRY = """
UPDATE mails SET status = 'pending', attempts = 0, handovers = 0, next_attempt_at = now(), settled_at = NULL
WHERE status = 'failed' AND (notification_id = %(id)s OR %(id)s IS NULL AND handovers < %(most)s)"""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        loaded: Settings = settings.load(Settings, environ)
        with closing(open_database(loaded, f"{loaded.shop}-notifications-mails")) as database:
            if options.command == "failed":
                _list(database)
                return 0
            return _retry(database, options.id)
    except (SettingsError, psycopg2.Error) as error:
        print(f"mails: {str(error).strip()}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m notifications.mails", description="Mails that were given up.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("failed", help="print them, one JSON object a line, the oldest first")
    retry = commands.add_parser("retry", help="send them again")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", type=_id, help="one mail, even if it may have arrived")
    which.add_argument("--all", action="store_true", help="all but those that may have arrived")
    return parser


def _id(text: str) -> str:
    if not is_id(text):
        raise argparse.ArgumentTypeError("must be an id that `failed` prints")
    return text


def _list(database: Database) -> None:
    for row in database.fetch_all(_FAILED):
        print(json.dumps(row, default=datetime.isoformat), flush=True)


def _retry(database: Database, mail_id: str | None) -> int:
    count = database.execute(_RETRY, {"id": mail_id, "most": MAX_HANDOVERS})
    print(f"{count} mails are sent again")
    return 0 if count or mail_id is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
