"""Routes with what is needed to check and to document them, and their binding to Flask.

An own thin decorator instead of spectree: it validates with pydantic directly (no second model layer or hooks per
request), its errors are our problem documents, and one declaration serves Flask and OpenAPI 3.1.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson
from flask import Flask, Response
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from shopkit.auth import Guard, Requirement
from shopkit.ids import UUID_REGEX
from shopkit.validation import read_body, read_query, require_media_type

Context = TypeVar("Context")
Handler = Callable[..., Any]
PATH_PARAMETER = re.compile(r"<id:(\w+)>")


class Required(str):
    """Meaning of a request header that must be sent; the handler itself refuses a request without it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose status or headers differ from the usual ones of its route."""

    body: Any
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One route: how to serve it and what to write about it."""

    method: str
    path: str
    handler: Handler
    summary: str
    description: str
    auth: Requirement | None
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    upload: Mapping[str, Mapping[str, Any]]
    responses: Mapping[int, type[BaseModel] | str | None]
    problems: Mapping[int, str]
    headers: Mapping[str, str]

    @property
    def status(self) -> int:
        """The status of an ordinary answer."""
        return next(iter(self.responses))

    @property
    def path_parameters(self) -> list[str]:
        """Names of the ids in the path."""
        return PATH_PARAMETER.findall(self.path)


class Api(Generic[Context]):
    """A set of routes that share one context: the object with the service's repositories and clients.

    A handler takes the context first, then by name: each ``<id:name>`` of the path, `body` and `query` where models
    are given, and if it wants to know, the `user` that `auth` asked for.

    Args:
        tag: heading of these operations in the API document.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        responses: Mapping[int, type[BaseModel] | str | None],
        auth: Requirement | None = None,
        body: type[BaseModel] | Mapping[str, Mapping[str, Any]] | None = None,
        query: type[BaseModel] | None = None,
        problems: Mapping[int, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a route.

        Args:
            method: HTTP method.
            path: absolute path; ids are written ``<id:name>``.
            responses: model of each success; the first is the usual one. None means no body, a text is the media type
                of a body that is not JSON: the handler returns a `flask.Response`.
            auth: what is asked of the caller; None: nothing.
            body: model of the JSON body; or the media types, each with its JSON schema, of a body that the handler
                reads itself from `flask.request`.
            query: model of the query string.
            problems: when the service's own errors occur, by status (those of body, query and auth are added).
            headers: request headers that the handler reads, with their meaning (`Required` if they must be sent).
        """

        def declare(handler: Handler) -> Handler:
            text = inspect.getdoc(handler) or ""
            summary, _, description = text.partition("\n\n")
            self.operations.append(
                Operation(
                    method=method.upper(),
                    path=path,
                    handler=handler,
                    summary=" ".join(summary.split()).removesuffix("."),
                    description=" ".join(description.split()),
                    auth=auth,
                    body=body if isinstance(body, type) else None,
                    query=query,
                    upload=body if isinstance(body, Mapping) else {},
                    responses=responses,
                    problems=problems or {},
                    headers=headers or {},
                )
            )
            return handler

        return declare

    def get(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a GET route; see `route`."""
        return self.route("GET", path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a POST route; see `route`."""
        return self.route("POST", path, **declared)

    def put(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT route; see `route`."""
        return self.route("PUT", path, **declared)

    def delete(self, path: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE route; see `route`."""
        return self.route("DELETE", path, **declared)


class IdConverter(BaseConverter):
    """Path part that is a UUID; anything else is no such path (404)."""

    regex = UUID_REGEX

    def to_python(self, value: str) -> str:
        """Return the canonical form."""
        return value.lower()


def bind(app: Flask, apis: Sequence[Api[Any]], context: object, guard_for: Callable[[Requirement, str], Guard]) -> None:
    """Serve the routes from this Flask application.

    Args:
        app: the application.
        apis: the routes.
        context: what the handlers get.
        guard_for: makes the check for what a route asks of its caller, given the route's method.
    """
    for api in apis:
        for operation in api.operations:
            guard = guard_for(operation.auth, operation.method) if operation.auth else None
            app.add_url_rule(
                operation.path,
                endpoint=f"{operation.method} {operation.path}",
                view_func=_view(operation, context, guard),
                methods=[operation.method],
            )


def render(body: Any, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response of a model, a mapping or a list; without a body for None."""
    if body is None:
        return Response(status=status, headers=headers)
    response = Response(to_json(body), status, content_type="application/json")
    # In the constructor even one header goes through werkzeug's general merging, which costs as much as the rest.
    if headers:
        for name, value in headers.items():
            response.headers.add(name, value)
    return response


def to_json(body: Any) -> bytes:
    """Serialize: times in RFC 3339 UTC."""
    if isinstance(body, BaseModel):
        return body.model_dump_json().encode()
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def _view(operation: Operation, context: object, guard: Guard | None) -> Callable[..., Response]:
    """Compose what this one route needs, so that a request does not pay for what it does not use."""
    handler, body, query, status = operation.handler, operation.body, operation.query, operation.status
    upload = list(operation.upload)
    wants_user = "user" in inspect.signature(handler).parameters

    def view(**arguments: Any) -> Response:
        if guard is not None:
            user = guard()
            if wants_user:
                arguments["user"] = user
        if query is not None:
            arguments["query"] = read_query(query)
        if body is not None:
            arguments["body"] = read_body(body)
        elif upload:
            require_media_type(upload)
        result = handler(context, **arguments)
        if isinstance(result, Reply):
            return render(result.body, result.status, result.headers)
        if isinstance(result, Response):
            return result
        return render(result, status)

    return view


def operations(apis: Iterable[Api[Any]]) -> list[tuple[str, Operation]]:
    """Return all operations with the tag of their group."""
    return [(api.tag, operation) for api in apis for operation in api.operations]
