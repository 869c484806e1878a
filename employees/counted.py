"""What is counted: every name, what it means, and which labels it may carry.

The one place to add a counter to; :mod:`employees.counters` takes no other, and /metrics shows
these, those of zero too. A label's values are named here, or are words of the code's own (``ANY``):
never an e-mail, a number or a text that somebody typed, so that neither the table nor Prometheus
grows with the company. Told to operators in docs/monitoring.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Name = Literal[
    "auth0_user_creation_attempts",
    "auth0_user_creation_success",
    "auth0_user_creation_failed",
    "auth0_accounts_linked",
    "auth0_api_calls",
    "auth0_rate_limit_hits",
    "auth0_token_refresh_count",
    "auth0_token_refresh_failed",
    "auth0_syncs",
    "auth0_sweeps",
    "auth0_cluster_restarts",
    "auth0_brake_holds",
    "auth0_events",
    "auth0_events_unreadable",
    "auth0_event_looks",
    "console_mails",
    "console_alerts",
    "console_logins",
    "console_login_refusals",
    "kiosk_logins",
    "kiosk_refusals",
]
Timed = Literal["auth0_api_response_time"]

ANY: tuple[str, ...] = ()
CAPABILITIES = (
    *("read", "create", "update", "block", "delete", "roles", "tickets"),
    *("imports", "import_results", "exports", "logs", "token"),
)
# Seconds. 5 is where requirement J4 begins to complain; AUTH0_TIMEOUT ends a call at 10.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Counted:
    """One thing that is counted.

    about: a sentence for whoever reads /metrics. labels: name → the values it may have; ANY for
    any word of the code's own.
    """

    about: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


COUNTERS: dict[Name, Counted] = {
    "auth0_user_creation_attempts": Counted(
        "Accounts that Auth0 was asked to make: calls, and rows of import jobs."
    ),
    "auth0_user_creation_success": Counted(
        "Accounts that were made, also those found again after a lost answer."
    ),
    "auth0_user_creation_failed": Counted(
        "Creations that Auth0 refused, so that a person has to do something."
    ),
    "auth0_accounts_linked": Counted("Accounts that existed before and were linked to a person."),
    "auth0_api_calls": Counted(
        "Calls to Auth0's Management API, by what was done and how they were answered.",
        {"action": ANY, "status": ("2xx", "4xx", "429", "5xx", "none")},
    ),
    "auth0_rate_limit_hits": Counted(
        "Answers of Auth0 that its limit is reached (429).", {"capability": CAPABILITIES}
    ),
    "auth0_token_refresh_count": Counted("Machine tokens that were fetched."),
    "auth0_token_refresh_failed": Counted(
        "Fetches of a machine token that failed: refused by Auth0, not answered, or told to wait.",
        {"reason": ("refused", "unreachable", "limit")},
    ),
    "auth0_syncs": Counted(
        "Employees whom a worker took, by how it ended.",
        {"outcome": ("done", "held", "paused", "waiting", "retry", "failed", "lost", "fault")},
    ),
    "auth0_sweeps": Counted("Sweeps that were begun, by all machines together."),
    "auth0_cluster_restarts": Counted(
        "Clusters of workers that had ended or gave no sign of life, and were started again."
    ),
    "auth0_brake_holds": Counted(
        "People whose changes the safety brake held, by kind.",
        {"kind": ("changes", "creations", "plan")},
    ),
    "auth0_events": Counted(
        "Events of Auth0's log, each once, however often it came; own: of this console's calls.",
        {"type": ANY, "own": ("true", "false")},
    ),
    "auth0_events_unreadable": Counted(
        "Items in deliveries of Auth0's log stream that were no events."
    ),
    "auth0_event_looks": Counted(
        "Accounts that were read because of events, and whether anything new was found.",
        {"found": ("news", "nothing")},
    ),
    "console_mails": Counted(
        "Mails by kind, and whether they were accepted, refused for good, or not taken for now.",
        {
            "kind": ("invitation", "password", "address_changed"),
            "outcome": ("accepted", "refused", "failed"),
        },
    ),
    "console_alerts": Counted(
        "Messages to the operators, by channel; failed: a try, after which there is another.",
        {"channel": ("mail", "webhook"), "outcome": ("sent", "failed")},
    ),
    "console_logins": Counted("Log-ins to the console.", {"door": ("auth0", "emergency")}),
    "console_login_refusals": Counted(
        "Log-ins to the console that were refused, by why.",
        {"door": ("auth0", "emergency"), "reason": ANY},
    ),
    "kiosk_logins": Counted("PINs that let somebody in, at the kiosk or through the API."),
    "kiosk_refusals": Counted(
        "PINs that let nobody in: wrong, or the number or the place has to wait after wrong ones.",
        {"reason": ("wrong_pin", "number_waits", "place_waits")},
    ),
}
TIMES: dict[Timed, Counted] = {
    "auth0_api_response_time": Counted(
        "How long calls to Auth0 took, until the answer or its absence.",
        {"capability": CAPABILITIES},
    ),
}
