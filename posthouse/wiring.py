"""Plugs the answers of upper floors into the questions of lower ones."""

from campaigns.adapters.histories import HistoryAnswers
from campaigns.adapters.letters import LetterAnswers
from contacts import ports as contacts_ports
from reputation.adapters.dmarc import DmarcKeeper
from reputation.adapters.totals import TotalsAnswers
from sending import ports as sending_ports
from sending.adapters.behaviour import BehaviourAnswers
from sending.adapters.post import PostOffice
from sending.adapters.recipients import MailAnswers


def plug() -> None:
    contacts_ports.plug_mail(MailAnswers())
    contacts_ports.plug_post(PostOffice())
    contacts_ports.plug_behaviour(BehaviourAnswers())
    contacts_ports.plug_letters(LetterAnswers())
    contacts_ports.plug_history(HistoryAnswers())
    sending_ports.plug_totals(TotalsAnswers())
    sending_ports.plug_dmarc(DmarcKeeper())
