"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, setting


@dataclass(frozen=True, kw_only=True)
class PaymentsSettings(TokenSettings):
    """What `payments` reads from the environment."""

    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)
