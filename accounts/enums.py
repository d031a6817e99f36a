"""Words of accounts."""

from django.db import models


class Role(models.IntegerChoices):
    """What a member may do. Ordered: a higher role may do all that a lower one may."""

    ANALYST = 10, "Analyst"  # looks at everything, changes nothing
    MARKETER = 20, "Marketer"  # contacts, designs, campaigns
    ADMIN = 30, "Admin"  # domains, members, do-not-send list
    OWNER = 40, "Owner"  # everything; the last one cannot go
