"""Receivers for `bench/send.py`: Postfix's smtp-sink, one of our own (TLS, a delay, BDAT), and a name server that leads there."""

import shutil
import socket
import subprocess
import sys
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from bench import house as houses
from bench.house import CHECKOUT

SBIN = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"


class Receiver:
    """A receiving process that lives inside of a `with`."""

    def __init__(self, command: list[str], address: str, port: int) -> None:
        self._command, self.address, self.port = command, address, port

    def __enter__(self) -> "Receiver":
        self._process = subprocess.Popen(
            self._command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        houses.wait_until(lambda: houses.listens(self.address, self.port), within=10, what="the receiver listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def sink(port: int) -> Receiver:
    """Postfix's smtp-sink: takes everything, keeps nothing. It is thousands of places at once: 256 connections would not do."""
    program = str(shutil.which("smtp-sink", path=SBIN))
    return Receiver([program, "-u", "nobody", "-m", "16000", f"127.0.0.1:{port}", "1000"], "127.0.0.1", port)


def own(address: str, port: int, *options: str) -> Receiver:
    """Our own sink (bench/send_receiver.py) with its options."""
    return Receiver([sys.executable, "-m", "bench.send_receiver", f"{address}:{port}", *options], address, port)


class Nameserver:
    """A name server for the receivers: NAME.example has the MX mx.NAME.example, which is at `addresses[NAME]` or 127.0.0.1."""

    def __init__(self, addresses: dict[str, str] | None = None) -> None:
        self._addresses = {f"mx.{name}.example.": address for name, address in (addresses or {}).items()}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Nameserver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                octets, client = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(octets)
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            question = query.question[0]
            name = question.name.to_text()
            if question.rdtype == dns.rdatatype.MX:
                answer.answer.append(dns.rrset.from_text(question.name, 3600, "IN", "MX", f"10 mx.{name}"))
            elif question.rdtype == dns.rdatatype.A:
                address = self._addresses.get(name.lower(), "127.0.0.1")
                answer.answer.append(dns.rrset.from_text(question.name, 3600, "IN", "A", address))
            try:
                self._socket.sendto(answer.to_wire(), client)
            except OSError:
                return
