"""Start, send, audit: what a newcomer's first minutes are made of, on the servers that POSTHOUSE_SERVERS chooses.

Starts `manage.py up` in an empty VAR_DIR, waits until /healthz says that every part is up and until the demo's send has
reached enough people, lets `manage.py audit_ledger` prove the promise, and sees everything stop cleanly.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import psycopg

CHECKOUT = Path(__file__).resolve().parent.parent
VAR = CHECKOUT / "var" / "smoke"
PORT = os.environ.get("PORT", "8700")
HEALTHY_WITHIN = 180.0  # seconds
SENT_WITHIN = 180.0
STOPPED_WITHIN = 60.0
ENOUGH = 500  # people whose server took the mail
DELIVERED = 10  # sending.enums.DeliveryState
NOT_OURS = {"DATABASE_URL", "BROKER_URL", "SANDBOX", "SECRET_KEY", "POSTHOUSE_ROLE"}


def main() -> int:
    shutil.rmtree(VAR, ignore_errors=True)
    environ = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    environ |= {"VAR_DIR": str(VAR), "PORT": PORT, "PYTHONUTF8": "1"}
    began, since = time.monotonic(), datetime.now(UTC)
    up = subprocess.Popen([sys.executable, str(CHECKOUT / "manage.py"), "up"], env=environ)
    try:
        wait(HEALTHY_WITHIN, up, health, "every part up")
        print(f"smoke: healthy after {time.monotonic() - began:.1f} s", flush=True)
        url = json.loads((VAR / "run.json").read_text())["DATABASE_URL"]
        wait(SENT_WITHIN, up, lambda: delivered(url, since) >= ENOUGH or None, f"{ENOUGH} messages delivered")
        print(f"smoke: {delivered(url, since)} messages delivered", flush=True)
        subprocess.run([sys.executable, str(CHECKOUT / "manage.py"), "audit_ledger"], env=environ, check=True)
    finally:
        up.send_signal(signal.SIGTERM)
        status = up.wait(STOPPED_WITHIN)
    if status:
        raise SystemExit(f"smoke: `up` stopped with status {status}")
    print("smoke: all right", flush=True)
    return 0


def wait(within: float, up: subprocess.Popen[bytes], look: object, what: str) -> None:
    until = time.monotonic() + within
    last: object = None
    while True:
        found = look()  # type: ignore[operator]
        if found is True:
            return
        last = found or last
        if up.poll() is not None:
            raise SystemExit(f"smoke: `up` ended with status {up.returncode}")
        if time.monotonic() > until:
            raise SystemExit(f"smoke: no {what} within {within:.0f} s; last seen: {last}")
        time.sleep(0.5)


def health() -> object:
    """True when all is up, else what /healthz says."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=10) as answer:
            return json.load(answer)["ok"]
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)


def delivered(url: str, since: datetime) -> int:
    """How many messages the relay has delivered since; the demo's past came from no relay, and is older."""
    with psycopg.connect(url, options="-c role=posthouse_daemon") as connection:
        row = connection.execute(
            "SELECT count(*) FROM sending_delivery WHERE state = %s AND changed_at > %s", [DELIVERED, since]
        ).fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    sys.exit(main())
