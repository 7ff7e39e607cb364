"""The definition of the service."""

from __future__ import annotations

from payments.charging import Charging
from payments.refunding import Refunding
from payments.refunds import RefundRepository
from payments.repository import ChargeRepository
from payments.routes import Payments, api
from payments.sandbox import Sandbox
from payments.settings import PaymentsSettings
from shopkit.service import Runtime, Service


def build(runtime: Runtime[PaymentsSettings]) -> Payments:
    """Make what the handlers work with."""
    charges = ChargeRepository(runtime.database)
    provider = Sandbox()
    refunding = Refunding(RefundRepository(runtime.database), provider)
    return Payments(charges, Charging(charges, provider), refunding)


SERVICE = Service(
    name="payments",
    version="0.1.0",
    summary="What orders were charged.",
    settings=PaymentsSettings,
    apis=(api,),
    build=build,
)
