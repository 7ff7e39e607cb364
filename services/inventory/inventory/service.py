"""The definition of the service."""

from __future__ import annotations

from functools import partial

from inventory.repository import ReservationRepository, StockRepository
from inventory.reservations import Reservations
from inventory.routes import Inventory, api
from inventory.settings import InventorySettings
from shopkit.service import Runtime, Service

_SWEEP_AT_ONCE = 100


def build(runtime: Runtime[InventorySettings]) -> Inventory:
    """Make what the handlers work with, and declare the sweeper."""
    settings, database = runtime.settings, runtime.database
    reservations = Reservations(ReservationRepository(database), settings.reservation_ttl_seconds)
    sweep = partial(reservations.sweep, _SWEEP_AT_ONCE)
    runtime.background.every(settings.reservation_sweep_seconds, "expire-reservations", sweep)
    return Inventory(StockRepository(database), reservations)


SERVICE = Service(
    name="inventory",
    version="0.1.0",
    summary="How many pieces there are, and for whom they are set aside.",
    settings=InventorySettings,
    apis=(api,),
    build=build,
)
