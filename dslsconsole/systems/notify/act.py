"""Telling the users, last, and only what has been proven. From the console's own host."""

import os
from pathlib import Path

import msgspec

from dslsconsole.settings.schema import Notify
from dslsconsole.systems.acting import Action, Call, Check, Refused, Request

SECONDS = 10.0


def _notify(call: Call) -> Notify:
    dr = call.ground.cluster.dr
    if dr is None or dr.notify is None:
        raise Refused("the estate file names nowhere to send a notification to")
    return dr.notify


def _token(notify: Notify) -> str | None:
    """The secret, from the environment or its file.

    Raises:
        Refused: it is not there.
    """
    if notify.token_env is not None:
        if not (token := os.environ.get(notify.token_env)):
            raise Refused(f"the environment variable {notify.token_env} with the notification's token is not set")
        return token
    if notify.token_file is not None:
        try:
            return Path(os.path.expandvars(notify.token_file)).expanduser().read_text().strip()
        except OSError as error:
            raise Refused(f"the notification's token can't be read: {error}") from error
    return None


def _body(call: Call) -> bytes:
    notify = _notify(call)
    return msgspec.json.encode(
        {
            "type": call.arguments.get("type", "information"),
            "audience": notify.audience,
            "message": call["message"],
            "cluster": call.ground.name,
            "channels": list(notify.channels),
        }
    )


def _commands(call: Call) -> tuple[str, ...]:
    return (f"POST {_notify(call).url}: {_body(call).decode()}",)


async def _send(call: Call) -> str:
    notify = _notify(call)
    token = _token(notify)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    page = await call.hands.request(Request("POST", notify.url, json=_body(call), headers=headers), timeout=SECONDS)
    if not 200 <= page.status < 300:
        raise Refused(f"{notify.url} answers with HTTP status {page.status}: the users have not been told")
    return f"HTTP status {page.status}"


ACTIONS = {"notify": Action(_commands, _send)}
CHECKS: dict[str, Check] = {}
