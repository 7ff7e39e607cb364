"""``python -m shopkit serve|migrate|openapi|settings|events|topology|dead-letters <service>``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shopkit", description="Runs a service of a shop.")
    commands = {
        "serve": "serve the API until SIGTERM",
        "migrate": "bring the database up to date and end",
        "openapi": "print openapi.yaml as the code has it",
        "settings": "print the table of environment variables",
        "events": "write events/*.json, the schemas of what the service publishes",
    }
    chosen = parser.add_subparsers(dest="command", required=True)
    for name, text in commands.items():
        chosen.add_parser(name, help=text).add_argument("service", help="users, products, …")
    described = "print the definitions that the broker loads"
    chosen.add_parser("topology", help=described).add_argument(
        "services", nargs="+", help="all that publish or consume"
    )
    _add_dead_letters(chosen.add_parser("dead-letters", help="events that a consumer could not handle"))
    options = parser.parse_args(arguments)
    # Each command imports only what it needs: the first process of `serve` has to stay small.
    from shopkit import commands as run
    from shopkit.settings import SettingsError

    try:
        if options.command in run.COMMANDS:
            run.COMMANDS[options.command](options.service, os.environ)
        else:
            from shopkit.messaging.commands import COMMANDS

            COMMANDS[options.command](options, os.environ)
    except (SettingsError, ModuleNotFoundError, run.CommandError) as error:
        print(f"{getattr(options, 'service', options.command)}: {error}", file=sys.stderr)
        return 2
    return 0


def _add_dead_letters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", help="notifications, recommendations, …")
    parser.add_argument("action", choices=("list", "show", "replay", "drop"))
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--id", help="one event")
    which.add_argument("--all", action="store_true", help="all of them (replay and drop ask for it)")


if __name__ == "__main__":
    # The first process of a container gets no signal that it has no handler for; the server sets its own later.
    signal.signal(signal.SIGTERM, lambda _signum, _frame: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
