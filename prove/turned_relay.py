"""`python -m prove.turned_relay`: the relay on a machine whose wall clock is turned while it works.

Whatever asks Python for the time is told the machine's plus what stands in the file that PROVE_CLOCK names (seconds); the
monotonic clock goes on, as it does when a machine's clock is set. Everything else is `manage.py relay`.
"""

import os
import time
from pathlib import Path

_true_time = time.time


def main() -> None:
    file = Path(os.environ["PROVE_CLOCK"])
    time.time = lambda: _true_time() + turned_by(file)  # before anybody has taken it by its name
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("relay")


def turned_by(file: Path) -> float:
    """Seconds; 0 while there is no file, or it is just being written."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return 0.0


if __name__ == "__main__":
    main()
