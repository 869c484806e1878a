"""The ways by which operators are told: by mail to ALERT_EMAILS, by POST to ALERT_WEBHOOK_URL.

And the sign of life for a watcher outside (ALERT_HEARTBEAT_URL). Addresses may hold keys: no log
and no error repeats one. Where an answer redirects to isn't followed.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from auth0sync.alert_digest import Message
from auth0sync.models import Telling
from employees.counters import count

logger = logging.getLogger(__name__)

TIMEOUT_S = 5  # for a POST or GET from beginning to end; for each answer of a mail server


def configured() -> list[Telling.Channel]:
    """The channels that lead to somebody."""
    found = []
    if settings.ALERT_EMAILS:
        found.append(Telling.Channel.MAIL)
    if settings.ALERT_WEBHOOK_URL:
        found.append(Telling.Channel.WEBHOOK)
    return found


def send(channel: str, message: Message) -> str:
    """Send it, within some seconds; '' when it went out, else why not, which is logged too.

    Never raises: whatever a channel fails by, the message is kept and tried again.
    """
    error = _mail(message) if channel == Telling.Channel.MAIL else _post(message)
    count("console_alerts", channel=channel, outcome="failed" if error else "sent")
    return error


def ping() -> None:
    """Let the watcher outside know that the console is at work; what goes wrong is logged."""
    try:
        status = _status("GET", settings.ALERT_HEARTBEAT_URL)
    except Exception as failure:  # noqa: BLE001  (as in _post)
        logger.warning("The sign of life couldn't be sent: %s.", type(failure).__name__)
        return
    if not httpx.codes.is_success(status):
        logger.warning("The watcher of ALERT_HEARTBEAT_URL answered %d.", status)


def _mail(message: Message) -> str:
    try:
        connection = get_connection(timeout=TIMEOUT_S)
        mail = EmailMessage(
            message.subject,
            f"{message.text}\n",
            None,
            settings.ALERT_EMAILS,
            connection=connection,
        )
        mail.send()
    except Exception as failure:  # noqa: BLE001  (an address may be refused before it is sent, too)
        # Not what the server said: it repeats addresses.
        logger.error("The alert couldn't be mailed: %s.", type(failure).__name__)
        return f"The mail server took no mail ({type(failure).__name__})."
    return ""


def _post(message: Message) -> str:
    data = {
        "key": message.key,
        "state": message.state,
        "subject": message.subject,
        # ``text`` alone is what chat programs show; the other names are for programs.
        "text": f"{message.subject}\n{message.text}",
    }
    try:
        status = _status("POST", settings.ALERT_WEBHOOK_URL, data)
    except Exception as failure:  # noqa: BLE001  (httpx has errors of several families)
        # Neither the address, which may hold a key, nor the error that quotes it.
        logger.error("The alert couldn't be posted: %s.", type(failure).__name__)
        return f"The webhook doesn't answer ({type(failure).__name__})."
    if not httpx.codes.is_success(status):
        logger.error("The alert's webhook answered %d.", status)
        return f"The webhook answered {status}."
    return ""


def _status(method: str, url: str, data: dict[str, str] | None = None) -> int:
    """The status of the answer, whose body is left unread.

    httpx's own limits begin anew with each byte; a task has one for the whole.
    """
    with ThreadPoolExecutor(1) as pool:  # the caller's thread may have a loop already
        return pool.submit(asyncio.run, _ask(method, url, data)).result()


async def _ask(method: str, url: str, data: dict[str, str] | None) -> int:
    async with (
        asyncio.timeout(TIMEOUT_S),
        httpx.AsyncClient(timeout=TIMEOUT_S) as client,
        client.stream(method, url, json=data) as answer,
    ):
        return answer.status_code
