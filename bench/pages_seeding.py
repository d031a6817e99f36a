"""What `bench/pages.py` opens: one organization with topics, people and a send to each of them, and the tokens of their mails.

`python -m bench.pages_seeding PEOPLE` as a child process; ends with one line of JSON.
"""

import json
import os
import sys

TOPICS = 8


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
    from contacts import tokens
    from contacts.models import Topic
    from contacts.queries import audience
    from sending.actions import domains, mailings

    organization, owner = harbour.found()
    with tenant_scope(organization), connection.cursor() as cursor:
        brand = Brand.objects.get(organization=organization, is_default=True)
        topics = [
            Topic.objects.create(
                organization=organization, brand=brand, name=f"Harbour news {n}", description="Once a week, on Fridays."
            )
            for n in range(TOPICS)
        ]
        domain = domains.add(organization=organization, name="bench-harbour.example", actor=owner)
        cursor.execute(
            """
            WITH people AS (
                INSERT INTO contacts_contact (organization_id, address, address_key, domain, values, locale, source,
                                              created_at, updated_at)
                SELECT %s, 'person' || n || '@home.example', 'person' || n || '@home.example', 'home.example',
                       jsonb_build_object('first_name', 'Zoë ' || n), '', '', now(), now()
                FROM generate_series(1, %s) n RETURNING id
            )
            INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
            SELECT %s, people.id, t.id, 1, now() FROM people CROSS JOIN unnest(%s::bigint[]) t (id)
            """,
            [organization.pk, people, organization.pk, [topic.pk for topic in topics[:3]]],
        )
        html = '<p>News</p>{{ brand.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
        text = "News {{ brand.postal_address }} {{ unsubscribe_url }}"
        letter = harbour.letter(domain=domain, subject="News", html=html, text=text)
        mailing = mailings.open_(organization=organization, letter=letter, topic_id=topics[0].pk, name="News")
        mailings.seal(mailing=mailing, audience=audience.select(organization=organization, topic=topics[0]))
        cursor.execute("SELECT contact_id, id FROM sending_delivery WHERE mailing_id = %s ORDER BY id", [mailing.pk])
        made = [
            tokens.mint(organization_id=organization.pk, contact_id=contact_id, about=f"d{delivery_id}")
            for contact_id, delivery_id in cursor.fetchall()
        ]
    return {"organization": organization.pk, "tokens": made}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
