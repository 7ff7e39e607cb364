"""The token endpoint of OAuth 2.0."""

from __future__ import annotations

from typing import Any

from flask import request

from shopkit.routing import Api, Reply
from users import oauth
from users.context import Users
from users.models import OAuthError, OAuthToken
from users.oauth import OAuthFault
from users.session_routes import NO_STORE, token_answer
from users.signing import MACHINE_LIFETIME_SECONDS

oauth_api: Api[Users] = Api("oauth")

_GRANTS = ("client_credentials", "refresh_token")
_TEXT = {"type": "string"}
_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": list(_GRANTS)},
        "client_id": {**_TEXT, "description": "Id of the API key, if it is not sent by HTTP Basic."},
        "client_secret": {**_TEXT, "format": "password", "description": "Secret of the API key, likewise."},
        "scope": {**_TEXT, "description": "Scopes separated by spaces; left out: all of the API key."},
        "refresh_token": {**_TEXT, "minLength": 1, "description": "For the grant refresh_token."},
    },
}


@oauth_api.post(
    "/api/v1/oauth/token",
    body={"application/x-www-form-urlencoded": _FORM},
    responses={200: OAuthToken, 400: OAuthError, 401: OAuthError},
    headers={"Authorization": "HTTP Basic with id and secret of the API key, for the grant client_credentials."},
)
def issue_token(context: Users) -> Reply:
    """Get an access token, by OAuth 2.0 (RFC 6749).

    The grant client_credentials gives a token for an API key, good for the key's scopes, or those asked for.
    The grant refresh_token is the same as /api/v1/token/refresh. Errors have the form of section 5.2.
    """
    try:
        parameters = oauth.read_parameters(request.form.lists())
        return Reply(_grant(context, parameters), 200, {**NO_STORE, "Pragma": "no-cache"})
    except OAuthFault as fault:
        headers = dict(NO_STORE)
        if fault.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="shop"'
        return Reply({"error": fault.error, "error_description": fault.description}, fault.status, headers)


def _grant(context: Users, parameters: dict[str, str]) -> dict[str, Any]:
    grant = parameters.get("grant_type")
    if grant is None:
        raise OAuthFault("invalid_request", "The parameter grant_type is missing.")
    if grant not in _GRANTS:
        raise OAuthFault("unsupported_grant_type", f"The grants are {' and '.join(_GRANTS)}.")
    return _for_client(context, parameters) if grant == "client_credentials" else _for_session(context, parameters)


def _for_client(context: Users, parameters: dict[str, str]) -> dict[str, Any]:
    client = oauth.read_client(request.headers.get("Authorization", ""), parameters)
    machine = context.api_keys.find(client.id, client.secret)
    if machine is None:
        raise oauth.unknown_client()
    scopes = oauth.granted_scopes(machine.scopes, parameters.get("scope", ""))
    context.api_keys.touch(machine.key_id)
    return {
        "access_token": context.signer.sign_for_machine(machine.user_id, machine.role, machine.key_id, scopes),
        "token_type": "Bearer",
        "expires_in": MACHINE_LIFETIME_SECONDS,
        "scope": " ".join(scopes),
    }


def _for_session(context: Users, parameters: dict[str, str]) -> dict[str, Any]:
    if "scope" in parameters:
        raise OAuthFault("invalid_scope", "The tokens of a session have no scope: leave it out.")
    if "refresh_token" not in parameters:
        raise OAuthFault("invalid_request", "The parameter refresh_token is missing.")
    session = context.sessions.renew(parameters["refresh_token"])
    if session is None:
        raise OAuthFault("invalid_grant", "The refresh token is not good, or not any more: log in again.")
    return token_answer(context, session.user_id, session.role, session.token)
