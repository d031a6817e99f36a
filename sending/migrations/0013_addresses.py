"""Addresses of our own, their pools, and what the world answered each of them. An organization sees what is dedicated to it."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import ORGANIZATION, behind_wall, open_to_daemons

DEDICATED = f"""(SELECT a.address_id FROM sending_pooladdress a JOIN sending_pool p ON p.id = a.pool_id
                  WHERE p.organization_id = {ORGANIZATION})"""
WALLS = {
    "sending_pool": f"(organization_id IS NULL OR organization_id = {ORGANIZATION})",
    "sending_pooladdress": f"pool_id IN (SELECT id FROM sending_pool WHERE organization_id = {ORGANIZATION})",
    "sending_egressip": f"id IN {DEDICATED}",
    "sending_sourcecount": f"source_id IN {DEDICATED}",
}
WITHOUT_PROXY = (
    """id, address, name, state, why, relay_id, finding, found_names, checked_at, created_at, last_used_at"""
)


def only_to_read(table: str, mine: str) -> list[migrations.RunSQL]:
    """Behind the wall; the app reads its own rows, the daemons' role writes."""
    return [behind_wall(table, mine=mine, grant="SELECT"), open_to_daemons(table)]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_organization_tls_only"),
        ("sending", "0012_rulings"),
    ]

    operations = [
        migrations.CreateModel(
            name="EgressIP",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.GenericIPAddressField(unique=True)),
                (
                    "name",
                    models.CharField(help_text="Said in EHLO; its reverse DNS must say the same.", max_length=253),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "In use"), ("paused", "Paused"), ("retired", "Retired")],
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True, help_text="Why it is in this state, in the operator's words.", max_length=300
                    ),
                ),
                (
                    "proxy",
                    models.CharField(
                        blank=True,
                        help_text="socks5://user@host:port or haproxy://host:port; the password is apart.",
                        max_length=300,
                    ),
                ),
                ("proxy_secret", models.BinaryField(help_text="The password, sealed (sending.keys).", null=True)),
                ("relay_id", models.BigIntegerField(null=True)),
                (
                    "finding",
                    models.CharField(
                        choices=[
                            ("", "Not looked at yet"),
                            ("confirmed", "Confirmed"),
                            ("no_name", "No reverse DNS"),
                            ("other_name", "Another name"),
                            ("not_back", "Name does not lead back"),
                            ("unknown", "DNS gave no answer"),
                        ],
                        default="",
                        max_length=15,
                    ),
                ),
                ("found_names", models.CharField(blank=True, help_text="What the reverse DNS said.", max_length=500)),
                ("checked_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "last_used_at",
                    models.DateTimeField(help_text="The hour in which a server last answered it.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PoolAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weight", models.PositiveSmallIntegerField(default=100, help_text="1 to 1000.")),
            ],
        ),
        migrations.CreateModel(
            name="SourceCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source_id", models.BigIntegerField()),
                ("provider", models.CharField(blank=True, max_length=40)),
                ("hour", models.DateTimeField()),
                ("delivered", models.IntegerField(db_default=0, default=0)),
                (
                    "deferred",
                    models.IntegerField(
                        db_default=0, default=0, help_text="To be tried again, or tried the last time."
                    ),
                ),
                ("bounced", models.IntegerField(db_default=0, default=0)),
                (
                    "blocked",
                    models.IntegerField(db_default=0, default=0, help_text="Refused for what we are or what we say."),
                ),
                ("complained", models.IntegerField(db_default=0, default=0)),
                ("folded", models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.RemoveField(
            model_name="lane",
            name="pool",
        ),
        migrations.AddField(
            model_name="delivery",
            name="source_id",
            field=models.BigIntegerField(
                help_text="The address of ours that a server has answered: the next try is made from it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="pool",
            name="is_default",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Carries the mail of every stream of its owner that names no pool.",
            ),
        ),
        migrations.AddField(
            model_name="stream",
            name="pool",
            field=models.ForeignKey(
                help_text="Whose addresses carry it; NULL: those of its organization, else the shared ones.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sending.pool",
            ),
        ),
        migrations.AddConstraint(
            model_name="pool",
            constraint=models.UniqueConstraint(
                condition=models.Q(("organization", None)), fields=("name",), name="pool_unique_shared_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="pool",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("organization",), name="pool_one_default"
            ),
        ),
        migrations.AddConstraint(
            model_name="pool",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True), ("organization", None)),
                fields=("is_default",),
                name="pool_one_shared_default",
            ),
        ),
        migrations.AddField(
            model_name="pooladdress",
            name="address",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="places", to="sending.egressip"
            ),
        ),
        migrations.AddField(
            model_name="pooladdress",
            name="pool",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="members", to="sending.pool"
            ),
        ),
        migrations.AddField(
            model_name="egressip",
            name="pools",
            field=models.ManyToManyField(related_name="addresses", through="sending.PoolAddress", to="sending.pool"),
        ),
        migrations.AddIndex(
            model_name="sourcecount",
            index=models.Index(condition=models.Q(("folded", False)), fields=["id"], name="source_count_unfolded"),
        ),
        migrations.AddIndex(
            model_name="sourcecount",
            index=models.Index(condition=models.Q(("folded", True)), fields=["hour"], name="source_count_age"),
        ),
        migrations.AddConstraint(
            model_name="sourcecount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("folded", True)),
                fields=("source_id", "hour", "provider"),
                name="source_count_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="pooladdress",
            constraint=models.UniqueConstraint(fields=("pool", "address"), name="pool_address_unique"),
        ),
        migrations.AddConstraint(
            model_name="pooladdress",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gte", 1), ("weight__lte", 1000)), name="pool_address_weight"
            ),
        ),
        *(step for table, mine in WALLS.items() for step in only_to_read(table, mine)),
        migrations.RunSQL(
            f"""REVOKE SELECT ON sending_egressip FROM posthouse_app;
                GRANT SELECT ({WITHOUT_PROXY}) ON sending_egressip TO posthouse_app""",
            migrations.RunSQL.noop,
        ),
    ]
