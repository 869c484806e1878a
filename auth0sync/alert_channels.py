"""The ways by which operators are told: by mail to ALERT_EMAILS, by POST to ALERT_WEBHOOK_URL.

And the sign of life for a watcher outside (ALERT_HEARTBEAT_URL). Addresses may hold keys: no log
and no error repeats one.
"""

import logging
from smtplib import SMTPException

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from auth0sync.alert_digest import Message
from auth0sync.models import Telling

logger = logging.getLogger(__name__)

TIMEOUT_S = 5  # for one channel


def configured() -> list[Telling.Channel]:
    """The channels that lead to somebody."""
    found = []
    if settings.ALERT_EMAILS:
        found.append(Telling.Channel.MAIL)
    if settings.ALERT_WEBHOOK_URL:
        found.append(Telling.Channel.WEBHOOK)
    return found


def send(channel: str, message: Message) -> str:
    """Send it, within some seconds; '' when it went out, else why not, which is logged too."""
    return _mail(message) if channel == Telling.Channel.MAIL else _post(message)


def ping() -> None:
    """Let the watcher outside know that the console is at work; what goes wrong is logged."""
    try:
        answer = httpx.get(settings.ALERT_HEARTBEAT_URL, timeout=TIMEOUT_S)
    except httpx.RequestError as failure:
        logger.warning("The sign of life couldn't be sent: %s.", type(failure).__name__)
        return
    if not answer.is_success:
        logger.warning("The watcher of ALERT_HEARTBEAT_URL answered %d.", answer.status_code)


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
    except (SMTPException, OSError) as failure:
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
        answer = httpx.post(settings.ALERT_WEBHOOK_URL, json=data, timeout=TIMEOUT_S)
    except httpx.RequestError as failure:
        # Neither the address, which may hold a key, nor the error that quotes it.
        logger.error("The alert couldn't be posted: %s.", type(failure).__name__)
        return f"The webhook doesn't answer ({type(failure).__name__})."
    if not answer.is_success:
        logger.error("The alert's webhook answered %d.", answer.status_code)
        return f"The webhook answered {answer.status_code}."
    return ""
