"""The loader of the catalogue, with the real services that it asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.metrics import Metrics
from shopkit.testing.postgres import Templates
from shopkit.testing.process import ServerProcess, subprocess_environ
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER
from shopkit.upstream import Upstream

SAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "catalogue" / "catalogue.csv"
ADMIN = {"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "open sesame!"}
CHEAP = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1"}
TABLE = "sku,name,price,stock\nA,Lamp,1999,5\nB,Cup,250,0\nC,Chair,9900,\n"


class Shop:
    """Users, products and inventory as processes, and the loader beside them."""

    def __init__(self, urls: Mapping[str, str], databases: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self._databases = databases
        self._environ = {**ADMIN, **{f"{name.upper()}_URL": url for name, url in urls.items()}}
        metrics = Metrics()
        login = Upstream("users", urls["users"], metrics).post(
            "/api/v1/login", {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]}
        )
        token = login.body["access_token"]
        self.products = Upstream("products", urls["products"], metrics, token=token)
        self.inventory = Upstream("inventory", urls["inventory"], metrics, token=token)

    def load(self, files: Mapping[str, str], **changed: str) -> subprocess.CompletedProcess[str]:
        """Run the loader on these files."""
        for path in self.folder.iterdir():
            path.unlink()
        for name, text in files.items():
            (self.folder / name).write_text(text)
        environ = {**self._environ, "CATALOG_DIR": str(self.folder), **changed}
        return subprocess.run(
            [sys.executable, "-m", "products.catalog"],
            env=subprocess_environ(environ),
            capture_output=True,
            text=True,
            check=False,
        )

    def catalogue(self) -> dict[str, Any]:
        """Return all products by sku."""
        items = self.products.get("/api/v1/products?limit=100").body["items"]
        return {item["sku"]: item for item in items}

    def stocks(self) -> dict[str, int | None]:
        """Return the pieces on hand by sku; None: the inventory does not know the product."""
        answers = {sku: self.inventory.get(f"/api/v1/inventory/{item['id']}") for sku, item in self.catalogue().items()}
        return {sku: None if answer.status == 404 else answer.body["on_hand"] for sku, answer in answers.items()}

    def run(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the database of a service."""
        opened = psycopg2.connect(self._databases[service])
        try:
            with opened, opened.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            opened.close()

    def empty(self) -> None:
        """Forget products and stock."""
        self.run("products", "DELETE FROM products; DELETE FROM initial_skus")
        self.run("inventory", "DELETE FROM stock")

    def written(self) -> list[tuple[Any, ...]]:
        """Return what tells whether anything was written: where the newest row versions are."""
        return self.run("products", "SELECT xmin, sku FROM products ORDER BY sku") + self.run(
            "inventory", "SELECT xmin, product_id FROM stock ORDER BY product_id"
        )


