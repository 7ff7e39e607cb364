"""What the handlers of requests and events work with."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.inbox import Inbox


@dataclass(frozen=True)
class Desk:
    """The parts of the service.

    Args:
        inbox: what users see.
        shop: name of the shop for people.
    """

    inbox: Inbox
    shop: str
