"""The routes of logging in, staying so, and logging out."""

from __future__ import annotations

from shopkit import problems
from shopkit.routing import Api, Reply
from users.context import Users
from users.models import Credentials, RefreshRequest, Token
from users.signing import LIFETIME_SECONDS

sessions_api: Api[Users] = Api("sessions")
# RFC 6749, section 5.1: no cache keeps a token.
NO_STORE = {"Cache-Control": "no-store"}


@sessions_api.post(
    "/api/v1/login",
    body=Credentials,
    responses={200: Token},
    problems={
        401: "The e-mail address or the password is wrong.",
        429: "Too many logins have failed: try again after Retry-After.",
    },
)
def login(context: Users, body: Credentials) -> Reply:
    """Log in: get an access token, and a refresh token for the time after it."""
    session = context.accounts.log_in(body.email, body.password, context.client_address())
    return Reply(token_answer(context, session.user_id, session.role, session.token), 200, NO_STORE)


@sessions_api.post(
    "/api/v1/token/refresh",
    body=RefreshRequest,
    responses={200: Token},
    problems={401: "The refresh token is not good, or not any more."},
)
def refresh(context: Users, body: RefreshRequest) -> Reply:
    """Get a new access token, and the next refresh token.

    A refresh token is good for one use. If it comes a second time the session ends, for somebody else has a copy: then
    the newest token does not work any more, either. The user has to log in again; so it is, too, for a client that
    did not get the answer.
    """
    session = context.sessions.renew(body.refresh_token)
    if session is None:
        raise problems.unauthorized("The refresh token is not good, or not any more: log in again.")
    return Reply(token_answer(context, session.user_id, session.role, session.token), 200, NO_STORE)


@sessions_api.post("/api/v1/logout", body=RefreshRequest, responses={204: None})
def logout(context: Users, body: RefreshRequest) -> None:
    """Log out: end the session of a refresh token.

    It has ended as well where the token is unknown, so that the answer is the same. The access token goes on until it
    expires.
    """
    context.sessions.end(body.refresh_token)


def token_answer(context: Users, user_id: str, role: str, refresh_token: str) -> dict[str, str | int]:
    """Return what a client gets for a login or a refresh token."""
    return {
        "access_token": context.signer.sign(user_id, role),
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "refresh_token": refresh_token,
    }
