"""A person's own facts."""

from accounts.models import User


def rename(*, user: User, name: str) -> None:
    """Change what colleagues see. It belongs to no organization, so no audit log has a line for it."""
    user.name = name
    user.save(update_fields=["name"])
