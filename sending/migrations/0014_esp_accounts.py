"""Organizations' own accounts with ESPs, which streams go by them, and what was handed over to them."""

import accounts.public_ids
import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import behind_wall


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_organization_tls_only"),
        ("contacts", "0012_merged_people"),
        ("sending", "0013_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="EspAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.SlugField(default=accounts.public_ids.new, editable=False, max_length=20, unique=True),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("mailgun", "Mailgun"),
                            ("postmark", "Postmark"),
                            ("sendgrid", "SendGrid"),
                            ("brevo", "Brevo"),
                            ("mailjet", "Mailjet"),
                            ("sparkpost", "SparkPost"),
                            ("resend", "Resend"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("region", models.CharField(blank=True, max_length=10)),
                (
                    "version",
                    models.IntegerField(default=1, help_text="One more with each change: relays begin with it anew."),
                ),
                ("secrets", models.BinaryField(help_text="Sealed JSON: what its API wants. Empty once disconnected.")),
                ("hook_secrets", models.BinaryField(help_text="Sealed JSON: what its reports are known by.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("disconnected_at", models.DateTimeField(null=True)),
                ("called_at", models.DateTimeField(null=True)),
                ("ok_at", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(help_text="When its admins were told that it refuses us.", null=True)),
                ("words", models.CharField(blank=True, max_length=500)),
                ("hook_called_at", models.DateTimeField(help_text="The last report that was good.", null=True)),
                ("hook_refused_at", models.DateTimeField(help_text="The last one that was not.", null=True)),
            ],
        ),
        migrations.AddField(
            model_name="delivery",
            name="account_id",
            field=models.BigIntegerField(
                help_text="Whose API it went to last; NULL: our own relay carried it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="stream",
            name="fail_overs",
            field=models.SmallIntegerField(db_default=0, default=0, help_text="In a row, without a good day between."),
        ),
        migrations.AddField(
            model_name="stream",
            name="failed_over_at",
            field=models.DateTimeField(help_text="NULL: it goes the first way.", null=True),
        ),
        migrations.AddField(
            model_name="stream",
            name="failed_over_why",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="stream",
            name="has_failover",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="stream",
            name="not_back_before",
            field=models.DateTimeField(help_text="Later each time that the first way fails again soon.", null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="state",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Queued"),
                    (2, "Sending"),
                    (3, "Retrying"),
                    (4, "Handed over"),
                    (10, "Delivered"),
                    (11, "Bounced"),
                    (12, "Gave up"),
                    (20, "Skipped"),
                    (21, "Cancelled"),
                    (30, "Our fault"),
                    (31, "Unconfirmed"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", 4)), fields=["account_id", "changed_at"], name="delivery_handed_over"
            ),
        ),
        migrations.AddField(
            model_name="espaccount",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="stream",
            name="account",
            field=models.ForeignKey(
                help_text="NULL: our own relay.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sending.espaccount",
            ),
        ),
        migrations.AddField(
            model_name="stream",
            name="failover_account",
            field=models.ForeignKey(
                help_text="Where it goes while the first way is out of order; NULL: our own relay.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sending.espaccount",
            ),
        ),
        migrations.AddIndex(
            model_name="espaccount",
            index=models.Index(fields=["organization"], name="esp_account_organization"),
        ),
        behind_wall("sending_espaccount"),
    ]
