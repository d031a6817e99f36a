"""Makes one message of a mailing exactly as the relay does, and tells its size: `python -m bench.send_one MAILING`."""

import asyncio
import json
import os
import sys


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    print(json.dumps({"bytes": asyncio.run(size(int(arguments[0])))}))
    return 0


async def size(mailing: int) -> int:
    from accounts.tenancy import daemon_dsn
    from sending.adapters.composer import LetterComposer
    from sending.adapters.ledger import Load
    from sending.adapters.lines import Line
    from sending.adapters.signing import SigningThreads
    from sending.relay.ports import Lane, Parcel

    line = Line(daemon_dsn(), name="bench")
    rows = await line.rows(
        "SELECT d.id, d.organization_id, d.contact_id, d.address, m.letter_id, c.values FROM sending_delivery d "
        "JOIN sending_mailing m ON m.id = d.mailing_id JOIN contacts_contact c ON c.id = d.contact_id "
        "WHERE m.id = %(mailing)s LIMIT 1",
        {"mailing": mailing},
    )
    number, organization, contact, address, letter, values = rows[0]
    await line.close()
    composer = LetterComposer(
        daemon_dsn(), signing=SigningThreads(1), link_url="http://localhost:8001", house_domain=""
    )
    lane = Lane(0, organization, mailing, "", 0, 0.0, 0.0)
    load = Load(organization, mailing, contact, letter, values)
    made = await composer.compose(Parcel(number, lane, address, 0, 0.0, 0.0, "", load))
    await composer.close()
    return len(made.content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
