"""The mails of the tenant and, by SMTP, of the console: kept to be read and clicked."""

import re
from datetime import UTC, datetime
from typing import Any

from devtenant.state import Tenant

LINK = re.compile(r"https?://[^\s<>\"']+")
KEPT = 1000


def links_in(text: str) -> list[str]:
    """The http and https addresses in a text, without the full stop of a sentence."""
    found = (match.rstrip(".,;:!?)") for match in LINK.findall(text))
    return list(dict.fromkeys(found))


def add_mail(
    tenant: Tenant,
    *,
    source: str,
    sender: str,
    to: list[str],
    subject: str,
    text: str,
    html: str = "",
) -> dict[str, Any]:
    """Put one mail into the outbox. source: ``smtp`` or ``tenant``. Callers hold the lock."""
    tenant.mail_count += 1
    mail: dict[str, Any] = {
        "id": str(tenant.mail_count),
        "from": sender,
        "to": to,
        "subject": subject,
        "text": text,
        "links": list(dict.fromkeys(links_in(text) + links_in(html.replace("&amp;", "&")))),
        "received_at": datetime.now(UTC).isoformat(),
        "source": source,
    }
    tenant.mails.put(mail["id"], mail)
    while len(tenant.mails.rows) > KEPT:
        tenant.mails.remove(next(iter(tenant.mails.rows)))
    return mail


def newest_first(tenant: Tenant) -> list[dict[str, Any]]:
    """Every mail, the latest first. Callers hold the lock."""
    return list(reversed(list(tenant.mails.rows.values())))
