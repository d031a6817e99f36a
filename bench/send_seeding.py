"""What `bench/send.py` sends: one organization, its people, and a campaign, made with the product's own verbs.

`python -m bench.send_seeding PEOPLE DOMAIN,DOMAIN... [BYTES]` as a child process; ends with one line of JSON. A number
instead of domains: so many, home0.example and so on. BYTES of a message on the wire, about; 14,000 unless told, with 10,000 of
HTML.
"""

import json
import os
import sys

LINKS = 10
WIRE_BYTES = 14_000
LINE = "The tide comes in at nine, the market opens at ten, and the old crane turns at noon. "

STORY = (
    '<p>Dear {{{{ contact.first_name | default: "friend" }}}}, here is number {number}. {words}'
    '<a href="https://www.example.com/autumn/programme/{number}">Read more about number {number}</a></p>'
)
MJML = """\
<mjml lang="en"><mj-head><mj-title>Autumn</mj-title></mj-head><mj-body>
<mj-section><mj-column><mj-text>{stories}</mj-text></mj-column></mj-section>
<mj-section><mj-column>
  <mj-text>{{{{ brand.name }}}}, {{{{ brand.postal_address }}}}</mj-text>
  <mj-text><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a> or
    <a href="{{{{ preferences_url }}}}">choose what you get</a></mj-text>
</mj-column></mj-section>
</mj-body></mjml>
"""


def main(arguments: list[str]) -> int:
    people = int(arguments[0])
    homes = (
        [f"home{n}.example" for n in range(int(arguments[1]))] if arguments[1].isdigit() else arguments[1].split(",")
    )
    octets = int(arguments[2]) if len(arguments) > 2 else WIRE_BYTES
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    print(json.dumps(seed(people=people, homes=homes, octets=octets)))
    return 0


def seed(*, people: int, homes: list[str], octets: int) -> dict[str, object]:
    from django.db import connection

    from accounts.models import Brand
    from accounts.tenancy import tenant_scope
    from bench import harbour
    from campaigns.designs.guard import compile_design
    from contacts.models import Topic
    from contacts.queries import audience
    from sending.actions import domains, mailings
    from sending.enums import Hold

    organization, owner = harbour.found()
    with tenant_scope(organization), connection.cursor() as cursor:
        brand = Brand.objects.get(organization=organization, is_default=True)
        topic = Topic.objects.create(organization=organization, brand=brand, name="Harbour news")
        domain = domains.add(organization=organization, name="bench-harbour.example", actor=owner)
        cursor.execute(
            """
            WITH people AS (
                INSERT INTO contacts_contact
                    (organization_id, address, address_key, domain, values, locale, source, created_at, updated_at)
                SELECT %(organization)s, 'person' || n || '@' || home, 'person' || n || '@' || home, home,
                       CASE WHEN n %% 3 = 0 THEN '{}' ELSE jsonb_build_object('first_name', 'Zoë ' || n) END, '', '', now(), now()
                FROM generate_series(1, %(people)s) n
                JOIN unnest(%(homes)s::text[]) WITH ORDINALITY h (home, place) ON h.place = 1 + n %% %(count)s
                RETURNING id
            )
            INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
            SELECT %(organization)s, id, %(topic)s, 1, now() FROM people
            """,
            {"organization": organization.pk, "people": people, "homes": homes, "count": len(homes), "topic": topic.pk},
        )
        cursor.execute(
            "ANALYZE contacts_contact, contacts_subscription"
        )  # what autovacuum has done before a real launch
        compiled = compile_design(design(octets))
        subject = "Autumn at the harbour, {{ contact.first_name | default: 'friend' }}"
        letter = harbour.letter(domain=domain, subject=subject, html=compiled.html, text=compiled.text)
        assert len(letter.links) == LINKS
        mailing = mailings.open_(organization=organization, letter=letter, topic_id=topic.pk, name="Autumn")
        mailings.hold(mailing=mailing, hold=Hold.PAUSED)
        mailings.seal(mailing=mailing, audience=audience.select(organization=organization, topic=topic))
    return {"mailing": mailing.pk, "links": len(letter.links), "html": len(compiled.html)}


def design(octets: int) -> str:
    """MJML with LINKS links, for a message of about so many bytes: each line stands in its text and in its HTML."""
    lines = 2 + round(max(0, octets - WIRE_BYTES) / LINKS / 2 / len(LINE))
    return MJML.format(stories="".join(STORY.format(number=n, words=LINE * lines) for n in range(LINKS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
