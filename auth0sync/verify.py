"""``POST /api/employee/verify``, in front of the kiosk's: it takes Auth0's tokens too."""

from django.http import HttpRequest, HttpResponse

from auth0sync.access_tokens import bearer_of, is_jwt
from employees.kiosk import api
from employees.models import AuthMethod


@api.json_only
def verify(request: HttpRequest) -> HttpResponse:
    """Whose token this is: one of Auth0 by its shape, everything else is a PIN's."""
    token = api.bearer_token(request)
    if not is_jwt(token):
        return api.identity_by_pin(token)
    bearer = bearer_of(token)
    return api.identity(bearer.employee, AuthMethod.AUTH0, bearer.role, bearer.permissions)
