"""Telling the operators: by mail to ALERT_EMAILS and by POST to ALERT_WEBHOOK_URL.

Once when something begins and once when it is over, however many processes notice it: an incident
is a row. What is told holds no secret and nobody's data: ids, names of settings, and sentences.
"""

import logging
from smtplib import SMTPException

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from auth0sync.models import Incident

logger = logging.getLogger(__name__)

TIMEOUT_S = 5  # for each of the two; a call path may be waiting
BEGUN, OVER = "begun", "over"


def alert(key: str, subject: str, text: str) -> bool:
    """Tell the operators of an incident, unless it was told and isn't over; True when it was new.

    key: which incident this is, at most 100 characters, such as ``token``. subject: a few words.
    text: what to do about it. Call it outside a transaction: it may take ten seconds. A mail or
    POST that fails is logged, nothing more.
    """
    if not _begin(key, subject):
        return False
    logger.error("Alert %s: %s", key, subject)
    tell(subject, text, key=key, state=BEGUN)
    return True


def over(key: str, text: str = "") -> bool:
    """Tell the operators that the incident is over; False when none of this key was open."""
    row = Incident.objects.filter(pk=key, ended_at__isnull=True)
    subject = row.values_list("subject", flat=True).first()
    if subject is None or not row.update(ended_at=Now()):
        return False
    logger.warning("Over %s: %s", key, subject)
    tell(f"Over: {subject}", text or "Nothing is left to do.", key=key, state=OVER)
    return True


def open_keys() -> set[str]:
    """The incidents that were told and aren't over."""
    return set(Incident.objects.filter(ended_at__isnull=True).values_list("key", flat=True))


def tell(subject: str, text: str, *, key: str = "", state: str = BEGUN) -> None:
    """Say something to the operators, whether it was said before or not."""
    where = f" ({settings.ENVIRONMENT_NAME})" if settings.ENVIRONMENT_NAME else ""
    title = " ".join(f"Identity console{where}: {subject}".split())
    if settings.ALERT_EMAILS:
        _mail(title, f"{text}\n")
    if settings.ALERT_WEBHOOK_URL:
        _post({"key": key, "state": state, "subject": title, "text": f"{title}\n{text}"})


def _begin(key: str, subject: str) -> bool:
    ended = Incident.objects.filter(pk=key, ended_at__isnull=False)
    if ended.update(subject=subject[:200], began_at=Now(), ended_at=None):
        return True
    if Incident.objects.filter(pk=key).exists():
        return False
    try:
        with transaction.atomic():
            Incident.objects.create(pk=key, subject=subject[:200])
    except IntegrityError:  # another process was first
        return False
    return True


def _mail(subject: str, text: str) -> None:
    try:
        connection = get_connection(timeout=TIMEOUT_S)
        EmailMessage(subject, text, None, settings.ALERT_EMAILS, connection=connection).send()
    except (SMTPException, OSError):
        logger.exception("The alert couldn't be mailed.")


def _post(data: dict[str, str]) -> None:
    try:
        # ``text`` alone is what chat programs show; the other names are for programs.
        answer = httpx.post(settings.ALERT_WEBHOOK_URL, json=data, timeout=TIMEOUT_S)
    except httpx.RequestError as failure:
        # Neither the address, which may hold a key, nor the error that quotes it.
        logger.error("The alert couldn't be posted: %s.", type(failure).__name__)
        return
    if not answer.is_success:
        logger.error("The alert's webhook answered %d.", answer.status_code)
