"""Rulings: a tenant's role reads what concerns its mail and may write nothing; the operators' reason is not for it."""

from django.db import migrations, models

from accounts.row_security import ALL, ORGANIZATION

FOR_TENANTS = (
    "id, kind, by, told, cause, source_id, provider, site, organization_id, mailing_id, connections, messages, per_minute, "
    "created_at, expires_at, ended_at"
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_organization_tls_only"),
        ("sending", "0011_tls_report_targets"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ruling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("hold", "Hold"), ("limit", "Limit"), ("release", "Release")], max_length=10
                    ),
                ),
                ("by", models.CharField(choices=[("person", "A person"), ("relay", "The relay")], max_length=10)),
                ("author_name", models.CharField(help_text="A person, or a relay.", max_length=200)),
                ("reason", models.CharField(help_text="For operators.", max_length=500)),
                (
                    "told",
                    models.CharField(blank=True, help_text="For the people whose mail it concerns.", max_length=200),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True, help_text="The class of trouble; empty: a person's decision.", max_length=40
                    ),
                ),
                ("source_id", models.BigIntegerField(default=0)),
                ("provider", models.CharField(blank=True, max_length=40)),
                ("site", models.CharField(blank=True, max_length=200)),
                ("connections", models.PositiveIntegerField(default=0, help_text="At once, of all relays together.")),
                ("messages", models.PositiveIntegerField(default=0, help_text="In one connection.")),
                ("per_minute", models.FloatField(default=0, help_text="Messages a minute, of all relays together.")),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by_name", models.CharField(blank=True, max_length=200)),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=models.DO_NOTHING,
                        related_name="+",
                        to="accounts.user",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=models.DO_NOTHING,
                        related_name="+",
                        to="accounts.user",
                    ),
                ),
                (
                    "mailing",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=models.DO_NOTHING,
                        related_name="+",
                        to="sending.mailing",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["expires_at"], name="ruling_in_force"),
                    models.Index(fields=["organization", "-id"], name="ruling_of_organization"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="ruling_expires_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("mailing", None), ("organization__isnull", False), _connector="OR"),
                        name="ruling_of_a_mailing_names_its_organization",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            sql=f"""
                ALTER TABLE sending_ruling ENABLE ROW LEVEL SECURITY;
                ALTER TABLE sending_ruling FORCE ROW LEVEL SECURITY;
                CREATE POLICY tenant ON sending_ruling FOR SELECT TO posthouse_app
                    USING (organization_id IS NULL OR organization_id = {ORGANIZATION});
                CREATE POLICY daemon ON sending_ruling TO posthouse_daemon USING (true) WITH CHECK (true);
                REVOKE ALL ON sending_ruling FROM posthouse_app, posthouse_daemon;
                GRANT SELECT ({FOR_TENANTS}) ON sending_ruling TO posthouse_app;
                GRANT {ALL} ON sending_ruling TO posthouse_daemon;
            """,
            reverse_sql="DROP POLICY tenant ON sending_ruling; DROP POLICY daemon ON sending_ruling;",
        ),
    ]
