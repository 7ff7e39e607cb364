"""The reference that product reads are held against: plain Flask with a psycopg2 pool and one row by its key.

It has no checks, no metrics, no logs and no contract: what a request costs here is what the frameworks cost.
"""

from __future__ import annotations

import os
from queue import SimpleQueue
from typing import Any

import psycopg2
from flask import Flask, Response, jsonify
from psycopg2.extensions import connection

app = Flask(__name__)
_idle: SimpleQueue[connection] = SimpleQueue()


def _connect() -> connection:
    opened = psycopg2.connect(os.environ["DATABASE_URL"])
    opened.autocommit = True
    return opened


for _ in range(8):
    _idle.put(_connect())


@app.get("/products/<product_id>")
def product(product_id: str) -> Response | tuple[str, int]:
    """Return one product as JSON."""
    taken = _idle.get()
    try:
        with taken.cursor() as cursor:
            cursor.execute("SELECT id::text, name, description, price FROM products WHERE id = %s", (product_id,))
            row: tuple[Any, ...] | None = cursor.fetchone()
    finally:
        _idle.put(taken)
    if row is None:
        return "", 404
    return jsonify(dict(zip(("id", "name", "description", "price"), row, strict=True)))
