"""The world that mail is sent to: providers with a steady pace, some people who do not exist, some who must be asked twice.

Written as a file of characters for `manage.py sandbox --characters`. Nobody opens, clicks or complains here: the question is
only what arrived.
"""

from pathlib import Path

DOMAINS = tuple(f"{name}.test" for name in ("alder", "birch", "cedar", "damson", "elder", "fir", "ginkgo", "hazel"))
PROVIDERS = 4
UNKNOWN = 0.01  # share of people who do not exist
GREYLISTED = 0.02  # share of people whose mail must come twice; its second try is a minute later
ASKS_TWICE = "twice.test"  # everybody there must be asked twice
SECONDS = 5.0  # how long after the first try the second may come


def write(path: Path, *, pace: float, greylist: bool) -> None:
    """`pace`: messages a second that all providers together read."""
    text = []
    for number in range(PROVIDERS):
        domains = DOMAINS[number::PROVIDERS]
        text += [
            "[[provider]]",
            f'name = "Steady {number + 1}"',
            f"domains = {list(domains)!r}".replace("'", '"'),
            f'mx = ["mx{number + 1}.steady.test"]',
            f'addresses = ["127.0.1.{10 + number}"]',
            f"pace = {pace / PROVIDERS:.2f}",
            f"starttls = {'true' if number == 0 else 'false'}",
            f"unknown = {UNKNOWN if number == 1 else 0.0}",
            f"greylist = {{ share = {GREYLISTED if greylist and number == 2 else 0.0}, seconds = {SECONDS} }}",
            "",
        ]
    text += [
        "[[provider]]",
        'name = "Asks twice"',
        f'domains = ["{ASKS_TWICE}"]',
        'mx = ["mx.twice.test"]',
        'addresses = ["127.0.1.98"]',
        f"greylist = {{ share = 1.0, seconds = {SECONDS} }}",
        "",
        "[[provider]]",
        'name = "Elsewhere"',
        "domains = []",
        'mx = ["mx.elsewhere.test"]',
        'addresses = ["127.0.1.99"]',
        "everything_else = true",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(text) + "\n")
