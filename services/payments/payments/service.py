"""The definition of the service."""

from __future__ import annotations

from payments.answers import Answers
from payments.charging import Charging
from payments.postman import Postman
from payments.provider import Provider
from payments.refunding import Refunding
from payments.refunds import RefundRepository
from payments.repository import ChargeRepository
from payments.routes import WEBHOOK, Payments, api
from payments.sandbox import Sandbox
from payments.settings import PaymentsSettings
from payments.signatures import Signatures, derived
from shopkit.database import Database
from shopkit.service import Runtime, Service

_POST_SECONDS = 0.5


def build(runtime: Runtime[PaymentsSettings]) -> Payments:
    """Make what the handlers work with, and declare the sandbox's postman."""
    settings, database = runtime.settings, runtime.database
    secret = settings.webhook_secret or derived(settings.internal_token)
    signatures = Signatures(secret, settings.webhook_tolerance_seconds)
    # The sandbox lives in this process: what it sends need not leave the pod.
    url = f"http://127.0.0.1:{settings.http_port}{WEBHOOK}"
    postman = Postman(url, signatures, settings.sandbox_late_seconds)
    runtime.background.every(_POST_SECONDS, "sandbox-webhooks", postman.deliver)
    return assemble(database, Sandbox(postman.send), signatures)


def assemble(database: Database, provider: Provider, signatures: Signatures) -> Payments:
    """Return what the handlers work with, for a provider."""
    charges = ChargeRepository(database)
    return Payments(
        charges=charges,
        charging=Charging(charges, provider),
        refunding=Refunding(RefundRepository(database), provider),
        answers=Answers(charges, provider),
        signatures=signatures,
    )


SERVICE = Service(
    name="payments",
    version="0.1.0",
    summary="What orders were charged.",
    settings=PaymentsSettings,
    apis=(api,),
    build=build,
)
