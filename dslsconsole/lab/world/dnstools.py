"""The programs `dig` and `nsupdate` of a practice host, as far as the field uses them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

from dslsconsole.lab.host import Call, Host
from dslsconsole.lab.network import Network

_SECRET = re.compile(r'key\s+"?([\w.-]+)"?\s*\{[^}]*secret\s+"([^"]+)"', re.DOTALL)
LOOPBACK = "127.0.0.1"
UNSIGNED = "tsig indicates error"
"""The server answered a signed message without a signature: it does not accept ours."""


class NoAnswer(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """Why a name server did not answer, in the tools' words."""


@dataclass(frozen=True, slots=True)
class Tools:
    """`dig` and `nsupdate` on one host; the practice name server is at `port()` of this machine."""

    host: Host
    network: Network
    name_host: str
    port: Callable[[], int]

    async def ask(
        self, message: dns.message.Message, server: str, port: int, timeout: float, *, tcp: bool
    ) -> dns.message.Message:
        """Send a message over the practice network. Raises `NoAnswer`."""
        if port != self.port() or not self.network.connected(self.host.name, self.name_host):
            if port == self.port():
                await asyncio.sleep(timeout)
                raise NoAnswer("timed out")
            raise NoAnswer("connection refused")
        send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        try:
            return await send(message, LOOPBACK, timeout=timeout, port=port)
        except ConnectionRefusedError:
            raise NoAnswer("connection refused") from None
        except (dns.exception.FormError, dns.tsig.PeerError):
            raise NoAnswer(UNSIGNED) from None
        except (dns.exception.DNSException, OSError, EOFError):
            raise NoAnswer("timed out") from None

    async def dig(self, call: Call) -> int:
        """`dig [+norecurse +time=N +tries=N +short] [-p PORT] @SERVER NAME [TYPE]`."""
        server, port, seconds, kind, name, short, tcp = LOOPBACK, 53, 5.0, "A", "", False, False
        words = iter(call.arguments)
        for word in words:
            if word.startswith("@"):
                server = word[1:]
            elif word == "-p":
                port = int(next(words, "53"))
            elif word.startswith("+time="):
                seconds = float(word[6:])
            elif word == "+short":
                short = True
            elif word in ("+tcp", "+vc"):
                tcp = True
            elif word.upper() in ("A", "AAAA", "SOA", "ANY", "TXT"):
                kind = word.upper()
            elif not word.startswith(("+", "-")):
                name = word
        query = dns.message.make_query(dns.name.from_text(name), kind)
        query.flags &= ~dns.flags.RD
        try:
            answer = await self.ask(query, server, port, seconds, tcp=tcp)
        except NoAnswer as reason:
            await call.say(f";; communications error to {server}#{port}: {reason}")
            if not short:
                await call.say(f"\n; <<>> DiG 9.18.49 <<>> {' '.join(call.arguments)}\n;; no servers could be reached")
            return 9
        await call.stdout.write((_short(answer) if short else _long(answer, call, server, port)).encode())
        return 0

    async def nsupdate(self, call: Call) -> int:
        """`nsupdate [-k KEYFILE] [-v] [-t SECONDS]` with its commands on standard input."""
        options = _options(call.arguments)
        key, complaint = self._key(options.get("k"))
        if complaint:
            await call.stderr.write(complaint.encode())
        text = (await call.stdin.read(-1)).decode("utf-8", "replace")
        batch = Batch()
        for line in filter(None, (line.split(";")[0].strip() for line in text.splitlines())):
            if line.split()[0] in ("send", "answer"):
                status = await self._send(call, batch, key, float(options.get("t", "12")), tcp="v" in options)
                if status:
                    return status
                batch = Batch(batch.server, batch.port, batch.zone)
                continue
            try:
                batch.read(line)
            except (ValueError, IndexError, dns.exception.DNSException) as wrong:
                await call.stderr.write(f"{wrong or 'unexpected end of input'}\nsyntax error\n".encode())
                return 1
        return 0

    def _key(self, path: str | None) -> tuple[tuple[str, str] | None, str]:
        if path is None:
            return None, ""
        try:
            found = _SECRET.search(self.host.read(path).decode("utf-8", "replace"))
        except OSError:
            found = None
        if found is None:
            stem = path.rsplit("/", 1)[-1].removesuffix(".key")
            return None, f"could not read key from {stem}.{{private,key}}: file not found\n"
        return (found[1], found[2]), ""

    async def _send(self, call: Call, batch: Batch, key: tuple[str, str] | None, seconds: float, *, tcp: bool) -> int:
        update = dns.update.UpdateMessage(batch.zone or ".")
        for change in batch.changes:
            change(update)
        if key is not None:
            update.use_tsig(dns.tsig.Key(dns.name.from_text(key[0]), key[1], dns.tsig.HMAC_SHA256))
        where = f"{batch.server}#{batch.port}"
        try:
            answer = await self.ask(update, batch.server, batch.port, seconds, tcp=tcp)
        except NoAnswer as reason:
            if str(reason) == UNSIGNED:
                await call.stderr.write(
                    f"; TSIG error with server: {reason}\nupdate failed: NOTAUTH(BADSIG)\n".encode()
                )
                return 2
            await call.stderr.write(f"; Communication with {where} failed: {reason}\n".encode())
            return 2 if batch.zone else 1
        if answer.rcode() is dns.rcode.NOERROR:
            return 0
        await call.stderr.write(f"update failed: {dns.rcode.to_text(answer.rcode())}\n".encode())
        return 2


