"""OAuth 2.0 (RFC 6749) as far as a token request goes: pure, the grants themselves are in `users.oauth_routes`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus


class OAuthFault(Exception):
    """A token request is refused.

    Args:
        error: code of RFC 6749, section 5.2.
        description: what went wrong, in ASCII without quotes, as the standard has it.
        status: HTTP status.
    """

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class Client:
    """What a client says it is."""

    id: str
    secret: str = field(repr=False)


def read_parameters(form: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return the parameters of a token request; one without a value counts as left out.

    Raises:
        OAuthFault: a parameter is given twice.
    """
    found = {}
    for name, values in form:
        if len(values) > 1:
            raise OAuthFault("invalid_request", "A parameter is given more than once.")
        if values[0]:
            found[name] = values[0]
    return found


def read_client(authorization: str, parameters: Mapping[str, str]) -> Client:
    """Return the credentials of the client: from the header (HTTP Basic), or else from the body.

    Raises:
        OAuthFault: there are none, two, or they cannot be read.
    """
    in_body = "client_secret" in parameters
    if authorization and in_body:
        raise OAuthFault("invalid_request", "Send the credentials in the header or in the body, not in both.")
    if authorization:
        return _basic(authorization)
    if not in_body or "client_id" not in parameters:
        raise unknown_client()
    return Client(parameters["client_id"], parameters["client_secret"])


def granted_scopes(allowed: Sequence[str], asked: str) -> list[str]:
    """Return the scopes of a token.

    Args:
        allowed: what the key is good for.
        asked: scopes separated by spaces; empty: all that are allowed.

    Raises:
        OAuthFault: not all of them are allowed.
    """
    if not asked:
        return list(allowed)
    wanted = set(asked.split(" "))
    if not wanted <= set(allowed):
        raise OAuthFault("invalid_scope", "The API key is not good for all of these scopes.")
    return sorted(wanted)


def unknown_client() -> OAuthFault:
    """401: the credentials are missing or wrong."""
    return OAuthFault("invalid_client", "Send the id and the secret of an API key that is valid.", 401)


def _basic(authorization: str) -> Client:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise unknown_client()
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise unknown_client() from None
    if not colon:
        raise unknown_client()
    return Client(unquote_plus(client_id), unquote_plus(secret))
