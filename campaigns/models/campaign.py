"""A campaign: what is said to whom, by whom; and, once launched, its mailing."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast, Concat, Lower

from accounts import public_ids
from accounts.tenancy import TenantModel
from campaigns.enums import CampaignKind, CampaignState

_LINE, _TEXT = models.Value("\n"), models.TextField()


class Campaign(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT)
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField(max_length=64, blank=True)
    domain = models.ForeignKey("sending.SendingDomain", null=True, on_delete=models.PROTECT, related_name="+")
    reply_to = models.EmailField(max_length=254, blank=True)
    topic = models.ForeignKey("contacts.Topic", null=True, on_delete=models.PROTECT, related_name="+")
    segment = models.ForeignKey("contacts.Segment", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    excluded_segment = models.ForeignKey(
        "contacts.Segment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    design = models.OneToOneField("campaigns.Design", null=True, on_delete=models.PROTECT, related_name="+")
    mailing = models.OneToOneField("sending.Mailing", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=CampaignKind.choices, default=CampaignKind.REGULAR)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What it repeats or corrects.",
    )
    parent_people = models.JSONField(
        default=list, help_text="Which people of the parent: campaigns.enums.ParentPeople."
    )
    utm = models.JSONField(default=dict, help_text='{"source": …, "medium": …, "campaign": …} for its links.')
    tags = models.JSONField(default=list, help_text="Words to find it by.")
    notes = models.TextField(blank=True, help_text="For colleagues; nobody is sent them.")
    is_public = models.BooleanField(default=False, help_text="Shown in the brand's public archive once it is sent.")
    # --- when and how it leaves
    start_at = models.DateTimeField(null=True, blank=True, help_text="Empty: as soon as it is launched.")
    in_their_zone = models.BooleanField(
        default=False, help_text="start_at's time of day, in each recipient's own zone."
    )
    spread_minutes = models.PositiveIntegerField(default=0)
    undo_minutes = models.PositiveSmallIntegerField(
        default=5, help_text="0 to 60: how long a launch can be taken back."
    )
    leaves_at = models.DateTimeField(null=True, help_text="End of the undo window.")
    canary = models.JSONField(
        default=dict, help_text='Careful start: {"percent", "minutes", "bounces", "complaints", "go_on"}; empty: none.'
    )
    test = models.JSONField(
        default=dict,
        help_text='A/B: {"what", "share", "metric", "minutes", "by_itself", "unsure", "guard"}, and once it is launched '
        '"last", "winner", "outcome"; empty: none.',
    )
    expected_people = models.BigIntegerField(
        null=True, help_text="How many it was for when somebody pressed the button."
    )
    accepted_warnings = models.JSONField(default=list, help_text="Names of the checks whose warning was ticked.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why a launch could not be carried out.")
    words = models.GeneratedField(
        expression=Lower(
            Concat("name", _LINE, "subject", _LINE, "notes", _LINE, Cast("tags", _TEXT), output_field=_TEXT)
        ),
        output_field=_TEXT,
        db_persist=True,
        help_text="What a search looks through.",
    )

    class Meta:
        constraints = [
            # What follows up on a campaign is younger than it: so there are no rings.
            models.CheckConstraint(condition=models.Q(parent__lt=models.F("id")), name="campaign_follows_an_older_one")
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="campaign_newest"),
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["scheduled", "launching", "holding", "sending", "paused"]),
                name="campaign_in_motion",
            ),
        ]

    def __str__(self) -> str:
        return self.name
