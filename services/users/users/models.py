"""What goes in and out of the API."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from shopkit.ids import Id
from shopkit.pagination import Page
from shopkit.validation import Schema

MAX_EMAIL = 254
MIN_PASSWORD, MAX_PASSWORD = 8, 128
MAX_NAME = 200

# What browsers accept in <input type="email">. ASCII only, so that upper and lower case mean the same everywhere.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
_NOT_AN_EMAIL = "must be an e-mail address such as ann@example.com"


def email_fault(text: str) -> str | None:
    """Return what is wrong with an e-mail address, or None."""
    return None if len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) else _NOT_AN_EMAIL


def password_fault(text: str) -> str | None:
    """Return what is wrong with a new password, or None."""
    fine = MIN_PASSWORD <= len(text) <= MAX_PASSWORD
    return None if fine else f"must have from {MIN_PASSWORD} to {MAX_PASSWORD} characters"


def _check_email(text: str) -> str:
    if email_fault(text):
        raise PydanticCustomError("email", _NOT_AN_EMAIL)
    return text


Email = Annotated[
    str,
    Field(
        max_length=MAX_EMAIL, description="Upper and lower case are the same.", json_schema_extra={"format": "email"}
    ),
    AfterValidator(_check_email),
]
_PASSWORD: JsonDict = {"format": "password", "writeOnly": True}


class Registration(Schema):
    """A user to be."""

    email: Email
    password: str = Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, repr=False, json_schema_extra=_PASSWORD)
    name: str = Field(min_length=1, max_length=MAX_NAME)


class Credentials(Schema):
    """What a user logs in with."""

    email: str = Field(max_length=MAX_EMAIL, description="Upper and lower case are the same.")
    password: str = Field(max_length=MAX_PASSWORD, repr=False, json_schema_extra=_PASSWORD)


class AccountChange(Schema):
    """What is to change in one's own account; what is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=MAX_NAME)
    password: str | None = Field(
        default=None,
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        repr=False,
        description="The new password; goes with old_password.",
        json_schema_extra=_PASSWORD,
    )
    old_password: str | None = Field(default=None, max_length=MAX_PASSWORD, repr=False, json_schema_extra=_PASSWORD)


class User(Schema):
    """An account."""

    id: Id
    email: str
    name: str
    role: Literal["customer", "admin"]
    created_at: datetime


class UserPage(Page[User]):
    """One page of accounts."""


class Token(Schema):
    """An access token, to be sent as `Authorization: Bearer <access_token>`, and what to get the next one with."""

    access_token: str = Field(repr=False, description="JWT, signed with EdDSA.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(repr=False, description="Good for one use at /api/v1/token/refresh.")


class RefreshRequest(Schema):
    """The token of a session."""

    refresh_token: str = Field(max_length=200, repr=False, description="The newest refresh token of the session.")


Scope = Literal[
    "inventory:read",
    "inventory:write",
    "orders:read",
    "orders:write",
    "payments:read",
    "products:read",
    "products:write",
    "users:read",
]
"""What a machine may do: read or write at one service. There is no users:write, so that no key makes another key,
changes its owner's password or removes the account."""


class NewApiKey(Schema):
    """An API key to be."""

    name: str = Field(min_length=1, max_length=100, description="For its owner, to tell the keys apart.")
    scopes: list[Scope] = Field(min_length=1, max_length=20, description="What it is good for.")
    expires_in_days: int = Field(default=90, ge=1, le=366)


class ApiKey(Schema):
    """An API key."""

    id: Id = Field(description="The client_id.")
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class ShownApiKey(ApiKey):
    """An API key with its secret, which is shown this once."""

    secret: str = Field(repr=False, description="The client_secret.")


class ApiKeyPage(Page[ApiKey]):
    """One page of API keys."""


class OAuthToken(Schema):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str = Field(repr=False, description="JWT, signed with EdDSA.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str | None = Field(default=None, repr=False, description="With the grant refresh_token only.")
    scope: str | None = Field(default=None, description="With the grant client_credentials only.")


class OAuthError(Schema):
    """Why there is no token (RFC 6749, section 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "invalid_scope",
    ]
    error_description: str


class PublicKey(Schema):
    """An Ed25519 public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str = Field(description="The key's thumbprint (RFC 7638); tokens name it in their header.")
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class KeySet(Schema):
    """The public keys that tokens are checked with (JWKS, RFC 7517)."""

    keys: list[PublicKey]
