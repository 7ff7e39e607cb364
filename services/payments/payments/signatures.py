"""Signatures of webhooks: who has the secret made the body, and not long ago.

The header is ``t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<body>">``; several v1 are allowed, so that a sender
can change its secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable

from shopkit.problems import Problem

HEADER = "Webhook-Signature"
_FORM = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,4})")


class Signatures:
    """Signs and checks.

    Args:
        secret: what sender and receiver share.
        tolerance_seconds: how far the sender's time may be from ours; older requests may be replays.
        clock: seconds since 1970.
    """

    def __init__(self, secret: str, tolerance_seconds: int, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._tolerance = tolerance_seconds
        self._clock = clock

    def sign(self, body: bytes) -> str:
        """Return the header for a body that is sent now."""
        seconds = str(int(self._clock()))
        return f"t={seconds},v1={self._digest(seconds, body)}"

    def check(self, header: str | None, body: bytes) -> None:
        """Check a body that was received.

        Raises:
            Problem: 401 if the signature is missing, malformed, wrong or too old.
        """
        found = _FORM.fullmatch(header or "")
        if found is None:
            raise _refused(f"Send the header {HEADER}: t=<seconds>,v1=<hex HMAC-SHA256>.")
        seconds, given = found[1], found[2].split(",v1=")[1:]
        expected = self._digest(seconds, body)
        # All are compared, each in constant time: the answer tells nothing of how near a guess was.
        matches = [hmac.compare_digest(one, expected) for one in given]
        if not any(matches):
            raise _refused("The signature does not fit the body and the time.")
        if abs(self._clock() - int(seconds)) > self._tolerance:
            raise _refused(f"The signature's time is more than {self._tolerance} s from ours: sign it anew.")

    def _digest(self, seconds: str, body: bytes) -> str:
        return hmac.new(self._secret, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def derived(internal_token: str) -> str:
    """Return the secret of a shop that has not set one: only its own sandbox knows it."""
    return hmac.new(internal_token.encode(), b"payments webhook", hashlib.sha256).hexdigest()


def _refused(detail: str) -> Problem:
    return Problem(401, "invalid-signature", "The signature is not valid", detail)
