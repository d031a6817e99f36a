"""The records that a sending domain publishes: DKIM key, return path, DMARC, and a link host if one is wanted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish: its full name without the closing dot, its type, and the value as typed into a form."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Records:
    """What one domain publishes. `mx` and `spf` are None while the house has no domain of its own.

    `dkim2` (None until its key is made) and `link` are optional.
    """

    dkim: Record
    dkim2: Record | None
    spf: Record | None
    mx: Record | None
    dmarc: Record
    link: Record | None

    @property
    def needed(self) -> tuple[Record, ...]:
        """Those without which mail is not sent, in the order in which they are shown."""
        return tuple(record for record in (self.dkim, self.spf, self.mx, self.dmarc) if record is not None)


def for_domain(
    *,
    name: str,
    selector: str,
    public_key: str,
    return_path: str,
    house_domain: str,
    link_host: str = "",
    second_selector: str = "",
    second_public_key: str = "",
) -> Records:
    """The records of a domain. `house_domain`: whose `mail.` takes the bounces and whose `spf.` names our addresses."""
    return Records(
        dkim=Record(f"{selector}._domainkey.{name}", "TXT", f"v=DKIM1; k=rsa; p={public_key}"),
        dkim2=Record(f"{second_selector}._domainkey.{name}", "TXT", f"v=DKIM1; k=ed25519; p={second_public_key}")
        if second_selector
        else None,
        spf=Record(return_path, "TXT", f"v=spf1 include:spf.{house_domain} -all") if house_domain else None,
        mx=Record(return_path, "MX", f"10 mail.{house_domain}") if house_domain else None,
        dmarc=Record(f"_dmarc.{name}", "TXT", "v=DMARC1; p=none"),
        link=Record(f"links.{name}", "CNAME", link_host) if link_host and link_host != "localhost" else None,
    )
