"""What the relay has learned of domains: the mailbox provider behind each. Everybody may read it."""

from django.db import migrations, models

from accounts.row_security import open_to_daemons


class Migration(migrations.Migration):
    dependencies = [("sending", "0003_forget_in_events")]

    operations = [
        migrations.CreateModel(
            name="DomainProvider",
            fields=[
                ("domain", models.CharField(max_length=253, primary_key=True, serialize=False)),
                ("provider", models.CharField(max_length=40)),
                ("learned_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["learned_at"], name="domain_provider_learned")]},
        ),
        open_to_daemons("sending_domainprovider"),
        migrations.RunSQL(
            """REVOKE ALL ON sending_domainprovider FROM posthouse_app;
               GRANT SELECT ON sending_domainprovider TO posthouse_app""",
            migrations.RunSQL.noop,
        ),
    ]
