"""`python -m posthouse.up [doctor|reset]`: what `manage.py up` and `manage.py doctor` do, without loading Django."""

import os
import sys

from posthouse.up import doctor, reset, supervisor
from posthouse.up.errors import CannotStart


def main(arguments: list[str]) -> int:
    """0 when it ended as it should, 1 with one line on standard error when it could not."""
    verbs = {
        "": lambda: supervisor.Supervisor(dict(os.environ)).run(),
        "doctor": lambda: doctor.examine(dict(os.environ)),
        "reset": lambda: reset.forget(dict(os.environ)),
    }
    verb = arguments[0] if arguments else ""
    if verb not in verbs or len(arguments) > 1:
        print(f"Unknown: {' '.join(arguments)}. Write nothing, doctor or reset.", file=sys.stderr)
        return 2
    try:
        return verbs[verb]()
    except CannotStart as trouble:
        print(f"Posthouse cannot start. {trouble}" if not verb else trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
