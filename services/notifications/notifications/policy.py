"""What becomes of a mail after an attempt: pure, the same for every mail server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# How often a mail may be handed over without ever learning whether it was taken.
MAX_HANDOVERS = 2


class Outcome(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    REFUSED = "refused"
    """The server will never take this mail for this recipient."""
    DEFERRED = "deferred"
    """The server did not take it now, or could not be reached: it certainly has not got it."""
    DOUBTFUL = "doubtful"
    """The mail was handed over whole, and the answer never came."""


@dataclass(frozen=True)
class Retries:
    """How often and when a mail is tried again.

    Args:
        attempts: the most attempts.
        pause_seconds: after the first attempt; doubled for each further one.
        most_seconds: the longest pause.
    """

    attempts: int
    pause_seconds: float
    most_seconds: float


@dataclass(frozen=True)
class Again:
    """Try the mail again after this pause."""

    seconds: float


@dataclass(frozen=True)
class Failed:
    """The mail is given up."""

    reason: str


def after(
    outcome: Outcome, reason: str, attempts: int, handovers: int, retries: Retries, chance: float
) -> Again | Failed:
    """Decide about a mail that was not sent.

    Args:
        outcome: how the attempt ended.
        reason: why, in words.
        attempts: how many there were, with this one.
        handovers: how many of them left it in doubt whether the mail was taken, with this one.
        retries: the limits.
        chance: from 0 to 1, evenly spread: it shortens the pause by up to a half, so that mails that failed together
            are not tried together again.
    """
    if outcome is Outcome.REFUSED:
        return Failed(reason)
    if handovers >= MAX_HANDOVERS:
        return Failed(
            f"the mail server got it {MAX_HANDOVERS} times and never said whether it took it; at last: {reason}"
        )
    if attempts >= retries.attempts:
        return Failed(f"given up after {attempts} attempts, the last one: {reason}")
    # The exponent is bounded: no overflow, however many attempts are allowed.
    pause = min(retries.most_seconds, retries.pause_seconds * 2.0 ** min(attempts - 1, 60))
    return Again(pause * (1 - chance / 2))
