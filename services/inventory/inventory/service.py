"""The definition of the service."""

from __future__ import annotations

from inventory.repository import ReservationRepository, StockRepository
from inventory.reservations import Reservations
from inventory.routes import Inventory, api
from inventory.settings import InventorySettings
from shopkit.service import Runtime, Service


def build(runtime: Runtime[InventorySettings]) -> Inventory:
    """Make what the handlers work with."""
    database = runtime.database
    return Inventory(StockRepository(database), Reservations(ReservationRepository(database)))


SERVICE = Service(
    name="inventory",
    version="0.1.0",
    summary="How many pieces there are, and for whom they are set aside.",
    settings=InventorySettings,
    apis=(api,),
    build=build,
)
