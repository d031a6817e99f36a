"""Reading the arguments of MAIL and RCPT (RFC 5321, section 4.1.2), and telling this computer's own addresses."""

import ipaddress


def read_path(rest: bytes, word: bytes) -> tuple[str, dict[str, str]] | None:
    """`FROM:<a@b.c> SIZE=1` to the address and the parameters, or None if it is not one (RFC 5321, section 4.1.2).

    A source route in front of the address (`@relay:user@host`) is dropped, as section 4.1.1.3 allows.
    """
    if rest[: len(word)].upper() != word:
        return None
    text = rest[len(word) :].lstrip(b" ")
    if not text.startswith(b"<"):
        return None
    end = _closing(text)
    if end < 0 or (len(text) > end + 1 and text[end + 1 : end + 2] != b" "):
        return None
    try:
        address = text[1:end].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if address.startswith("@") and ":" in address:
        address = address.split(":", 1)[1]
    if len(address) > 1000 or any(ord(c) < 32 or ord(c) == 127 for c in address):
        return None
    parameters: dict[str, str] = {}
    for parameter in text[end + 1 :].split():
        name, _, value = parameter.decode("ascii", "replace").partition("=")
        parameters[name.upper()] = value
    return address, parameters


def _closing(text: bytes) -> int:
    """Where the `>` stands that closes the path: one inside a quoted local part does not."""
    quoted = False
    skip = False
    for index, octet in enumerate(text):
        if skip:
            skip = False
        elif octet == 0x5C and quoted:
            skip = True
        elif octet == 0x22:
            quoted = not quoted
        elif octet == 0x3E and not quoted:
            return index
    return -1


def is_loopback(address: str) -> bool:
    """Whether an IP address is this computer's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
