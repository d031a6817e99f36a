"""What people send by sign-up forms, waiting for their confirmation."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import behind_wall


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls"), ("contacts", "0007_imports_in_full")]

    operations = [
        migrations.CreateModel(
            name="Signup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Asked to confirm"),
                            ("subscribed", "Subscribed"),
                            ("again", "Was subscribed already"),
                            ("expired", "Never confirmed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "topic_ids",
                    models.JSONField(
                        default=list, help_text="Those that were asked for and not subscribed to already."
                    ),
                ),
                (
                    "values",
                    models.JSONField(default=dict, help_text="Typed (contacts.values); emptied when it is settled."),
                ),
                (
                    "wording",
                    models.TextField(help_text="The words of consent above the button, as they were shown."),
                ),
                ("locale", models.CharField(blank=True, max_length=20)),
                ("about", models.CharField(blank=True, help_text="The mail that answered it.", max_length=100)),
                ("at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contact",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="contacts.contact",
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contacts.signupform",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["contact", "-id"], name="signup_by_contact"),
                    models.Index(fields=["form", "state"], name="signup_by_form"),
                    models.Index(condition=models.Q(("state", "waiting")), fields=["at"], name="signup_waiting"),
                ],
            },
        ),
        behind_wall("contacts_signup"),
    ]
