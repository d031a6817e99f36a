"""The warm-up of our own addresses. An organization sees and steers that of its own."""

import accounts.public_ids
import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import ORGANIZATION, behind_wall

DEDICATED = f"""address_id IN (SELECT a.address_id FROM sending_pooladdress a JOIN sending_pool p ON p.id = a.pool_id
                               WHERE p.organization_id = {ORGANIZATION})"""


class Migration(migrations.Migration):
    dependencies = [
        ("reputation", "0004_total_by_time"),
        ("sending", "0015_budgets"),
    ]

    operations = [
        migrations.CreateModel(
            name="Warmup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.SlugField(default=accounts.public_ids.new, editable=False, max_length=20, unique=True),
                ),
                (
                    "schedule",
                    models.CharField(
                        choices=[("house", "Each provider by itself"), ("table", "SendGrid’s published table")],
                        default="house",
                        max_length=10,
                    ),
                ),
                (
                    "growth",
                    models.FloatField(
                        default=1.35, help_text="From one green day to the next; the published table has its own."
                    ),
                ),
                ("volume", models.PositiveIntegerField(help_text="Messages a day that are wanted in the end.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Warming up"),
                            ("paused", "Paused"),
                            ("done", "Warm"),
                            ("skipped", "Skipped"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True, help_text="Of a pause or a skip, in that person's words.", max_length=300
                    ),
                ),
                ("actor_name", models.CharField(blank=True, help_text="Who changed it last.", max_length=200)),
                ("began_on", models.DateField()),
                ("decided_on", models.DateField()),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sending.egressip"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WarmupDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(blank=True, help_text="Empty: all providers together.", max_length=40)),
                ("day", models.DateField()),
                ("budget", models.PositiveIntegerField(help_text="NULL: no limit any more.", null=True)),
                (
                    "move",
                    models.CharField(
                        choices=[
                            ("started", "Started"),
                            ("advanced", "More"),
                            ("held", "Same"),
                            ("halved", "Half"),
                            ("restarted", "Begun again"),
                            ("graduated", "No limit any more"),
                            ("free", "No limit"),
                        ],
                        max_length=12,
                    ),
                ),
                ("cause", models.CharField(blank=True, max_length=12)),
                ("seen", models.JSONField(default=dict)),
                (
                    "sent_on",
                    models.DateField(
                        help_text="The last day on which anything was tried, as known on this one.", null=True
                    ),
                ),
                (
                    "began_on",
                    models.DateField(help_text="Of this provider's warm-up, or of the last time that it began again."),
                ),
                (
                    "warmup",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reputation.warmup",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="warmup",
            index=models.Index(fields=["decided_on"], name="warmup_due"),
        ),
        migrations.AddConstraint(
            model_name="warmupday",
            constraint=models.UniqueConstraint(fields=("warmup", "provider", "day"), name="warmup_day_unique"),
        ),
        behind_wall("reputation_warmup", mine=DEDICATED),
        behind_wall(
            "reputation_warmupday", mine=f"warmup_id IN (SELECT w.id FROM reputation_warmup w WHERE w.{DEDICATED})"
        ),
    ]
