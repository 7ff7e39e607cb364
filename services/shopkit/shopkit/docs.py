"""The API document of a service, for programs (`/openapi.json`) and for people (`/docs`).

The page is made here from the document, self-contained and without scripts: nothing is loaded from elsewhere, and its
Content-Security-Policy forbids it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from flask import Flask, Response, request
from markupsafe import Markup, escape

from shopkit.routing import to_json
from shopkit.service import Service

_TEMPLATE = Path(__file__).parent / "templates" / "docs.html"
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem }
body { color: #1b1f24; background: #fff }
h1 small { font-weight: normal; color: #57606a }
details { border: 1px solid #d0d7de; border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; overflow-x: auto }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5em }
code { font: .9em ui-monospace, monospace }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 }
caption { text-align: left; font-weight: 600 }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-top: 1px solid #d0d7de }
tbody th { font-weight: normal }
.get { color: #0550ae } .post { color: #116329 } .put, .patch { color: #7d4e00 } .delete { color: #a40e26 }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117 } h1 small { color: #9198a1 } a { color: #79c0ff }
  .get { color: #79c0ff } .post { color: #7ee787 } .put, .patch { color: #e3b341 } .delete { color: #ff9492 }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "to {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "matching {}",
}


def add_documents(app: Flask, service: Service[Any]) -> None:
    """Serve `/openapi.json` and `/docs`, each made at the first request for it."""

    @cache
    def document() -> dict[str, Any]:
        # With pydantic's schemas it is heavy, and few ask for it.
        from shopkit.openapi import describe

        return describe(service)

    @cache
    def as_json() -> bytes:
        return to_json(document())

    @cache
    def as_page() -> bytes:
        return page(document()).encode()

    app.add_url_rule("/openapi.json", "openapi", lambda: _answer(as_json(), "application/json", {}))
    app.add_url_rule("/docs", "docs", lambda: _answer(as_page(), "text/html; charset=utf-8", PAGE_HEADERS))


def _answer(body: bytes, content_type: str, headers: Mapping[str, str]) -> Response:
    response = Response(body, headers=headers, content_type=content_type)
    response.set_etag(hashlib.sha256(body).hexdigest())
    response.make_conditional(request)
    return response


def page(document: Mapping[str, Any]) -> str:
    """Return an OpenAPI document as an HTML page."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text())
    return template.render(
        info=document["info"],
        style=Markup(_STYLE),  # noqa: S704 - a constant
        groups=[(tag["name"], list(_operations(document, tag["name"]))) for tag in document["tags"]],
        schemas=document["components"]["schemas"],
        kind=kind,
    )


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag not in operation["tags"]:
                continue
            yield {
                "id": operation["operationId"],
                "method": method,
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description"),
                "security": ", ".join(name for needed in operation.get("security", ()) for name in needed),
                "parameters": operation.get("parameters", ()),
                "bodies": _contents(operation.get("requestBody", {})),
                "answers": [
                    (status, response["description"], _contents(response))
                    for status, response in operation["responses"].items()
                ],
            }


def _contents(holder: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(media_type, content["schema"]) for media_type, content in holder.get("content", {}).items()]


def kind(schema: Mapping[str, Any]) -> Markup:
    """Say in a few words what a schema allows; references become links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return Markup(" or ").join(kind(option) for option in schema[choice])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in values)
    if schema.get("type") == "array":
        return escape("list of ") + kind(schema.get("items", {})) + _bounds(schema)
    return escape(schema.get("format") or schema.get("type") or "anything") + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> Markup:
    found = [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    return escape(f" ({', '.join(found)})" if found else "")
