#!/usr/bin/env python
"""The command line: every process and chore of Posthouse is `manage.py <verb>`."""

import os
import sys

# The database role a command runs as. The login role owns the tables and may change them; everything else is bound by
# row-level security: `app` to one organization at a time, `daemon` to the tables that it is granted.
COMMAND_ROLES = {
    "migrate": "owner",
    "makemigrations": "owner",
    "sqlmigrate": "owner",
    "showmigrations": "owner",
    "flush": "owner",
    "dbshell": "owner",
    "do_not_send": "owner",
    "relay": "daemon",
    "mailroom": "daemon",
}

# These start or examine what Django needs, so they must work without it (and `up` must not wait for it).
WITHOUT_DJANGO = {"up", "doctor"}

# These look at files only: they run in a checkout without a configuration, and with any.
WITHOUT_HOUSE = {"explain_bounce"}


def main() -> None:
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb in WITHOUT_DJANGO and len(sys.argv) == 2:
        from posthouse.up.__main__ import main as up

        sys.exit(up([] if verb == "up" else [verb]))
    from posthouse.up import surroundings

    surroundings.adopt(os.environ)
    if verb in WITHOUT_HOUSE:
        os.environ.setdefault("SECRET_KEY", "nothing is signed and nothing is sealed by this command")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    os.environ.setdefault("POSTHOUSE_ROLE", COMMAND_ROLES.get(verb, "app"))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
