"""What the provider says of somebody in the ID token and at userinfo."""

import json
import os
from typing import Any, ClassVar

from oauth2_provider.oauth2_validators import OAuth2Validator


class ClaimsOfPeople(OAuth2Validator):  # type: ignore[misc]
    """The subject is what the test chose, as with Auth0, and not a row's number."""

    oidc_claim_scope: ClassVar[None] = None  # Auth0 too puts them into both, whatever was asked

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The claims of whoever has signed in; replaces ``sub`` as well."""
        people = json.loads(os.environ["PROVIDER_PEOPLE"])
        return dict(
            next(each["claims"] for each in people if each["email"] == request.user.username)
        )
