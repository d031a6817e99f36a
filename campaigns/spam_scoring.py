"""What a spam filter of one's own says of a mail: SpamAssassin (spamd's protocol, `spamc`) or rspamd (HTTP).

The filter is named by the installation, never by a tenant. Limits: `SECONDS` in all, and a short answer.
"""

import http.client
import json
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 4.0
MOST_ANSWER = 256 * 1024
MOST_RULES = 6
DEFAULT_PORTS = {"spamd": 783, "rspamd": 11333}


@dataclass(frozen=True, slots=True)
class Score:
    """`score` of `limit` points above which the filter calls it spam; `rules`: what weighed most, worst first."""

    score: float
    limit: float
    rules: tuple[str, ...] = ()


class Unscored(Exception):
    """The filter did not answer, or not in a way that is understood. str() says which, for a person."""


def score(mail: bytes, *, server: str, seconds: float = SECONDS) -> Score:
    """Ask `spamd://host:783` or `rspamd://host:11333` about a whole mail (RFC 5322). Raises Unscored; ValueError for a
    server that is written otherwise.
    """
    scheme, host, port = split_server(server)
    try:
        if scheme == "spamd":
            return _spamd(mail, host, port, time.monotonic() + seconds)
        return _rspamd(mail, host, port, seconds)
    except TimeoutError as error:
        raise Unscored(f"The spam filter did not answer within {seconds:.0f} seconds.") from error
    except OSError as error:
        raise Unscored("The spam filter cannot be reached.") from error


def split_server(server: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError with what is expected."""
    split = urlsplit(server)
    if split.scheme not in DEFAULT_PORTS or not split.hostname:
        raise ValueError("write spamd://host:783 or rspamd://host:11333")
    return split.scheme, split.hostname, split.port or DEFAULT_PORTS[split.scheme]


def _spamd(mail: bytes, host: str, port: int, until: float) -> Score:
    """SYMBOLS of spamd's protocol (SpamAssassin, spamd/PROTOCOL): `Spam: True ; 15.2 / 5.0`, then the rules that hit."""
    with socket.create_connection((host, port), timeout=_left(until)) as link:
        link.sendall(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(mail), mail))
        link.shutdown(socket.SHUT_WR)
        raw = bytearray()
        while len(raw) < MOST_ANSWER:
            link.settimeout(_left(until))
            piece = link.recv(16 * 1024)
            if not piece:
                break
            raw += piece
    head, _, body = bytes(raw).partition(b"\r\n\r\n")
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "spam":
            try:
                points, limit = value.partition(";")[2].split("/")
                found = tuple(rule.strip() for rule in body.decode("latin-1").split(",") if rule.strip())
                return Score(float(points), float(limit), found[:MOST_RULES])
            except ValueError as error:
                raise Unscored("The spam filter's answer is not understood.") from error
    raise Unscored("The spam filter's answer is not understood.")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _rspamd(mail: bytes, host: str, port: int, seconds: float) -> Score:
    """POST /checkv2 (rspamd, protocol): `score`, `required_score`, `symbols` by name with their scores."""
    link = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        link.request("POST", "/checkv2", body=mail, headers={"User-Agent": "Posthouse"})
        answer = link.getresponse()
        raw = answer.read(MOST_ANSWER)
        if answer.status != 200:
            raise Unscored(f"The spam filter answers {answer.status}.")
        data = json.loads(raw)
        symbols = data.get("symbols") or {}
        weights = {str(name): float(each.get("score") or 0) for name, each in symbols.items()}
        worst = sorted((name for name in weights if weights[name] > 0), key=lambda name: -weights[name])
        return Score(float(data["score"]), float(data["required_score"]), tuple(worst[:MOST_RULES]))
    except (http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unscored("The spam filter's answer is not understood.") from error
    finally:
        link.close()
