"""Who has an e-mail, a user name or a role, without looking through everybody."""

from typing import Any


class Keys:
    """Ids of users by what they are looked up by. Callers hold the tenant's lock."""

    def __init__(self) -> None:
        # As dicts without values: they keep the order, and forgetting one is quick.
        self.by_email: dict[str, dict[str, None]] = {}
        self.by_username: dict[str, dict[str, None]] = {}
        self.by_role: dict[str, dict[str, None]] = {}

    def with_email(self, email: str) -> list[str]:
        """The ids of the users of every connection with exactly this e-mail."""
        return list(self.by_email.get(email, ()))

    def with_username(self, username: str) -> list[str]:
        """The ids of the users of every connection with exactly this user name."""
        return list(self.by_username.get(username, ()))

    def with_role(self, role_id: str) -> list[str]:
        """The ids of the users who have the role, in the order in which they got it."""
        return list(self.by_role.get(role_id, ()))

    def move_user(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        """Note what a user is called now; None for one who is not there yet or any more."""
        for field, index in (("email", self.by_email), ("username", self.by_username)):
            if old is not None and field in old:
                move_out(index, old[field], old["user_id"])
            if new is not None and field in new:
                index.setdefault(new[field], {})[new["user_id"]] = None

    def move_roles(self, user_id: str, old: list[str], new: list[str]) -> None:
        """Note which roles a user has now."""
        for role_id in old:
            if role_id not in new:
                move_out(self.by_role, role_id, user_id)
        for role_id in new:
            self.by_role.setdefault(role_id, {})[user_id] = None


def move_out(index: dict[str, dict[str, None]], key: str, user_id: str) -> None:
    """Forget one id under a key, and a key that nobody has."""
    held = index.get(key, {})
    held.pop(user_id, None)
    if not held:
        index.pop(key, None)
