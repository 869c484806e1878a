"""What the tenant says of itself (facts: mail, tenant settings)."""

from devtenant.api import Answer, Call, endpoint
from devtenant.errors import ApiError
from devtenant.seed import CONNECTION


@endpoint("GET", "/tenants/settings", "read:tenant_settings")
def tenant_settings(call: Call) -> Answer:
    """The settings that a set-up check reads. Lifetimes in hours (believed)."""
    return 200, {
        "friendly_name": "Stand-in tenant, not Auth0",
        "support_email": "support@example.com",
        "default_directory": CONNECTION,
        "allowed_logout_urls": [],
        "session_lifetime": 168,
        "idle_session_lifetime": 72,
        "oidc_logout": {"rp_logout_end_session_endpoint_discovery": True},
        "flags": {},
        "enabled_locales": ["en"],
    }


@endpoint("GET", "/emails/provider", "read:email_provider")
def email_provider(call: Call) -> Answer:
    """404 as recorded: the tenant has no mail provider of its own."""
    raise ApiError(404, "There is not a configured email provider", "inexistent_email_provider")
