"""How much an address may send to a provider in a day. An organization sees and steers those of its own addresses."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import ORGANIZATION, behind_wall

DEDICATED = f"""source_id IN (SELECT a.address_id FROM sending_pooladdress a JOIN sending_pool p ON p.id = a.pool_id
                              WHERE p.organization_id = {ORGANIZATION})"""


class Migration(migrations.Migration):
    dependencies = [
        ("sending", "0014_esp_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="overflow",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="What is above the day's budgets of its addresses goes by the shared ones; else it waits.",
            ),
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "provider",
                    models.CharField(blank=True, help_text="Empty: of all providers together.", max_length=40),
                ),
                ("messages", models.PositiveIntegerField(help_text="Tries a day.")),
                (
                    "an_hour",
                    models.PositiveIntegerField(
                        default=0, help_text="Tries within an hour at the most; 0: only the day counts."
                    ),
                ),
                ("since", models.DateField(help_text="The day from which on it is as it is.")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sending.egressip",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("source", "provider"), name="budget_unique"),
                    models.CheckConstraint(condition=models.Q(("messages__gte", 1)), name="budget_is_some"),
                ],
            },
        ),
        behind_wall("sending_budget", mine=DEDICATED),
    ]
