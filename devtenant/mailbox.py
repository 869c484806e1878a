"""The SMTP side of the outbox: whatever the console sends lands there and goes nowhere else."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from devtenant.outbox import add_mail
from devtenant.state import Tenant

BIGGEST = 10_000_000  # bytes


class Mailbox:
    """aiosmtpd's handler: one method, called for each mail."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep one mail; the answer is the line that SMTP sends back."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(raw, policy=policy.default)
        with self.tenant.change():
            add_mail(
                self.tenant,
                source="smtp",
                sender=str(mail.get("From", envelope.mail_from)),
                # The envelope says who really gets it, also those in Bcc.
                to=[str(address) for address in envelope.rcpt_tos],
                subject=str(mail.get("Subject", "")),
                text=part(mail, "plain") or part(mail, "html"),
                html=part(mail, "html"),
            )
        return "250 Message accepted for delivery"


def part(mail: EmailMessage, kind: str) -> str:
    """The text/``kind`` part of a mail as text; "" when it has none."""
    body = mail.get_body(preferencelist=(kind,))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, UnicodeError):
        payload = body.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def start_mailbox(tenant: Tenant, port: int) -> Controller:
    """Listen for SMTP on the loopback address; stop it with ``.stop()``.

    Raises: OSError when the port is in use.
    """
    controller = Controller(
        Mailbox(tenant), hostname="127.0.0.1", port=port, data_size_limit=BIGGEST
    )
    controller.start()
    return controller
