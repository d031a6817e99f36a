"""Transport security of other domains: policies, how sessions went, reports. Only daemons and sweeps read it."""

from django.db import migrations, models

from accounts.row_security import open_to_daemons


class Migration(migrations.Migration):
    dependencies = [
        ("sending", "0009_released_variants"),
    ]

    operations = [
        migrations.CreateModel(
            name="StsPolicy",
            fields=[
                ("domain", models.CharField(max_length=253, primary_key=True, serialize=False)),
                ("policy_id", models.CharField(help_text="Of the TXT record that led to it.", max_length=32)),
                ("text", models.TextField()),
                ("fetched_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="sts_policy_expiry")],
            },
        ),
        migrations.CreateModel(
            name="TlsCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("domain", models.CharField(max_length=253)),
                ("policy", models.CharField(help_text="tlsa, sts or no-policy-found.", max_length=16)),
                ("result", models.CharField(max_length=30)),
                ("host", models.CharField(help_text="The mail exchanger.", max_length=253)),
                ("address", models.CharField(max_length=45)),
                ("source", models.CharField(help_text="Our address.", max_length=45)),
                ("policy_text", models.TextField(help_text="The policy's lines or records.")),
                ("why", models.CharField(max_length=200)),
                ("n", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "domain", "policy", "result", "host", "address", "source"),
                        name="tls_count_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TlsReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("domain", models.CharField(max_length=253)),
                ("outcome", models.CharField(help_text="Where it went, or why nowhere.", max_length=200)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("day", "domain"), name="tls_report_unique")],
            },
        ),
        *(open_to_daemons(f"sending_{table}") for table in ("stspolicy", "tlscount", "tlsreport")),
    ]
