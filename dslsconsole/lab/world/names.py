"""The name server: authoritative for the practice zone, with signed dynamic updates, on a real loopback port."""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

TYPES = (dns.rdatatype.A, dns.rdatatype.ANY)
_PATIENCE = 10.0


class NameServer:
    """Holds the A records of one zone."""

    def __init__(self, zone: str, records: dict[str, tuple[int, set[str]]], key_name: str, secret: bytes) -> None:
        """Args: records: name to (TTL, addresses); secret: of the key that may update."""
        self.zone = dns.name.from_text(zone)
        self.records = {dns.name.from_text(name): entry for name, entry in records.items()}
        self.keyring = {dns.name.from_text(key_name): dns.tsig.Key(key_name, secret, dns.tsig.HMAC_SHA256)}
        self.serial = 1
        self.refuses_updates = False
        self.is_dead = False
        self.port = 0
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None

    def addresses(self, name: str) -> list[str]:
        """The addresses of a name, sorted."""
        return sorted(self.records.get(dns.name.from_text(name), (0, set()))[1])

    def set_addresses(self, name: str, addresses: set[str]) -> None:
        """Let a name lead to these addresses, with the time to live that it has."""
        key = dns.name.from_text(name)
        self.records[key] = (self.records[key][0], addresses)

    async def open(self) -> None:
        """Listen on a free port, TCP and UDP."""
        for _ in range(20):
            tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            port = tcp.sockets[0].getsockname()[1]
            try:
                udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=("127.0.0.1", port)
                )
            except OSError:
                tcp.close()
                continue
            self._tcp, self._udp, self.port = tcp, udp, port
            return
        raise OSError("no port is free for the practice name server, for TCP and UDP both; start it again")

    async def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                while True:
                    size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), _PATIENCE), "big")
                    answer = self.answer(await asyncio.wait_for(reader.readexactly(size), _PATIENCE))
                    if answer is not None:
                        writer.write(len(answer).to_bytes(2, "big") + answer)
                        await writer.drain()
        finally:
            writer.close()

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to a message; None where none is sent."""
        if self.is_dead:
            return None
        try:
            message = dns.message.from_wire(wire, keyring=self.keyring)
        except (dns.message.UnknownTSIGKey, dns.tsig.BadSignature, dns.tsig.BadTime, dns.tsig.PeerError):
            return self._not_signed_well(wire)
        except dns.exception.DNSException:
            return None
        if message.opcode() == dns.opcode.UPDATE:
            return self._update(message)
        return self._query(message)

    @staticmethod
    def _not_signed_well(wire: bytes) -> bytes:
        """NOTAUTH and nothing else, for a signature that is not ours; the header alone, as nothing else is trusted."""
        flags = dns.flags.QR | dns.opcode.to_flags(dns.opcode.UPDATE) | dns.rcode.NOTAUTH
        return wire[:2] + int(flags).to_bytes(2, "big") + bytes(8)

    def _query(self, message: dns.message.Message) -> bytes:
        answer = dns.message.make_response(message)
        if not message.question or not message.question[0].name.is_subdomain(self.zone):
            answer.set_rcode(dns.rcode.REFUSED)
            return answer.to_wire()
        answer.flags |= dns.flags.AA
        question = message.question[0]
        ttl, addresses = self.records.get(question.name, (0, set()))
        if question.name == self.zone and question.rdtype == dns.rdatatype.SOA:
            answer.answer.append(self._soa())
        elif question.name not in self.records and question.name != self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            answer.authority.append(self._soa())
        elif addresses and question.rdtype in TYPES:
            answer.answer.append(dns.rrset.from_text(question.name, ttl, "IN", "A", *sorted(addresses)))
        else:
            answer.authority.append(self._soa())
        return answer.to_wire()

    def _soa(self) -> dns.rrset.RRset:
        text = f"ns1.{self.zone} hostmaster.{self.zone} {self.serial} 3600 600 86400 60"
        return dns.rrset.from_text(self.zone, 60, "IN", "SOA", text)

    def _update(self, message: dns.message.Message) -> bytes:
        answer = dns.message.make_response(message)
        answer.set_rcode(self._apply(message))
        return answer.to_wire()

    def _apply(self, message: dns.message.Message) -> dns.rcode.Rcode:
        zone, prerequisites, updates = message.sections[0], message.sections[1], message.sections[2]
        if not zone or zone[0].name != self.zone:
            return dns.rcode.NOTAUTH
        if self.refuses_updates or not message.had_tsig:
            return dns.rcode.REFUSED
        for rrset in prerequisites:
            if (code := self._prerequisite(rrset)) is not dns.rcode.NOERROR:
                return code
        if any(not rrset.name.is_subdomain(self.zone) for rrset in updates):
            return dns.rcode.NOTZONE
        for rrset in updates:
            self._change(rrset)
        self.serial += bool(updates)
        return dns.rcode.NOERROR

    def _prerequisite(self, rrset: dns.rrset.RRset) -> dns.rcode.Rcode:
        addresses = self.records.get(rrset.name, (0, set()))[1]
        is_any = rrset.rdtype == dns.rdatatype.ANY
        if rrset.deleting == dns.rdataclass.NONE:
            if addresses:
                return dns.rcode.YXDOMAIN if is_any else dns.rcode.YXRRSET
        elif rrset.deleting == dns.rdataclass.ANY:
            if not addresses:
                return dns.rcode.NXDOMAIN if is_any else dns.rcode.NXRRSET
        elif {item.to_text() for item in rrset} != addresses:
            return dns.rcode.NXRRSET
        return dns.rcode.NOERROR

    def _change(self, rrset: dns.rrset.RRset) -> None:
        ttl, addresses = self.records.get(rrset.name, (rrset.ttl, set()))
        if rrset.rdtype not in TYPES:
            return
        given = {item.to_text() for item in rrset}
        if rrset.deleting == dns.rdataclass.ANY:
            addresses = set()
        elif rrset.deleting == dns.rdataclass.NONE:
            addresses = addresses - given
        else:
            ttl, addresses = rrset.ttl, addresses | given
        if addresses:
            self.records[rrset.name] = (ttl, addresses)
        else:
            self.records.pop(rrset.name, None)


class _Datagrams(asyncio.DatagramProtocol):
    """The server's UDP side."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._server.answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)
