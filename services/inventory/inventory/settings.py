"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, between, setting


@dataclass(frozen=True, kw_only=True)
class InventorySettings(TokenSettings):
    """What `inventory` reads from the environment."""

    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)
    reservation_ttl_seconds: int = setting(
        "RESERVATION_TTL_SECONDS",
        "How long pieces stay set aside for an order that neither commits nor releases them.",
        default=900,
        check=between(1, 604_800),
    )
    reservation_sweep_seconds: float = setting(
        "RESERVATION_SWEEP_SECONDS",
        "Pause between two looks for reservations whose time is over.",
        default=5.0,
        check=between(0.01, 3600),
    )
