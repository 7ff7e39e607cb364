"""`helm test`: registers a shopper, puts a product on sale, orders and pays it, all through the gateway."""

import json
import os
import secrets
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any


def connect() -> HTTPConnection:
    """Return a connection to the gateway; inside the cluster its certificate has another name."""
    if os.environ.get("GATEWAY_TLS"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return HTTPSConnection(os.environ["GATEWAY"], timeout=30, context=context)
    return HTTPConnection(os.environ["GATEWAY"], timeout=30)


def send(method: str, path: str, body: object = None, token: str = "") -> tuple[int, bytes]:
    """Send a request to the gateway and return the answer's status and body."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = connect()
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException) as error:
        sys.exit(f"{method} {path}: no answer from {os.environ['GATEWAY']}: {error}")
    finally:
        connection.close()


def call(method: str, path: str, wanted: int, body: object = None, token: str = "") -> Any:
    """Send a request, end the test unless the answer has the wanted status, and return its body."""
    status, text = send(method, path, body, token)
    if status != wanted:
        sys.exit(f"{method} {path}: {status} where {wanted} was wanted: {text.decode()}")
    print(f"{method} {path}: {status}", flush=True)
    return json.loads(text)


def log_in(email: str, password: str) -> str:
    """Return an access token."""
    token: str = call("POST", "/login", 200, {"email": email, "password": password})["access_token"]
    return token


def expect(what: str, got: object, wanted: object) -> None:
    """End the test unless a value is the wanted one."""
    if got != wanted:
        sys.exit(f"{what}: {got!r} where {wanted!r} was wanted")
    print(f"{what}: {got}", flush=True)


def place_order(product: str, shopper: str, admin: str) -> None:
    """Order two of five and pay them."""
    call("POST", f"/inventory/{product}", 200, {"quantity": 5}, admin)
    order = call("POST", "/orders", 201, {"lines": [{"product_id": product, "quantity": 2}]}, shopper)
    paid = call("POST", f"/orders/{order['id']}/pay", 200, {"payment_method": "pm_card_approved"}, shopper)
    expect("order", paid["status"], "confirmed")
    expect("total", paid["total"], 2500)
    expect("stock", call("GET", f"/inventory/{product}", 200)["available"], 3)


def main() -> None:
    """Place an order and leave no product behind, whatever happens."""
    email, password = f"helm-test-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16)
    call("POST", "/register", 201, {"email": email, "password": password, "name": "Helm Test"})
    shopper = log_in(email, password)
    admin = log_in(os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    product: str = call("POST", "/products", 201, {"name": "Helm test", "price": 1250}, admin)["id"]
    try:
        place_order(product, shopper, admin)
    finally:
        send("DELETE", f"/inventory/{product}", token=admin)
        send("DELETE", f"/products/{product}", token=admin)


if __name__ == "__main__":
    main()
