"""An import: a file that is staged, planned, reviewed and then applied."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from contacts.enums import ImportState, RowStatus, RowVerdict


class Import(TenantModel):
    """`mapping`: [{"column": 0, "to": "email" | "field:<key>" | "skip", ...}]. `consent`: {"topics": [ids], "basis",
    "wording", "source", "date"}. `plan`: counts, see import_tables.plan. `result`: what applying did so far, in counts, and
    {"first", "last"}: between which ids the contacts lie that it made.
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.UPLOADED)
    file_name = models.CharField(max_length=300)
    file_size = models.BigIntegerField()
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the file.")
    dialect = models.JSONField(default=dict, help_text="encoding, delimiter, header")
    origin = models.CharField(max_length=30, blank=True, help_text="The service whose export it is: mailchimp, …")
    mapping = models.JSONField(default=list)
    consent = models.JSONField(default=dict)
    tags = models.JSONField(default=list, help_text="Names that everybody gets.")
    plan = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    rows_total = models.BigIntegerField(null=True)
    rows_staged = models.BigIntegerField(default=0)
    rows_applied = models.BigIntegerField(default=0)
    applied_through = models.BigIntegerField(default=0, help_text="The last line that was applied.")
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="Last sign of life of the worker.")
    worker = models.CharField(max_length=60, blank=True, help_text="A new name each time a worker takes it up.")
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    undone_at = models.DateTimeField(null=True)
    undone_through = models.BigIntegerField(default=0, help_text="The last contact that was put back.")
    undo = models.JSONField(default=dict, help_text="What undoing did: counts.")

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(TenantModel):
    """One row of the file, staged by COPY. Removed when the import is long done."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    source = models.ForeignKey(
        "contacts.Import", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    line = models.BigIntegerField()
    address = models.TextField(blank=True)
    address_key = models.CharField(max_length=320, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    values = models.JSONField(default=dict)
    status = models.PositiveSmallIntegerField(choices=RowStatus.choices, db_default=RowStatus.NONE)
    note = models.PositiveSmallIntegerField(db_default=0, help_text="Bits of RowNote.")
    extra = models.JSONField(
        null=True, help_text='{"tags": [...], "at", "ip", "confirmed_at", "confirmed_ip", "left_at", "why", "hint"}'
    )
    verdict = models.PositiveSmallIntegerField(choices=RowVerdict.choices, default=RowVerdict.PENDING)
    problem = models.TextField(blank=True)
    raw = models.TextField(blank=True, help_text="The row as it stood in the file; kept for bad rows only.")

    class Meta:
        indexes = [
            models.Index(fields=["source", "verdict", "line"], name="import_row_verdict"),
            models.Index(
                fields=["source", "line"],
                name="import_row_remarkable",
                condition=models.Q(note__gt=0) | models.Q(status__gt=RowStatus.SUBSCRIBED),
            ),
            # Who is erased goes from every file; who is in a later file stays when an earlier one is taken back.
            models.Index(
                fields=["address_key", "source"], name="import_row_address", condition=~models.Q(address_key="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.line}"


class ImportChange(TenantModel):
    """How a person was before an import changed what we know, so that it can be undone. Written for the people whom we
    knew and for whom anything changed; those whom an import made carry its id.

    `before` and `after`: the changed keys of Contact.values; a key that was not there has no entry in `before`. Both are
    empty for somebody who was only subscribed, tagged or put on the do-not-send list.
    """

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    source = models.ForeignKey(
        "contacts.Import", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    contact_id = models.BigIntegerField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    locale_before = models.CharField(max_length=20, blank=True)
    locale_after = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [models.Index(fields=["source", "contact_id"], name="import_change_contact")]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.contact_id}"