@dataclass
class Batch:
    """The commands up to one `send`."""

    server: str = LOOPBACK
    port: int = 53
    zone: str | None = None
    changes: list[Callable[[dns.update.UpdateMessage], None]] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take one line. Raises ValueError, IndexError or DNSException where it is none of the language."""
        words = line.split()
        match words[0]:
            case "server":
                self.server, self.port = words[1], int(words[2]) if len(words) > 2 else 53
            case "zone":
                self.zone = words[1]
            case "prereq":
                self._prerequisite(words[1], words[2], words[3:])
            case "update" | "add" | "del" | "delete":
                self._update(words[1:] if words[0] == "update" else words)
            case "key" | "ttl" | "class" | "local" | "show" | "debug" | "gsstsig":
                return
            case _:
                raise ValueError(f"incorrect section name: {words[0]}")

    def _prerequisite(self, kind: str, name: str, rest: list[str]) -> None:
        owner = dns.name.from_text(name)
        rest = rest[1:] if rest[:1] == ["IN"] else rest
        if kind == "yxrrset":
            self.changes.append(lambda update: update.present(owner, *rest))
        elif kind == "nxrrset":
            self.changes.append(lambda update: update.absent(owner, *rest))
        elif kind == "yxdomain":
            self.changes.append(lambda update: update.present(owner))
        elif kind == "nxdomain":
            self.changes.append(lambda update: update.absent(owner))
        else:
            raise ValueError(f"incorrect operation code: {kind}")

    def _update(self, words: list[str]) -> None:
        verb, owner, rest = words[0], dns.name.from_text(words[1]), [word for word in words[2:] if word != "IN"]
        if verb == "add":
            if not rest or not rest[0].isdigit():
                raise ValueError(f"ttl '{rest[0] if rest else ''}': not a valid number")
            ttl, kind, value = int(rest[0]), rest[1], " ".join(rest[2:])
            dns.rdata.from_text("IN", kind, value)
            self.changes.append(lambda update: update.add(owner, ttl, kind, value))
        elif verb in ("delete", "del"):
            rest = rest[1:] if rest and rest[0].isdigit() else rest
            self.changes.append(lambda update: update.delete(owner, *rest))
        else:
            raise ValueError(f"incorrect operation code: {verb}")


def _options(arguments: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word in ("-k", "-t", "-y", "-u", "-r"):
            options[word[1:]] = next(words, "")
        elif word.startswith("-"):
            options[word[1:]] = ""
    return options


def _short(answer: dns.message.Message) -> str:
    return "".join(f"{item.to_text()}\n" for rrset in answer.answer for item in rrset)


def _long(answer: dns.message.Message, call: Call, server: str, port: int) -> str:
    flags = dns.flags.to_text(answer.flags).lower()
    counts = (
        f"QUERY: {len(answer.question)}, ANSWER: {sum(map(len, answer.answer))}, "
        f"AUTHORITY: {sum(map(len, answer.authority))}, ADDITIONAL: 0"
    )
    lines = [
        f"\n; <<>> DiG 9.18.49 <<>> {' '.join(call.arguments)}",
        ";; global options: +cmd",
        ";; Got answer:",
        f";; ->>HEADER<<- opcode: QUERY, status: {dns.rcode.to_text(answer.rcode())}, id: {answer.id}",
        f";; flags: {flags}; {counts}\n",
        ";; QUESTION SECTION:",
        *(f";{item.name}.\t\tIN\t{dns.rdatatype.to_text(item.rdtype)}".replace("..", ".") for item in answer.question),
    ]
    for title, section in (("ANSWER", answer.answer), ("AUTHORITY", answer.authority)):
        if section:
            lines.append(f"\n;; {title} SECTION:")
        for rrset in section:
            kind = dns.rdatatype.to_text(rrset.rdtype)
            lines += [f"{rrset.name}\t{rrset.ttl}\tIN\t{kind}\t{item.to_text()}" for item in rrset]
    return "\n".join([*lines, "\n;; Query time: 0 msec", f";; SERVER: {server}#{port}({server}) (UDP)\n", ""])
