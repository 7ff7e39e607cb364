"""`helm test`: registers a shopper, puts a product on sale, orders and pays it, all through the gateway."""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request

URL = os.environ["SHOP_URL"]


def call(method, path, status, body=None, token=""):
    """Send a request, end the test unless the answer has the expected status, and return its body."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            got, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        got, text = error.code, error.read()
    except OSError as error:
        sys.exit(f"{method} {URL}{path}: no answer ({error})")
    if got != status:
        sys.exit(f"{method} {path}: {got} where {status} was expected: {text.decode()}")
    print(f"{method} {path}: {got}")
    return json.loads(text) if text else None


def log_in(email, password):
    """Return an access token."""
    return call("POST", "/login", 200, {"email": email, "password": password})["access_token"]


def expect(what, got, wanted):
    """End the test unless a value is the expected one."""
    if got != wanted:
        sys.exit(f"{what}: {got!r} where {wanted!r} was expected")
    print(f"{what}: {got}")


def main():
    """Place an order and pay it; leave no product behind."""
    email, password = f"helm-test-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16)
    call("POST", "/register", 201, {"email": email, "password": password, "name": "Helm Test"})
    shopper = log_in(email, password)
    admin = log_in(os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    product = call("POST", "/products", 201, {"name": "Helm test", "price": 1250}, admin)["id"]
    try:
        call("POST", f"/inventory/{product}", 200, {"quantity": 5}, admin)
        order = call("POST", "/orders", 201, {"lines": [{"product_id": product, "quantity": 2}]}, shopper)
        paid = call("POST", f"/orders/{order['id']}/pay", 200, {"payment_method": "pm_card_approved"}, shopper)
        expect("order", paid["status"], "confirmed")
        expect("total", paid["total"], 2500)
        expect("stock", call("GET", f"/inventory/{product}", 200)["available"], 3)
    finally:
        call("DELETE", f"/inventory/{product}", 204, token=admin)
        call("DELETE", f"/products/{product}", 204, token=admin)


if __name__ == "__main__":
    main()
