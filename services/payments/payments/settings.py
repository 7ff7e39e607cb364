"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, between, setting


@dataclass(frozen=True, kw_only=True)
class PaymentsSettings(TokenSettings):
    """What `payments` reads from the environment."""

    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)
    webhook_secret: str = setting(
        "PAYMENT_WEBHOOK_SECRET",
        "Secret by which the provider signs its webhooks; empty: one made of `INTERNAL_TOKEN`, for the sandbox alone.",
        default="",
        secret=True,
    )
    webhook_tolerance_seconds: int = setting(
        "PAYMENT_WEBHOOK_TOLERANCE_SECONDS",
        "How far the time of a webhook's signature may be from ours.",
        default=300,
        check=between(1, 86_400),
    )
    sandbox_late_seconds: float = setting(
        "SANDBOX_LATE_SECONDS",
        "How late the sandbox's card `pm_card_late` answers.",
        default=2.0,
        check=between(0, 3600),
    )
