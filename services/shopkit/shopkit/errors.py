"""How every failure of a request becomes a problem document."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import psycopg2
import structlog
from flask import Flask, Response, current_app, request
from psycopg2 import errors as sqlstate
from werkzeug.exceptions import HTTPException

from shopkit import problems
from shopkit.pool import PoolTimeout
from shopkit.problems import MEDIA_TYPE, Problem
from shopkit.routing import to_json

_log = structlog.get_logger(__name__)

_HTTP_SLUGS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
}
# Where there are pages too, what is asked for under these paths and does not exist is still a problem document.
_MACHINE_PATHS = ("/api/", "/internal/", "/.well-known/")
_INTERNAL_ERROR = Problem(
    500,
    "internal-error",
    "Something went wrong in the service",
    "The fault is ours; the log has the cause under the request id of this answer.",
)
# The database refuses or drops the work although nothing is wrong with it: trying again helps.
_NOT_NOW = (
    psycopg2.InterfaceError,
    sqlstate.QueryCanceled,
    sqlstate.LockNotAvailable,
    sqlstate.DeadlockDetected,
    sqlstate.SerializationFailure,
    sqlstate.ReadOnlySqlTransaction,
    psycopg2.OperationalError,
)


def add_error_handlers(app: Flask) -> None:
    """Answer every exception with a problem document."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(psycopg2.Error, _database_error)
    app.register_error_handler(Exception, _bug)


def problem_response(problem: Problem) -> Response:
    """Return the response for a problem: an HTML page of the service where a person would see it, else the document."""
    page: Callable[[Problem], Response] | None = getattr(current_app, "error_page", None)
    if page is not None and _is_page(request.path):
        try:
            return page(problem)
        except Exception as error:  # noqa: BLE001 - an error page that cannot be made must not hide the error
            _log.error("an error page failed", exc_info=error)
    body = to_json(problem.document(request.path))
    return Response(body, problem.status, problem.headers, content_type=MEDIA_TYPE)


def _is_page(path: str) -> bool:
    return request.blueprint is not None or (request.url_rule is None and not path.startswith(_MACHINE_PATHS))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    detail = error.description or error.name
    if status == 413:
        detail = f"The body may have at most {request.max_content_length} bytes."
    elif status == 404:
        detail = "There is nothing at this path."
    problem = Problem(status, _HTTP_SLUGS.get(status, "http-error"), error.name, detail)
    response = problem_response(problem)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _busy(error: PoolTimeout) -> Response:
    _log.warning("a request was turned away", cause=str(error))
    return problem_response(problems.unavailable("busy", "The service is busy: try again.", retry_after=1))


def _database_error(error: psycopg2.Error) -> Response:
    cause = first_line(error)
    if not isinstance(error, _NOT_NOW):
        _log.error("a statement failed", cause=cause, where="".join(traceback.format_tb(error.__traceback__)))
        return problem_response(_INTERNAL_ERROR)
    _log.warning("the database did not do its part", cause=cause)
    return problem_response(problems.unavailable("database-unavailable", "The database did not answer: try again."))


def first_line(error: psycopg2.Error) -> str:
    """Return what is safe to log: the lines after the first quote rows and statements."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _bug(error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    return problem_response(_INTERNAL_ERROR)
