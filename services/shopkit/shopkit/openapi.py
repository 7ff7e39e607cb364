"""The OpenAPI 3.1 document of a service, made from its routes and models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shopkit.problems import MEDIA_TYPE
from shopkit.routing import PATH_PARAMETER, Operation, Required, operations
from shopkit.service import Service

_REF = "#/components/schemas/{model}"
_USER, _INTERNAL = "accessToken", "internalToken"
_SECURITY_SCHEMES = {
    _USER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Access token of a user."},
    _INTERNAL: {"type": "http", "scheme": "bearer", "description": "Token that the services of a shop share."},
}
_PROBLEM = {
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "One entry per fault.",
            "items": {"type": "object", "properties": {"field": {"type": "string"}, "detail": {"type": "string"}}},
        },
    },
}


def describe(service: Service[Any]) -> dict[str, Any]:
    """Return the OpenAPI document of a service."""
    found = operations(service.apis)
    schemas, references = _schemas(operation for _, operation in found)
    paths: dict[str, dict[str, Any]] = {}
    for tag, operation in found:
        path = PATH_PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(tag, operation, schemas, references)
    schemes = {o.auth.scheme for _, o in found if o.auth}
    used = [name for name, scheme in ((_USER, "user"), (_INTERNAL, "internal")) if scheme in schemes]
    # Queries are spelt out, parameter by parameter, at each route that has them.
    queries = {_name(references[(o.query, "validation")]) for _, o in found if o.query is not None}
    kept = {name: schema for name, schema in schemas.items() if name not in queries}
    components: dict[str, Any] = {"schemas": {**kept, "Problem": _PROBLEM}}
    if used:
        components["securitySchemes"] = {name: _SECURITY_SCHEMES[name] for name in used}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Shopkeeper {service.name}", "version": service.version, "description": service.summary},
        "tags": [{"name": tag} for tag in dict.fromkeys(tag for tag, _ in found)],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def to_yaml(document: dict[str, Any]) -> str:
    """Return the document as YAML, as `openapi.yaml` holds it."""
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes a value that occurs twice in full, instead of an anchor and an alias."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    text: str = yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110)
    return text


def _schemas(found: Iterable[Operation]) -> tuple[dict[str, Any], dict[tuple[type[BaseModel], str], str]]:
    """Return the component schemas, and the reference of each model (as request or as response)."""
    wanted: dict[tuple[type[BaseModel], Any], None] = {}
    for operation in found:
        for model in (operation.body, operation.query):
            if model is not None:
                wanted[(model, "validation")] = None
        for answer in operation.responses.values():
            if isinstance(answer, type):
                wanted[(answer, "serialization")] = None
    by_model, definitions = models_json_schema(list(wanted), ref_template=_REF)
    schemas = dict(sorted(definitions.get("$defs", {}).items()))
    return schemas, {(model, mode): by_model[(model, mode)]["$ref"] for model, mode in wanted}


def _operation(
    tag: str, operation: Operation, schemas: dict[str, Any], references: dict[tuple[type[BaseModel], str], str]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "tags": [tag],
        "summary": operation.summary,
    }
    if operation.description:
        described["description"] = operation.description
    if operation.auth is not None:
        described["security"] = [{_USER if operation.auth.scheme == "user" else _INTERNAL: []}]
    parameters = [*_path_parameters(operation), *_header_parameters(operation)]
    if operation.query is not None:
        parameters += _query_parameters(schemas[_name(references[(operation.query, "validation")])])
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        schema = {"$ref": references[(operation.body, "validation")]}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif operation.upload:
        content = {media_type: {"schema": dict(schema)} for media_type, schema in operation.upload.items()}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = _responses(operation, references)
    return described


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "format": "uuid"}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in operation.path_parameters]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "header",
            "required": isinstance(text, Required),
            "description": str(text),
            "schema": {"type": "string"},
        }
        for name, text in operation.headers.items()
    ]


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    parameters = []
    for name, declared in schema["properties"].items():
        # An optional parameter is left out, it is never null.
        given = next((option for option in declared.get("anyOf", ()) if option.get("type") != "null"), declared)
        inner = {key: value for key, value in given.items() if key not in ("description", "title")}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": inner}
        if "description" in declared:
            parameter["description"] = declared["description"]
        parameters.append(parameter)
    return parameters


def _responses(operation: Operation, references: dict[tuple[type[BaseModel], str], str]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in operation.responses.items():
        if isinstance(model, str):
            content = {model: {"schema": {"type": "string"}}}
            responses[str(status)] = {"description": "Done.", "content": content}
            continue
        responses[str(status)] = {"description": "Done." if model is None else model.__name__}
        if model is not None:
            schema = {"$ref": references[(model, "serialization")]}
            responses[str(status)]["content"] = {"application/json": {"schema": schema}}
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    for status, text in sorted(possible_problems(operation).items()):
        responses[str(status)] = {"description": text, "content": problem}
    return responses


def possible_problems(operation: Operation) -> dict[int, str]:
    """Return each error status of an operation and when it occurs."""
    found: dict[int, str] = {500: "The fault is the service's.", 503: "Not now: try again after Retry-After."}
    if operation.auth is not None:
        found[401] = "The token is missing or not valid."
        if operation.auth.scheme == "user":
            found[403] = "The token of a machine does not have the scope that is needed."
        if operation.auth.role is not None:
            found[403] = f"Only a user with the role {operation.auth.role} may do this; a machine needs the scope too."
    if operation.path_parameters:
        found[404] = "There is no such thing; what is no UUID names none."
    if operation.query is not None:
        found[422] = "Query parameters are unknown or wrong; `errors` names them."
    if operation.body is not None:
        found[400] = "The body is not JSON."
        found[413] = "The body is too large."
        found[415] = "The body is not application/json."
        found[422] = "Fields are unknown, missing or wrong; `errors` names them."
    if operation.upload:
        found[400] = "The body cannot be read."
        found[413] = "The body is too large."
        found[415] = f"The body is not {' or '.join(operation.upload)}."
    # A route may answer an error in a form of its own, where a standard asks for it.
    return {
        status: text for status, text in {**found, **operation.problems}.items() if status not in operation.responses
    }
