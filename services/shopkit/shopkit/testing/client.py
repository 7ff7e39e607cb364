"""A test client that holds every answer against the API document."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from shopkit.openapi import possible_problems
from shopkit.problems import MEDIA_TYPE
from shopkit.routing import Operation, operations
from shopkit.service import Service


class ContractError(AssertionError):
    """An answer is not as the API document says."""


class ContractClient(FlaskClient):
    """Flask's test client; each answer of a documented route must have a documented status and shape."""

    service: Service[Any]

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request and check its answer. Raises ContractError."""
        response = super().open(*args, **kwargs)
        operation = self._operation(response)
        if operation is not None and response.request.method == operation.method:
            check(operation, response)
        return response

    def _operation(self, response: TestResponse) -> Operation | None:
        request = response.request
        adapter = self.application.url_map.bind("")
        try:
            endpoint, _ = adapter.match(request.path, method=request.method)
        except HTTPException:  # no such route: nothing is documented
            return None
        known = {f"{o.method} {o.path}": o for _, o in operations(self.service.apis)}
        return known.get(str(endpoint))


def body_of(response: TestResponse) -> Any:
    """Return the JSON body of an answer."""
    return response.json


def check(operation: Operation, response: Response | TestResponse) -> None:
    """Compare one answer with what its route declares. Raises ContractError."""
    name = f"{operation.method} {operation.path}"
    status = response.status_code
    if status in operation.responses:
        model = operation.responses[status]
        if model is None:
            if response.get_data():
                raise ContractError(f"{name}: a {status} has no body")
        elif isinstance(model, str):
            if response.mimetype != model:
                raise ContractError(f"{name}: a {status} must be {model}, not {response.mimetype}")
        else:
            model.model_validate_json(response.get_data())
    elif status in possible_problems(operation):
        if response.mimetype != MEDIA_TYPE:
            raise ContractError(f"{name}: a {status} must be {MEDIA_TYPE}, not {response.mimetype}")
    else:
        raise ContractError(f"{name}: status {status} is not declared")
