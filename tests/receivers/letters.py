"""Letters that are hard to carry, put into the ledger as they are: `python -m tests.receivers.letters --organization=N ...`.

Kept as app mail is kept; the relay signs and sends them. JSON out.
"""

import argparse
import json
import os
import sys

BODIES = {
    "dots": b".\r\n..\r\n...\r\n.hidden\r\n\r\n. \r\nend\r\n.\r\n",
    "eight-bit": "Grüße aus Ísafjörður, 東京 und Αθήνα.\r\n.Zürich\r\n".encode(),
    "long": b"x" * 998 + b"\r\n" + b"." + b"y" * 997 + b"\r\n",
    "blank": b"\r\n\r\n\r\n \t\r\nblank lines before and behind\r\n\r\n\r\n",
    "from": b"From here on nothing is quoted\r\n>From there neither\r\n",
    "large": b"".join(b".%06d %s\r\n" % (n, b"z" * 70) for n in range(4_000)),  # 320 KB: more than one write
    "utf8": b"Subject and address are not ASCII\r\n",
}
SUBJECTS = {"utf8": "Ahoj, světe"}
LOCALS = {"utf8": "zoë.müller"}


def raw(name: str, *, to: str, domain: str) -> bytes:
    """The whole letter, CRLF, without signature."""
    fields = [
        f"From: Harbour <news@{domain}>",
        f"To: <{to}>",
        f"Subject: {SUBJECTS.get(name, name)}",
        "Date: Sun, 22 Nov 2026 12:00:00 +0000",
        f"Message-ID: <{name}@{domain}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {'7bit' if BODIES[name].isascii() else '8bit'}",
    ]
    return "\r\n".join([*fields, "", ""]).encode() + BODIES[name]


def address(name: str, *, at: str) -> str:
    return f"{LOCALS.get(name, name)}@{at}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--organization", type=int, required=True)
    parser.add_argument("--at", required=True, help="the domain of the recipients")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    from accounts.models import Organization
    from accounts.tenancy import cross_tenant, tenant_scope
    from sending.actions import stored_mail
    from sending.enums import StreamKind
    from sending.queries import domains

    with cross_tenant("a test of receivers looks up whose letters it sends"):
        organization = Organization.objects.get(pk=options.organization)
    with tenant_scope(organization):
        domain = domains.verified(organization).get()
        for name in BODIES:
            to = address(name, at=options.at)
            stored_mail.keep(
                organization=organization,
                kind=StreamKind.APP,
                to=to,
                raw=raw(name, to=to, domain=domain.name),
                domain=domain,
                from_address=f"news@{domain.name}",
                subject=SUBJECTS.get(name, name),
                message_id=f"{name}@{domain.name}",
            )
    print(json.dumps({"domain": domain.name, "letters": len(BODIES)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
