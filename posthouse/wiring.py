"""Plugs the answers of upper floors into the questions of lower ones."""

from contacts import ports as contacts_ports
from sending.adapters.recipients import MailAnswers


def plug() -> None:
    contacts_ports.plug_mail(MailAnswers())
