"""The commands of messaging: schemas of events, the broker's topology, dead letters."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping

from shopkit import settings
from shopkit.commands import CommandError
from shopkit.messaging.settings import BrokerSettings


def events(options: Namespace, _environ: Mapping[str, str]) -> None:
    """Write the JSON Schemas of the events that a service publishes into its folder `events`."""
    from shopkit.messaging.schemas import write
    from shopkit.service import find_service

    write(find_service(options.service))


def topology(options: Namespace, _environ: Mapping[str, str]) -> None:
    """Print the definitions that the broker loads, for all services that publish or consume.

    Raises:
        CommandError: what is consumed and what is published do not fit together.
    """
    from shopkit.messaging.topology import TopologyError, definitions
    from shopkit.service import find_service

    try:
        made = definitions([find_service(name) for name in options.services])
    except TopologyError as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


def dead_letters(options: Namespace, environ: Mapping[str, str]) -> None:
    """List, show, replay or drop dead letters of a service.

    Raises:
        SettingsError: AMQP_URL is missing or wrong.
        CommandError: the broker cannot be reached, or there is no such dead letter.
    """
    from shopkit.messaging.connection import BROKER_ERRORS, describe, parameters
    from shopkit.messaging.dead_letters import CHANGES, run

    if options.action in CHANGES and options.id is None and not options.all:
        raise CommandError(f"say which: {options.action} --id ID, or --all")
    loaded: BrokerSettings = settings.load(BrokerSettings, environ)
    broker = parameters(loaded.amqp_url, f"{options.service}-dead-letters")
    found = 0
    try:
        for text in run(broker, options.service, options.action, options.id):
            print(text, flush=True)
            found += 1
    except BROKER_ERRORS as error:
        raise CommandError(f"the broker does not do it: {describe(error)}") from error
    if options.id is not None and not found:
        raise CommandError(f"there is no dead letter {options.id}")
    print(f"{found} dead letters", file=sys.stderr)


COMMANDS = {"events": events, "topology": topology, "dead-letters": dead_letters}
