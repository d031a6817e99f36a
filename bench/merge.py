"""How many messages a second one core merges and writes as MIME before they are signed: `merge.per_core`.

The letter: 40 KB of HTML from a compiled design, 20 holes in it and in its text (values with fallbacks, filters, conditions),
15 tracked links; 2,000 people with different values. Measured is what the relay does for each of them between the claim and
the signature: links and pixel minted, holes filled, header written, body encoded. `merge.loop_per_core` is the same letter
with a loop in it, which needs the interpreter.
"""

import os
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, cast

from bench import report as default_report

ROUNDS = 5
HTML_BYTES = 40_000
LINKS = 15
PEOPLE = 2_000
TARGET = 5_000


def run(report: ModuleType = default_report) -> None:
    """Measures, and reports the numbers."""
    against = f"one core; {LINKS} tracked links, {HTML_BYTES // 1000} KB of HTML, header and MIME, before signing"
    report.emit("merge.per_core", per_core(), "messages/s", against, TARGET)
    report.emit("merge.loop_per_core", per_core(loop=True), "messages/s", "the same with a loop in it")


def letter(*, loop: bool = False) -> tuple[str, str, str]:
    """Subject, HTML and text of the letter, as a compiler would leave them."""
    holes = [
        "{{ contact.first_name | default: 'there' }}",
        "{{ contact.last_name }}",
        "{{ contact.city | default: 'your town' }}",
        "{{ contact.points | number }}",
        "{{ contact.joined | date: 'long' }}",
        "{{ contact.plan | upcase | default: 'FREE' }}",
        "{% if contact.vip %}<b>Thank you, {{ contact.first_name | default: 'friend' }}.</b>{% else %}<i>Join us.</i>{% endif %}",
        "{% if contact.plan == 'gold' %}<p>Twenty percent.</p>{% elsif contact.points > 100 %}<p>You get ten.</p>{% endif %}",
        "{{ brand.name }}",
        "{{ brand.postal_address }}",
        "{{ organization.name }}",
        "{{ topic.name }}",
    ]
    fixed = '<td style="padding:10px 25px;font-family:Georgia,serif;font-size:15px;line-height:24px;color:#1f2a37;">'
    words = "Fresh from the roastery this week: three coffees, one kettle, and a letter from the people who pick them. "
    rows: list[str] = []
    for number in range(LINKS):
        hole = holes[number] if number < len(holes) else ""
        rows.append(
            f'<tr>{fixed}<h2>{hole}</h2>{words * 20}<a href="https://shop.example/things/{number}?utm_source=mail&amp;n={number}" '
            f'style="color:#0b6a62;text-decoration:underline;">Look at it</a></td></tr>\n'
        )
    if loop:
        rows.append("<tr><td><ul>{% for each in contact.interests %}<li>{{ each }}</li>{% endfor %}</ul></td></tr>")
    foot = '<a href="{{ unsubscribe_url }}">Unsubscribe</a> <a href="{{ preferences_url }}">Choose</a>'
    html = (
        f"<!doctype html><html><head><title>News</title></head><body><table>{''.join(rows)}</table>{foot}</body></html>"
    )
    filler = HTML_BYTES - len(html)
    if filler > 0:
        html = html.replace("</table>", f"<tr>{fixed}{'More of the same, slowly. ' * (filler // 26)}</td></tr></table>")
    text = "Hello {{ contact.first_name | default: 'there' }},\n\n" + (words + "\n") * 20
    text += "\n{{ brand.postal_address }}\n\nUnsubscribe: {{ unsubscribe_url }}\n"
    return (
        "{{ contact.first_name | default: 'You' }}, three coffees for {{ contact.city | default: 'you' }}",
        html,
        text,
    )


def people() -> list[dict[str, Any]]:
    """Contact.values of people, no two alike; some have gaps, some need escaping."""
    return [
        {
            "first_name": ["Ann", "Zoë", "Søren & Co", "", "María José"][number % 5],
            "last_name": f"Number {number}",
            "city": ["Ulm", "Lyon", "São Paulo", None][number % 4],
            "points": number * 37 % 5_000,
            "joined": f"20{10 + number % 16}-{1 + number % 12:02d}-{1 + number % 28:02d}",
            "plan": ["gold", "silver", ""][number % 3],
            "vip": number % 3 == 0,
            "interests": ["coffee", "tea", "mills"][: number % 4],
        }
        for number in range(PEOPLE)
    ]


def per_core(*, loop: bool = False) -> float:
    """Messages a second, the best of some rounds."""
    make, everybody = maker(loop=loop), people()
    best = 0.0
    for _ in range(ROUNDS):
        began = time.process_time()
        for number, person in enumerate(everybody):
            make(number + 1, person)
        best = max(best, len(everybody) / (time.process_time() - began))
    return best


def maker(*, loop: bool = False) -> Callable[[int, dict[str, Any]], bytes]:
    """What the relay's composer does for one recipient up to the signature, with nothing of a database."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "posthouse.settings", "SANDBOX": "1"}  # of no real house
    import django

    django.setup()
    from sending import dkim, merging
    from sending.adapters.composer import LetterComposer, Mould
    from sending.adapters.ledger import Load
    from sending.adapters.signing import SigningThreads
    from sending.mime.letterhead import Letterhead, Sender, assemble
    from sending.mime.stencils import Stencil
    from sending.relay.ports import Lane, Parcel

    plan = merging.Plan.from_json(merging.compile_plan(*letter(loop=loop)).to_json())
    merging.prepare(plan)
    assert len(plan.links) == LINKS, len(plan.links)
    sender = Sender(
        from_name="Copper Kettle",
        from_address="news@shop.example",
        reply_to="",
        return_path="ph.shop.example",
        list_name="News",
        list_label="news.org.lists",
        feedback_id="m:o:mkt:posthouse",
    )
    mould = Mould(
        plan=plan,
        stencil=Stencil(
            text=(plan.text.chunks, plan.text.slots), html=(plan.html.chunks, plan.html.slots), choices=plan.choices
        ),
        letterhead=Letterhead(sender),
        signer=cast(dkim.Signer, None),
        second=None,
        same_for_all={
            "brand.name": "Copper Kettle",
            "brand.postal_address": "1 Mill Lane, Bath, England",
            "organization.name": "Copper Kettle Ltd",
            "topic.name": "News",
        },
        link_base="https://links.shop.example",
    )
    composer = LetterComposer("", signing=cast(SigningThreads, None), link_url="http://localhost:8001", house_domain="")
    lane = Lane(0, 1, 1, "", 0, 0.0, 0.0)

    def make(number: int, person: dict[str, Any]) -> bytes:
        address = f"person-{number}@example.com"
        parcel = Parcel(number, lane, address, 0, 0.0, 0.0, "", None)
        head, _, body, _ = composer.write(mould, parcel, Load(1, 1, number, 1, person, "de"), 1_800_000_000)
        return assemble(b"", head, body)

    return make
