"""What `bench/launch.py` freezes: one organization with its people, and a campaign that is ready.

`python -m bench.launch_seeding PEOPLE` as a child process; ends with one line of JSON.
"""

import json
import os
import sys

DOMAINS = 2_000  # the largest few have most of the people, as in life


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    print(json.dumps(seed(people=int(arguments[0]))))
    return 0


def seed(*, people: int) -> dict[str, object]:
    from django.db import connection

    from accounts.models import Brand
    from accounts.tenancy import tenant_scope
    from bench import harbour
    from contacts.models import Topic
    from sending.actions import domains

    organization, owner = harbour.found()
    with tenant_scope(organization), connection.cursor() as cursor:
        brand = Brand.objects.get(organization=organization, is_default=True)
        topic = Topic.objects.create(organization=organization, brand=brand, name="Harbour news")
        domains.add(organization=organization, name="bench-harbour.example", actor=owner)
        cursor.execute(
            """
            WITH people AS (
                INSERT INTO contacts_contact (organization_id, address, address_key, domain, values, locale, source,
                                              created_at, updated_at)
                SELECT %(organization)s, 'person' || n || '@' || home, 'person' || n || '@' || home, home,
                       jsonb_build_object('first_name', 'Zoë ' || n), '', '', now(), now()
                FROM generate_series(1, %(people)s) n
                CROSS JOIN LATERAL (
                    SELECT 'home' || floor(%(domains)s * power((n::bigint * 7919 %% 100003) / 100003.0, 4))::int
                           || '.example' AS home
                ) h
                RETURNING id, address_key
            ), subscribed AS (
                INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
                SELECT %(organization)s, id, %(topic)s, 1, now() FROM people
            )
            INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence,
                                              about, created_at, lifted_why)
            SELECT %(organization)s, address_key, 'unsubscribed', true, 'page', '', '', now(), '' FROM people WHERE id %% 50 = 0
            """,
            {"organization": organization.pk, "people": people, "domains": DOMAINS, "topic": topic.pk},
        )
    return {"organization": organization.pk}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
