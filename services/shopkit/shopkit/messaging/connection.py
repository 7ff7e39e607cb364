"""How the broker is reached. A connection of pika belongs to one thread."""

from __future__ import annotations

import logging
import random
import socket

import pika
from pika.exceptions import AMQPError

# A peer that is gone without a word is noticed after two of these.
_HEARTBEAT_SECONDS = 30
_CONNECT_SECONDS = 5.0
_BLOCKED_SECONDS = 20.0


# pika tells of every failure in a dozen lines; what it raises is logged by those who catch it, in one.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class BrokerError(Exception):
    """The broker cannot be reached or does not do what it should: nothing is lost, it is tried again."""


# What pika lets out when the broker is not there; some of it comes straight from the socket.
BROKER_ERRORS = (AMQPError, BrokerError, OSError)


def parameters(url: str, name: str) -> pika.URLParameters:
    """Return how to connect.

    Args:
        url: the broker, with user and password.
        name: of the connection, in the broker's list.
    """
    made = pika.URLParameters(url)
    made.heartbeat = _HEARTBEAT_SECONDS
    made.socket_timeout = _CONNECT_SECONDS
    made.stack_timeout = 2 * _CONNECT_SECONDS
    made.connection_attempts = 1
    # A broker that is short of memory or disk lets publishers wait; beyond this the connection is given up.
    made.blocked_connection_timeout = _BLOCKED_SECONDS
    made.client_properties = {"connection_name": f"{name}@{socket.gethostname()}"}
    return made


def describe(error: BaseException) -> str:
    """Return the cause of an error in one line; pika often has it only within, and sometimes without words."""
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    found = getattr(inner, "exception", inner)
    text = str(found).strip().partition("\n")[0]
    return f"{type(found).__name__}: {text}" if text else type(found).__name__


class Backoff:
    """Pauses between attempts: each twice the last, varied, so that replicas do not come all at once.

    Args:
        first: seconds of the first pause.
        most: seconds of the longest.
    """

    def __init__(self, first: float = 0.25, most: float = 10.0) -> None:
        self._first = first
        self._most = most
        self._next = first

    def reset(self) -> None:
        """Begin again with the first pause."""
        self._next = self._first

    def seconds(self) -> float:
        """Return the next pause."""
        pause = self._next * random.uniform(0.8, 1.2)
        self._next = min(self._most, self._next * 2)
        return pause
