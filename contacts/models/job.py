"""Long work on many people: tag, subscribe, suppress, archive, convert a field. The row's state is its queue.

Work goes by the people's ids: `after` is the last one that is done, `until` the highest that there was at the start, so
that any worker can go on where another died and nobody is done twice.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from contacts.enums import JobKind, JobState


class Job(TenantModel):
    """`people`: which ones, {"ids": [...]}, {"filter": {...}} as the list of people understands it, or {"job": id}, those
    whom another job changed; empty: everybody. `what`: what the kind needs, as {"tag": 7}. `problems`: the first few that
    could not be done, [{"id", "why"}].
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    kind = models.CharField(max_length=20, choices=JobKind.choices)
    title = models.CharField(max_length=200, help_text="As the jobs bell and the audit log say it.")
    people = models.JSONField(default=dict)
    what = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    total = models.BigIntegerField(null=True, help_text="How many people it is about.")
    done = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0, help_text="For how many of them something changed.")
    after = models.BigIntegerField(default=0)
    until = models.BigIntegerField(null=True)
    problems = models.JSONField(default=list)
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="Last sign of life of the worker.")
    worker = models.CharField(max_length=60, blank=True, help_text="A new name each time a worker takes it up.")

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="contacts_job_newest")]

    def __str__(self) -> str:
        return self.title


class JobBatch(TenantModel):
    """Whom one batch of a job changed, so that it can be undone: one row a batch, for it may have been a million people.
    Removed a month after.
    """

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    job = models.ForeignKey("contacts.Job", on_delete=models.CASCADE, related_name="+", db_index=False)
    ids = ArrayField(models.BigIntegerField())

    class Meta:
        indexes = [models.Index(fields=["job", "id"], name="contacts_job_batch")]

    def __str__(self) -> str:
        return f"{self.job_id}: {len(self.ids)}"
