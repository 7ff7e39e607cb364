"""What the tests of stuck and cancelled orders do again and again."""

from __future__ import annotations

from datetime import timedelta

from orders.domain import Claims
from orders.routes import Desk
from orders.service import build
from shopkit.app import ServiceApp
from shopkit.background import Background
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.service import Runtime
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.upstream import FakeUpstream

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP = "0197f0a0-0000-7000-8000-000000000001"
APPROVED = "pm_card_approved"
RESERVATIONS, CHARGES, REFUNDS = "/internal/v1/reservations", "/internal/v1/charges", "/internal/v1/refunds"
NOW = Claims(idle_seconds=0, pause_seconds=60, most_seconds=600, count=100)
DEADLINE = timedelta(seconds=30)


def replica(app: ServiceApp) -> Desk:
    """Return another replica on the same database."""
    metrics = Metrics()
    return build(Runtime(app.runtime.settings, app.runtime.database, metrics, Background(metrics)))


def place(client: ContractClient, headers: dict[str, str]) -> str:
    """Order two lamps."""
    placed = client.post("/api/v1/orders", json={"lines": [{"product_id": LAMP, "quantity": 2}]}, headers=headers)
    assert placed.status_code == 201
    return str(body_of(placed)["id"])


def put(database: Database, order_id: str, state: str, since: str = "1 hour") -> None:
    """Leave an order behind in a state."""
    changed = database.execute(
        "UPDATE orders SET state = %s, payment_method = %s, updated_at = now() - %s::interval WHERE id = %s",
        (state, APPROVED, since, order_id),
    )
    assert changed == 1


def states(database: Database) -> dict[str, str]:
    """Return the state of every order."""
    return {row["id"]: row["state"] for row in database.fetch_all("SELECT id, state FROM orders")}


def asked(upstream: FakeUpstream) -> list[str]:
    """Return the last part of each path that was asked for; of a reservation none."""
    return [request.path.removeprefix(RESERVATIONS).rpartition("/")[2] for request in upstream.received]