@pytest.fixture(scope="module")
def started(database_templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The three services."""
    folder = tmp_path_factory.mktemp("catalog")
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secrets = {**ADMIN, **CHEAP, "JWT_SIGNING_KEY": key.decode()}
    names = ("users", "products", "inventory")
    databases = {name: database_templates.create(name, secrets) for name in names}
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for name in names:
            environ = {
                **secrets,
                "DATABASE_URL": databases[name],
                "JWT_ISSUER": ISSUER,
                "INTERNAL_TOKEN": INTERNAL_TOKEN,
                "USERS_URL": urls.get("users", "http://127.0.0.1:9"),
                "AMQP_URL": "amqp://nobody:nothing@127.0.0.1:9/%2F",
            }
            urls[name] = stack.enter_context(ServerProcess(name, environ, folder / f"{name}.log")).url
        (folder / "files").mkdir()
        yield Shop(urls, databases, folder / "files")


@pytest.fixture
def shop(started: Shop) -> Shop:
    """The three services without products."""
    started.empty()
    return started


def test_a_catalogue_is_loaded_once(shop: Shop) -> None:
    done = shop.load({"products.csv": TABLE, "more.json": '[{"sku": "D", "name": "Desk", "price": 5, "stock": 7}]'})
    assert (done.returncode, done.stderr) == (0, "")
    assert '"created":4,"kept":0,"stocks_set":3' in done.stdout
    assert shop.stocks() == {"A": 5, "B": 0, "C": None, "D": 7}
    assert {sku: item["price"] for sku, item in shop.catalogue().items()} == {"A": 1999, "B": 250, "C": 9900, "D": 5}
    before = shop.written()
    again = shop.load({"products.csv": TABLE})
    assert (again.returncode, again.stderr) == (0, "")
    assert '"created":0,"kept":3,"stocks_set":0' in again.stdout
    assert shop.written() == before


def test_what_merchant_and_shoppers_did_since_stays(shop: Shop) -> None:
    shop.load({"products.csv": TABLE})
    lamp, cup = shop.catalogue()["A"]["id"], shop.catalogue()["B"]["id"]
    shop.run("products", f"UPDATE products SET price = 2500 WHERE id = '{lamp}'")
    shop.run("inventory", f"UPDATE stock SET on_hand = 1 WHERE product_id = '{lamp}'")
    assert shop.products.call("DELETE", f"/api/v1/products/{cup}").status == 204
    changed = TABLE.replace("1999,5", "1500,9") + "E,Extra,100,3\n"
    done = shop.load({"products.csv": changed})
    assert '"created":1,"kept":3,"stocks_set":1' in done.stdout
    assert {sku: item["price"] for sku, item in shop.catalogue().items()} == {"A": 2500, "C": 9900, "E": 100}
    assert shop.stocks() == {"A": 1, "C": None, "E": 3}


def test_stock_is_set_where_there_never_was_any(shop: Shop) -> None:
    shop.load({"products.csv": "sku,name,price\nA,Lamp,1999\nB,Cup,250\n"})
    assert shop.stocks() == {"A": None, "B": None}
    cup = shop.catalogue()["B"]["id"]
    for method, body in (("POST", {"quantity": 8}), ("DELETE", None)):
        assert shop.inventory.call(method, f"/api/v1/inventory/{cup}", body).status in (200, 204)
    # A loader that died half-way is made up for; what an administrator has removed does not come back.
    done = shop.load({"products.csv": TABLE})
    assert '"created":1,"kept":2,"stocks_set":1' in done.stdout
    assert shop.stocks() == {"A": 5, "B": None, "C": None}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no files: put products into *.csv or *.json"),
        ({"readme.md": "hello"}, "readme.md: is neither *.csv nor *.json"),
        ({"a.csv": "sku,name\nA,Lamp\n"}, "a.csv: price is missing"),
        ({"a.csv": "sku,name,price\nA,Lamp,19.99\n"}, "a.csv, line 2 (A): price: Input should be a valid integer"),
        ({"a.csv": "sku,name,price,stock\nA,Lamp,1,-1\n"}, "a.csv, line 2 (A): stock: "),
        ({"a.csv": TABLE, "b.csv": TABLE}, "b.csv, line 2 (A): sku: is in a.csv, too"),
        ({"a.json": "{}"}, "a.json: (body) Input should be an array of products"),
        ({"a.json": "["}, "a.json: The catalogue is not valid JSON"),
    ],
)
def test_files_that_are_wrong_are_named_and_nothing_is_loaded(shop: Shop, files: dict[str, str], said: str) -> None:
    done = shop.load({"good.csv": "sku,name,price\nG,Good,1\n", **files} if files else {})
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert shop.catalogue() == {}


def test_a_service_that_fails_is_named_and_another_try_may_help(shop: Shop) -> None:
    refused = shop.load({"products.csv": TABLE}, ADMIN_PASSWORD="not the password")
    assert (refused.returncode, refused.stderr) == (
        1,
        "catalog: not loaded to the end: users answered 401: The e-mail address or the password is wrong.\n",
    )
    missing = shop.load({"products.csv": TABLE}, ADMIN_PASSWORD="")
    assert (missing.returncode, "ADMIN_PASSWORD is not set" in missing.stderr) == (2, True)


def test_the_sample_catalogue_fits_into_a_configmap_and_a_shop(shop: Shop) -> None:
    assert SAMPLE.stat().st_size < 1 << 20
    done = shop.load({"catalogue.csv": SAMPLE.read_text()})
    assert '"created":216,"kept":0,"stocks_set":216' in done.stdout, done.stderr
