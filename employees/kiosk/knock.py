"""How the doctor finds out whether a public address leads to this console, and to no other program.

It sends a knock that only this installation's SECRET_KEY can make, and the console answers it with
a proof that only that key can make from it. Whoever else asks gets no proof, so nobody can collect
any; a knock opens nothing, carries nothing, and is no try of a PIN.
"""

from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

KNOCK_HEADER = "X-Console-Knock"
PROOF_HEADER = "X-Console-Proof"
GOOD_FOR_S = 300  # the machines' clocks may differ
_SALT = "employees.kiosk.knock"


def new_knock() -> str:
    """What to send in KNOCK_HEADER."""
    return TimestampSigner(salt=_SALT).sign(get_random_string(22))


def proof_for(knock: str) -> str:
    """What to answer in PROOF_HEADER; "" for what isn't a fresh knock of this installation."""
    try:
        TimestampSigner(salt=_SALT).unsign(knock, max_age=GOOD_FOR_S)
    except BadSignature:
        return ""
    return _proof(knock)


def is_proof(proof: str, knock: str) -> bool:
    """Whether the answer to this knock came from a console with the same key."""
    return constant_time_compare(proof, _proof(knock))


def _proof(knock: str) -> str:
    return salted_hmac(f"{_SALT}.proof", knock, algorithm="sha256").hexdigest()
