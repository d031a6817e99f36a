"""The first message of a launch to a million: seconds from the moment from which it may leave to its acceptance.

A relay process and a receiver on real sockets. Once with an undo window, inside of which the audience is frozen, and once
without: then the moment is the commit of the freeze.
"""

import socket
import threading
import time

from bench import house as houses
from bench.house import CHECKOUT, House
from bench.send import Nameserver

WITHIN = 60.0


class Receiver:
    """Takes all mail, and notes when the first was accepted: right before it says 250."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.first = 0.0

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 first.example\r\n")
            for line in lines:
                verb = line[:4].upper()
                answer = b"250 2.0.0 ok\r\n"
                if verb == b"EHLO":
                    answer = b"250-first.example\r\n250 PIPELINING\r\n"
                elif verb == b"DATA":
                    connection.sendall(b"354 go\r\n")
                    for content in lines:
                        if content == b".\r\n":
                            break
                    self.first = self.first or time.time()
                connection.sendall(answer)
                if verb == b"QUIT":
                    return


def measure(house: House, report, *, undo: float) -> float:  # type: ignore[no-untyped-def]
    """Seconds from the freeze or the end of the window, whichever is later. `undo`: seconds of the window."""
    with house.connect() as connection:  # what other rounds have frozen is none of this one's business
        connection.execute("UPDATE sending_mailing SET hold = 'paused' WHERE sealed_at IS NOT NULL")
    with Nameserver() as nameserver, Receiver() as receiver:
        relay = {"RELAY_RESOLVER": nameserver.address, "RELAY_SMTP_PORT": str(receiver.port)}
        house.start_command("relay-first", "relay", role="daemon", environ=relay)
        try:
            with house.connect() as connection:
                query = "SELECT count(*) FROM sending_relay WHERE ended_at IS NULL AND beat_at > now() - interval '5 seconds'"
                houses.wait_until(
                    lambda: connection.execute(query).fetchone() != (0,), within=60, what="the relay runs"
                )
            answer = house.script(CHECKOUT / "bench" / "launch_freezing.py", "freeze", str(undo))
            may_leave = max(float(str(answer["frozen_at"])), float(str(answer["leaves_at"])))
            houses.wait_until(
                lambda: receiver.first, within=undo + WITHIN, what="the first message is accepted", every=0.01
            )
        finally:
            house.stop("relay-first")
    seconds = receiver.first - may_leave
    report.say(
        f"frozen in {answer['seconds']:.1f} s, window of {undo:.0f} s: first message {seconds * 1000:.0f} ms after it might leave"
    )
    if undo and receiver.first < float(str(answer["leaves_at"])):
        raise RuntimeError(f"A message left {-seconds:.3f} s before the end of its window.")
    return seconds
