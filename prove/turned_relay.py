"""`python -m prove.turned_relay`: the relay with a wall clock that can be turned while it works.

The relay takes the time from its Clock port; here that port is answered by the machine's clock plus what stands in the file
that PROVE_CLOCK names (seconds). Everything else is `manage.py relay`.
"""

import os
import time
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from sending.management.commands import relay
    from sending.relay.ports import SystemClock

    file = Path(os.environ["PROVE_CLOCK"])

    class Turned(SystemClock):
        """Its wall clock is wrong by as much as the file says."""

        @staticmethod
        def wall() -> float:
            return time.time() + turned_by(file)

    relay.SystemClock = Turned  # type: ignore[misc]
    call_command("relay")


def turned_by(file: Path) -> float:
    """Seconds; 0 while there is no file, or it is just being written."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return 0.0


if __name__ == "__main__":
    main()
