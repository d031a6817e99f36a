"""A receiver in a process of its own: a DNS that leads every name here, and a slow SMTP server that writes down who got mail.

It writes before it answers, so what is in the file may have been accepted without the sender knowing; beside it, in `.from`,
from which address. Started with `grey` it tells each pair of address and recipient once to come back later.
"""

import asyncio
import sys
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

SLOWNESS = 0.15


class Names(asyncio.DatagramProtocol):
    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        self.transport = transport

    def datagram_received(self, octets: bytes, client) -> None:  # type: ignore[no-untyped-def]
        query = dns.message.from_wire(octets)
        (question,) = query.question
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if question.rdtype == dns.rdatatype.MX:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "MX", f"10 mx.{question.name}"))
        elif question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "127.0.0.1"))
        self.transport.sendto(answer.to_wire(), client)


async def main(accepted: Path, *, grey: bool) -> None:
    known: set[tuple[str, str]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_new = False
        recipient, sender = "", writer.get_extra_info("peername")[0]
        writer.write(b"220 slow.example\r\n")
        try:
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    writer.write(b"250-slow.example\r\n250 PIPELINING\r\n")
                elif verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                    is_new = (sender, recipient) not in known
                    known.add((sender, recipient))
                    with accepted.with_suffix(".seen").open("a") as file:
                        file.write(f"{recipient} {sender}\n")
                    writer.write(b"450 4.7.1 greylisted, come back later\r\n" if grey and is_new else b"250 ok\r\n")
                elif verb == b"DATA" and grey and is_new:
                    writer.write(b"503 5.5.1 no recipient\r\n")
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    while await reader.readline() not in (b".\r\n", b""):
                        pass
                    if reader.at_eof():
                        return
                    with accepted.open("a") as file:
                        file.write(recipient + "\n")
                    with accepted.with_suffix(".from").open("a") as file:
                        file.write(f"{recipient} {sender}\n")
                    with accepted.with_suffix(".times").open("a") as file:
                        file.write(f"{time.time()}\n")
                    await asyncio.sleep(SLOWNESS)
                    writer.write(b"250 2.0.0 taken\r\n")
                elif verb == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                else:
                    writer.write(b"250 ok\r\n")
        except ConnectionError:
            pass
        finally:
            writer.close()

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(transport.get_extra_info("sockname")[1], server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(Path(sys.argv[1]), grey="grey" in sys.argv[2:]))
