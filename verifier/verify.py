#!/usr/bin/env python3
"""Checks the figures that a Mainstay hub froze for a quarter, without the hub, its database or its program.

The input is one bundle: every entry of the hub's log (at least header and commitment), the content of all that a
figure rests on, and the signed head of the log. Nothing in it is believed because it says so:

1. Proofs: each content belongs to its commitment; all entries together give the root that the hub signed with the
   key of its first entry (and of --key); an older head (--checkpoint) is a beginning of this log; packs are signed.
2. Figures: every measure of every plan pack is computed from the events, with an evaluator of the counting language
   (decision 0019) and of the four models, written from the rules; it shares no code with the hub.
3. Comparison with the claim in the entry of kind `assure.frozen`: definition, value, numerator, denominator, the
   value at E1 to E4, baseline, all that stands beside, and the keys of what counted and of what did not.

Not compared: sentences (notes, reasons), `restates`, the claim's own sample. Not provable, because the log does not
hold it: by which rule a content is withheld, and of a purged one more than that a tombstone follows. Not judged: the
finer lint of packs (types of compared values). A purged content counts for nothing here; where a figure differs that
rests on such, that is said with it.

Exit status: 0 all the same and all proofs hold; 1 something differs or a proof fails; 2 the file is no bundle; 3
nothing differs, but something could not be confirmed because it was withheld. Python 3.11, standard library only.
"""
import argparse, base64, bisect, csv, gzip, hashlib, io, json, math, re, sys, tomllib, zlib
from array import array
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple

DAY = 86_400_000_000  # all instants are microseconds since 1970 in UTC; days are counted from there too
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LINE_MAX, BYTES_MAX, ENTRIES_MAX = 64 << 20, 16 << 30, 50_000_000  # of a bundle: one line, all lines, entries
FAULTS_MAX, STEPS_MAX, VIEWS_MAX = 100, 300_000_000, 20
# Content of these kinds is given, or the bundle says why not.
GIVEN = set("""ledger.genesis ledger.pack partners.org partners.trust partners.agreement partners.key exchange.object
    exchange.document expose.inventory expose.answer expose.changed act.contact act.sent act.bounced act.answered
    act.closed assure.record assure.backed assure.frozen""".split())
# Texts that the meta of a kind must have; an event without them is put aside, here as in the hub.
ASK = "ask party addressee"
NEEDED = {"ledger.genesis": "home", "ledger.pack": "kind name version digest key signature", "partners.org": "key name",
          "partners.trust": "org from", "partners.agreement": "org from", "partners.key": "org key state",
          "exchange.object": "id type source", "exchange.document": "form id source", "expose.inventory": "source",
          "expose.changed": "owner", "act.contact": "org", "act.sent": ASK, "act.bounced": ASK, "act.answered": ASK,
          "act.closed": ASK, "assure.record": "record id name state marking source by",
          "assure.backed": "record id means evidence org fields note by"}
# Which kinds lie behind what a figure looks at: they decide what a withheld content leaves unconfirmed.
BASIS, RECORDS = {"ledger.genesis", "ledger.pack", "partners.org"}, {"assure.record", "assure.backed"}
INWARD = {"exchange.object", "exchange.document", "expose.inventory", "expose.answer", "act.answered"}
OUTWARD = {"act.sent", "act.bounced"}
EXPOSED = {"expose.changed", "expose.inventory", "exchange.document", "act.answered", "act.closed"} | OUTWARD
BEHIND = {"contact_verified": {"act.contact"}, "inventory_on": {"expose.inventory"}, "last_in": INWARD,
          "last_out": OUTWARD, "agreement_until": {"partners.agreement"}, "trusted_until": {"partners.trust"},
          "key_active": {"partners.key"}}
WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)  # ill-formed data
STEPS = Counter()

class NoBundle(Exception):
    """The file cannot be read as a bundle."""

def spend(n=1):
    """Bounds the work a bundle may ask for: whoever makes one must not keep the reader's machine busy for ever."""
    STEPS["all"] += n
    if STEPS["all"] > STEPS_MAX:
        raise ValueError(f"more than {STEPS_MAX:,} steps are needed")

# ---- texts, numbers, times -----------------------------------------------------------------------------------------

DECODER = json.JSONDecoder(parse_constant=int)  # NaN and Infinity are no numbers: int refuses them

def unjson(raw):
    """JSON as the hub reads it: UTF-8, no half of a surrogate pair, not nested without end."""
    try:
        value = DECODER.decode(raw.decode())
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except RecursionError:
        raise ValueError("nested too deeply") from None

def unbase64(text, size=None):
    """The bytes of base64 in its one canonical form: a second text for the same bytes would be a change nobody sees."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or size not in (None, len(raw)):
        raise ValueError("not the canonical base64 of as many bytes as belong there")
    return raw

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def digest(*parts):
    return base64.b64encode(sha256(*parts)).decode()

def number_of(day):
    return day.toordinal() - EPOCH.toordinal()

def date_of(number):
    return date.fromordinal(number + EPOCH.toordinal())

@lru_cache(1 << 16)
def day_of(text):
    """YYYY-MM-DD as a number; nothing for any other text."""
    try:
        return number_of(date.fromisoformat(text)) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None

def instant_of(text):
    """RFC 3339 with any offset, or a day; digits beyond microseconds are cut, a leap second is the second before it."""
    if text is None or len(text) > 100 or (day := day_of(text)) is not None:
        return None if text is None or len(text) > 100 else day * DAY
    try:
        text = re.sub(r"\[[^]]*\]$", "", text.upper()).replace(":60", ":59")
        at = datetime.fromisoformat(text) if re.match("[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ]", text) else None
        return (at - EPOCH) // timedelta(microseconds=1) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None

class Instant(int):
    """A value that is an instant. Among values a plain int is a day, a float a number."""

class Unit(NamedTuple):
    """One thing that can be counted: a record as it stood, an organisation, or what the hub saw itself."""
    id: str
    fields: dict
    evidence: int

TEXTS = {str: str, bool: lambda v: "yes" if v else "no", list: lambda v: "; ".join(map(text_of, v)),
         float: lambda v: re.sub(r"\.0$", "", format(Decimal(repr(v)), "f")),
         int: lambda v: date_of(min(v, day_of("9999-12-30"))).isoformat(),  # there the hub's calendar ends
         Instant: lambda v: f"{EPOCH + timedelta(microseconds=v):%Y-%m-%dT%H:%M:%S.%fZ}", Unit: lambda v: v.id}

def text_of(value):
    """A value as it stands in a key."""
    return TEXTS[type(value)](value)

def several(value):
    return value if type(value) is list else [] if value is None else [value]

def rounded(x, digits=4):
    """Half away from zero, whole numbers without a point; nothing stays nothing."""
    if x is None:
        return None
    down = math.floor(scaled := abs(x) * 10.0 ** digits)
    value = math.copysign(down + (scaled - down >= 0.5), x) / 10 ** digits
    return int(value) if value == int(value) else value

def share(n, of):
    """In percent, to one digit; there is no share of nothing."""
    return rounded(rounded(n / of * 1000, 0) / 10) if of > 0 else None

def level(evidence):
    """E0 to E4 as a number; nothing where it is none."""
    return int(evidence[1]) if evidence in ("E0", "E1", "E2", "E3", "E4") else None

def text(value):
    """A received value that must be a text, or not there."""
    if value is not None and type(value) is not str:
        raise ValueError("no text")
    return value

def listed(it, name):
    """A received list; one that is not there is empty."""
    if type(found := it.get(name, [])) is not list:
        raise ValueError("no list")
    return found

# ---- Ed25519 (RFC 8032), signed notes (c2sp.org/signed-note), the tree of RFC 6962 ---------------------------------

P, L = 2 ** 255 - 19, 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def add(p, q):
    """The sum of two points in extended coordinates (RFC 8032, 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P

def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        q, p, n = add(q, p) if n & 1 else q, add(p, p), n >> 1
    return q

def point(raw):
    """The point that 32 bytes stand for (RFC 8032, 5.1.3); nothing where they stand for none."""
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P

def is_signed(public, message, signature):
    """Whether this key made the signature over the message."""
    s = int.from_bytes(signature[32:], "little")
    key = point(public) if len(public) == 32 and len(signature) == 64 and s < L else None
    if key is None:
        return False
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    x, y, z, _ = add(times(s, base), times(L - h, key))
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]

def read_key(text):
    """Name and bytes of a key as it is handed out: NAME+ID+BASE64, where the id must be the key's own."""
    name, number, rest = (text.strip().split("+", 2) + ["", ""])[:3]
    raw = unbase64(rest, 33)
    if not name or raw[0] != 1 or number != sha256(name.encode(), b"\n", raw)[:4].hex():
        raise ValueError("its id is not the key's")
    return name, raw[1:]

NOTE = re.compile("(([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n(?:[^\n]+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n){1,100})")

def read_note(note, name, public):
    """Size and root that a note says, if the key signed it; else ValueError says why not."""
    found = NOTE.fullmatch(note) if len(note) < 1 << 16 else None
    if not found or found[2] != name:
        raise ValueError("it is no signed note, or the head of another log")
    signatures = [(line.split(" ")[1], unbase64(line.split(" ")[2])) for line in found[5].splitlines()]
    number = sha256(name.encode(), b"\n\x01", public)[:4]
    mine = [raw[4:] for by, raw in signatures if by == name and raw[:4] == number]
    if not mine or not all(is_signed(public, found[1].encode(), signature) for signature in mine):
        raise ValueError(f"the signature of {name} does not hold, or is not there")
    return int(found[3]), unbase64(found[4], 32)

class Tree:
    """The root over the leaves so far, kept as the roots of the perfect subtrees, largest first."""
    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        self.size += 1
        for _ in range((self.size & -self.size).bit_length() - 1):
            leaf = sha256(b"\x01", self.peaks.pop(), leaf)
        self.peaks.append(leaf)

    def root(self):
        root = self.peaks[-1] if self.peaks else sha256()
        for peak in self.peaks[-2::-1]:
            root = sha256(b"\x01", peak, root)
        return root

# ---- what the entries say ------------------------------------------------------------------------------------------

NAMING = ("identity", "location", "vulnerability", "sighting")

def distilled(kind, m, body):
    """What a figure needs of the bytes as received, which are not kept. Bytes that cannot be read say nothing."""
    try:
        match kind:
            case "exchange.object":
                return named(m["type"], unjson(body)) if m["type"] in NAMING else {}
            case "exchange.document":
                return published(m, body)
            case "expose.inventory":  # the hub writes only rows that it accepted
                head, *lines = [line for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")) if line]
                head = [name.strip().lower() for name in head]
                assets = [dict(zip(head, map(str.strip, line))) for line in lines if len(line) == len(head)]
                return {"assets": {one["asset"]: one for one in assets[::-1] if one["asset"]}}  # the first stands
            case "assure.record":
                fields = {name: float(v) if type(v) is int else v for name, v in m["fields"].items()}
                if all(type(v) in (bool, float, str) or type("".join(v)) is str for v in fields.values()):
                    return {"fields": fields, "hash": fields_digest(fields)}
            case "ledger.pack":
                return {"body": body}
    except (csv.Error, *WRONG):
        pass
    return {}

def named(kind, it):
    """What a STIX object names: a place, a weakness, a sighting."""
    refs = [(text(ref.get("source_name")), text(ref.get("external_id"))) for ref in listed(it, "external_references")]
    cve = next((number for source, number in refs if (source or "").lower() == "cve"), None)
    places = " ".join(text(place) or "" for place in listed(it, "where_sighted_refs")).split(" ")
    of, country = text(it.get("sighting_of_ref")), text(it.get("country"))
    # without a first time the last one, or the making of the sighting, is the latest it can have been
    seen = [instant_of(text(it.get(name))) for name in ("first_seen", "last_seen", "created")]
    by = next((at for at in seen if at is not None), None)
    if kind == "sighting":
        sighting = of, seen[0] is not None, by, places, it.get("revoked", False)
        return {"sighting": sighting} if of is not None and by is not None else {}
    if kind == "location":
        return {"name": re.sub("[a-z]+", lambda found: found[0].upper(), country)} if country is not None else {}
    return {"name": cve if cve is not None and kind == "vulnerability" else text(it.get("name"))}

def published(m, body):
    """What a document makes public: weaknesses, and whether there is a fix; a catalogue, by when each was exploited."""
    if m["form"] in ("kev", "eukev"):
        row = unjson(body)
        cve, added, reported = (text(row.get(name)) for name in ("cveID", "dateAdded", "dateReported"))
        by = instant_of((added if added is not None else reported or "").replace("/", "-"))
        return {} if by is None else {"by": by, "public": {m["id"] if cve is None else cve: False}}
    found = {m["id"]: False} if m["form"] == "cve" else {}
    for one in listed(unjson(body), "vulnerabilities") if m["form"] == "csaf" else ():
        names = [text(one.get("cve")), *(text(other.get("text")) for other in listed(one, "ids"))]
        fixes = [text(remedy.get("category")) == "vendor_fix" for remedy in listed(one, "remediations")]
        if (name := next((name for name in names if name is not None), None)) is not None:
            found.setdefault(name, any(fixes))
    is_public = m.get("tlp") is None or re.sub("^(TLP:)+", "", m["tlp"]) in ("CLEAR", "WHITE")
    return {"public": found} if is_public else {}

def fields_digest(fields):
    """H over the fields of a record as the hub writes them, names in order: what a confirmation speaks of."""
    def one(value):
        small = re.fullmatch(r"(-?)([0-9])(?:\.([0-9]+))?e-05", repr(value)) if type(value) is float else None
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return f"{small[1]}0.0000{small[2]}{small[3] or ''}" if small else plain
    whole = ",".join(f"{one(name)}:{one(value)}" for name, value in sorted(fields.items()))
    return digest(("{" + whole + "}").encode())

class View:
    """The world as it was at `as_of`; who is whose constituency, and what says nothing new, is settled by all that is
    known."""
    def __init__(self, events, as_of, known_as_of, catalogue):
        self.as_of, self.known_as_of, self.catalogue, self.home, self.country = as_of, known_as_of, catalogue, "", ""
        self.genesis, self.first, self.aside, self.cache = {}, {}, [], {}
        self.orgs, self.names, self.partners, self.local = {}, {}, {}, defaultdict(list)
        self.spans, self.keys, self.passings = defaultdict(list), defaultdict(dict), defaultdict(list)
        self.last, self.came, self.assets, self.documents, self.named = defaultdict(dict), set(), {}, {}, {}
        self.sent, self.bounced, self.claims, self.lines, self.sightings = [], {}, [], {}, {}
        self.attacks, self.publics = defaultdict(list), defaultdict(list)
        self.versions, self.backings = defaultdict(lambda: defaultdict(list)), defaultdict(list)
        for at, known, valid, kind, m, x in events:
            try:
                if not all(type(m[name]) is str for name in NEEDED.get(kind, "").split()):
                    raise ValueError("a text is none")
                self.take(at, known, valid, kind, m, x)
            except WRONG:
                self.aside.append(at)
        self.settle()

    def take(self, at, known, valid, kind, m, x):
        """Folds what one event says."""
        is_now, was = known <= self.as_of, valid <= self.as_of
        match kind:
            case "ledger.genesis":
                self.genesis, self.home, self.country = m, m["home"], m.get("country") or ""
            case "partners.org":
                one = {"org": m["key"], "name": m["name"]} | {name: m.get(name) or "" for name in ("kind", "country")}
                self.names[m["name"].lower()], self.orgs[m["key"]] = m["key"], one
                if is_now:
                    self.partners[m["key"]] = one
            case "partners.trust" | "partners.agreement":  # from a day to the end of another
                end = math.inf if m.get("to") is None else (day_of(m["to"]) + 1) * DAY
                self.spans[kind, m["org"]].append((day_of(m["from"]) * DAY, end))
            case "partners.key" if is_now:
                self.keys[m["org"]].setdefault(m["key"], []).append((known, m["state"] == "active"))
            case "act.contact" if is_now and m.get("verified") and day_of(m["verified"]) is not None:
                self.happened(m["org"], "contact_verified", day_of(m["verified"]))
            case "exchange.object":
                self.receive(known, m["source"], m["type"], "E1")
                if x.get("name") is not None:
                    self.named[m["id"]] = m["type"], x["name"]
                if "sighting" in x:
                    self.sightings[m["id"]] = x["sighting"]  # the last version speaks
            case "exchange.document":
                self.receive(known, m["source"], m["form"], "E1")
                if m["form"] in ("csaf", "cve"):
                    self.documents[at] = m["source"]
                own = instant_of(m.get("released"))
                since = x.get("by", known if own is None else min(own, known))
                for weak, fix in x.get("public", {}).items() if since <= self.as_of else ():
                    self.publics[weak].append((since, fix))
                    if "by" in x:  # the day of listing is the latest that exploitation began
                        self.attacks[weak].append((since, since + DAY - 1, False, ()))
            case "expose.inventory":
                self.receive(known, m["source"], "inventory", "E1")
                for asset, one in x.get("assets", {}).items():  # each national function makes it weigh more
                    functions = [name for name in one.get("functions", "").split(";") if name.strip()]
                    self.assets[m["source"], asset] = len(functions)
                    if is_now and one.get("owner"):
                        self.happened(one["owner"], "inventory_on", known // DAY)
            case "expose.answer":  # signed, and so with an artefact
                self.receive(known, m["org"], "inventory", "E2")
            case "expose.changed":
                for change in m["changes"]:
                    self.change(at, valid, self.documents.get(m["cause"]), m["owner"], change)
            case "act.sent":
                self.sent.extend((at, valid, weak, m) for weak in sorted(set(m.get("vulnerabilities", ()))))
            case "act.bounced":
                self.bounced[m.get("message_id", "")] = valid
            case "act.answered" | "act.closed":
                evidence, answer = m.get("evidence", ""), m.get("answer")
                for weak in sorted(set(m.get("vulnerabilities", ()))):
                    if kind == "act.answered" and evidence != "E0":  # E0 is our own note of somebody's word
                        self.receive(known, m.get("claimant") or m["addressee"], weak, evidence)
                    if evidence >= "E2" if kind == "act.closed" else answer in ("fixed", "mitigated", "not-affected"):
                        self.claims.append((valid, at, weak, m["party"], m.get("country"), level(evidence) or 0))
            case "assure.record":
                version = known, was, m, x["fields"], x["hash"]
                self.versions[m["record"]][m["id"]].append(version)
                self.first.setdefault("assure." + m["record"], at)
            case "assure.backed":  # what shows a record counts from when it is known, whatever day is asked about
                self.backings[m["record"], m["id"]].append(m)

    def happened(self, org, what, day):
        self.last[org][what] = max(day, self.last[org].get(what, day))

    def receive(self, known, org, topic, evidence):
        """Something came in; of one organisation, topic, day and evidence the first is kept."""
        if (same := (org, topic, known // DAY, evidence)) not in self.came:
            self.came.add(same)
            if known <= self.as_of:
                self.passings[org].append((known, True, topic, level(evidence) or 0))

    def change(self, at, valid, author, owner, c):
        """What is so of a subject and a weakness: A affected, M mitigated, U not known, W never real; how many."""
        if c.get("threat", "vulnerability") not in (None, "vulnerability") or c.get("seen_until") is not None:
            return
        status, is_asset, holder, count = c.get("status"), c["level"] == "asset", c.get("holder", ""), c.get("count")
        key = c["vulnerability"], c["level"], c["source"], c["subject"]
        if key not in self.lines:
            self.lines[key] = SimpleNamespace(country="", weight=0.0, said=[], state=None, was=False, first=owner)
        x = self.lines[key]
        x.owner, x.holder, x.country = owner, holder, c.get("country") or x.country
        low, high = count or (1, 1)
        high = 10 ** 9 if high is None else high
        # a document of the owner or holder is its own word; that of anybody else corrects what was said before
        corrected = author is not None and (author == "local" or author not in (owner, holder))
        taken_back = corrected or status is None and not is_asset and c.get("reason") == "withdrawn"
        if status == "affected":
            state = "A", low, high, ""
            # it weighs what it weighed when it was first affected: one, and one for each national function
            functions = self.assets.get((c["source"], c["subject"]), 0) if is_asset else 0
            x.was, x.weight = True, x.weight or 1.0 + functions
        elif status in ("fixed", "not_affected", None):
            state = ("W", 0, 0, "") if taken_back else ("M", 0, 0, status or "removed")
        elif count and not is_asset and high > 0 and x.was:  # none counted as affected any more, so many as not known
            state = "M", 0, high, "partly unknown"
        else:
            state = "U", 0, 0, ""
        if state != x.state:  # said again the same, it is no new statement
            x.state = state
            x.said.append((valid, at, *state[:3], 2))

    def settle(self):
        """What can be said only when all is known: who is whose constituency, and what follows from that."""
        self.names.update((key.lower(), key) for key in sorted(self.orgs))  # a key stands over a name that is the same
        for key, one in sorted(self.orgs.items()):
            if one["kind"] == "csirt" and one["country"]:
                self.local[one["country"]].append(key)
        self.passings = defaultdict(list, {org: self.passings[org] for org in self.orgs if org in self.passings})
        self.teams = sorted(org for org, one in self.partners.items() if one["kind"] == "csirt" and self.is_abroad(org))
        self.advised, parties, self.exposures = {}, defaultdict(list), defaultdict(list)
        for at, valid, weak, m in self.sent:  # team and weakness → its first advice
            bounced, to = self.bounced.get(m.get("message_id", "")), m["addressee"]
            if bounced is None and to in self.orgs and valid <= self.as_of:
                self.passings[to].append((valid, False, weak, 0))
            if valid <= self.as_of and (bounced is None or bounced > self.as_of):
                for team in self.constituency((to, m["party"]), m.get("country")):
                    self.advised[team, weak] = min((valid, at), self.advised.get((team, weak), (math.inf, 0)))
        for of, is_begun, by, places, is_revoked in self.sightings.values():
            kind, weak = self.named.get(of, ("", ""))
            if kind == "vulnerability" and not is_revoked and by <= self.as_of:
                self.attacks[weak].append((by, by, is_begun, {team for place in places for team in self.place(place)}))
        known = {weak for _, _, weak, _ in self.sent}  # what nobody was advised of is in no figure
        self.lines = {key: x for key, x in sorted(self.lines.items()) if key[0] in known}
        for key, x in self.lines.items():
            x.party = x.holder if key[1] in ("constituency", "sector") and x.holder else x.owner
            parties[key[0], x.party].append(x)
        for valid, at, weak, party, country, evidence in self.claims:
            spend(len(found := parties.get((weak, party), ())))
            for x in found:
                if not country or not x.country or country == x.country:
                    x.said.append((valid, at, "M", 0, 0, evidence))
        for key, x in self.lines.items():  # by weakness, in the order of what is exposed
            x.said = sorted((one for one in x.said if one[0] <= self.as_of), key=lambda one: one[:2])
            body = x.holder if self.orgs.get(x.holder, {}).get("kind") == "csirt" else x.owner
            for team in self.constituency((body, x.party), x.country) if x.said else ():
                self.exposures[key[0]].append(SimpleNamespace(key=key, team=team, **vars(x)))

    def is_abroad(self, org):
        return org in self.partners and (not self.country or self.partners[org]["country"] != self.country)

    def constituency(self, bodies, country):
        """The teams in whose charge something lies: a body that is one, else the country's, else a body's country's."""
        known = [self.orgs[body] for body in bodies if body in self.orgs]
        team = next((one["org"] for one in known if one["kind"] == "csirt"), None)
        found = self.local.get(country or next((one["country"] for one in known if one["country"]), ""), [])
        spend(len(found))
        return found if team is None else [team]

    def place(self, key):
        """The teams in whose charge a place of a sighting lies."""
        kind, value = self.named.get(key, ("", ""))
        org = self.names.get(value.lower()) if kind == "identity" else None
        return self.local.get(value, ()) if kind == "location" else self.constituency((org,), "") if org else ()

    def in_force(self, kind, org, at):
        """Until when trust or an agreement holds that holds at an instant: of spans that have begun, the last said."""
        spend(len(spans := self.spans.get((kind, org), ())))
        begun = [end for begin, end in spans if begin <= at]
        return begun[-1] if begun and at < begun[-1] else None

    def is_prioritised(self, entity, day):
        """Whether the register had it on that day, as that was known at the day's end."""
        if day not in self.cache:
            end, on = min((day + 1) * DAY - 1, self.known_as_of), self.cache.setdefault(day, set())
            for versions in self.versions.get("priority", {}).values():
                spend(len(versions))
                known = [fields for known, _, m, fields, _ in versions if known <= end]
                void = [m.get("void") for known, _, m, *_ in versions if known <= end]
                fields = known[-1] if known and void[-1] is None else {}
                begin, last = (day_of(fields.get(name, "")) for name in ("from", "until"))
                if begin is not None and begin <= day and (last is None or day <= last) and "entity" in fields:
                    on.add(text_of(fields["entity"]))
        return entity in self.cache[day]

    def units(self, kind):
        """All units of a kind by id: records, organisations, and among actions what the hub saw mitigated."""
        if kind not in self.cache:
            self.cache[kind] = self.organisations() if kind == "partner" else self.records(kind)
            self.cache[kind].update(self.mitigations() if kind == "action" else {})
        return self.cache[kind]

    def naming(self, kind, field):
        """What a field of a kind names → the units that name it."""
        if (kind, field) not in self.cache:
            index = self.cache[kind, field] = defaultdict(list)
            for unit in self.units(kind).values():
                for one in several(unit.fields.get(field)):
                    index[text_of(one)].append(unit)
        return self.cache[kind, field]

    def records(self, kind):
        """Each record as it stood: a later statement speaks over an earlier one, but not of what had not come to be."""
        types, found = self.catalogue.get(kind, {}), {}
        for key, versions in sorted(self.versions[kind].items()):
            stood = [one[2:] for one in versions if one[1] and one[2].get("void") is None]
            if versions[-1][2].get("void") is not None or not stood:
                continue  # what turned out to be a mistake never was
            (m, stored, said), backings = stood[-1], self.backings.get((kind, key), ())
            mine = [b for b in backings if b["fields"] == said]  # a word speaks only of what the fields said then
            worth = [b for b in backings if b["means"] == "evidence" or b["fields"] == said]
            shown = max((level(b["evidence"]) or 0 for b in worth), default=0)
            by = lambda means, who: sorted({b[who] for b in mine if b["means"] == means})
            found[key] = Unit(key, {name: typed(types.get(name, ("",))[0], value) for name, value in stored.items()} | {
                "id": key, "state": m["state"], "tags": sorted(set(m.get("tags", ()))), "marking": m["marking"],
                "evidence": f"E{shown}", "confirmed_by": by("confirmed", "org"), "attested_by": by("attested", "by"),
                "recorded_by": sorted({one["by"] for _, _, one, *_ in versions})}, shown)
        return found

    def organisations(self):
        """Each organisation, with what the hub knows of it by itself."""
        found = {}
        for org, one in sorted(self.partners.items()):
            for valid, inward, *_ in self.passings[org]:
                self.happened(org, "last_in" if inward else "last_out", valid // DAY)
            fields = {name: value for name, value in one.items() if value or name in ("org", "name")} | self.last[org]
            for name, kind in (("agreement_until", "partners.agreement"), ("trusted_until", "partners.trust")):
                if (end := self.in_force(kind, org, self.as_of)) is not None:  # what stands open ends never
                    fields[name] = day_of("9999-12-31") if end == math.inf else end // DAY - 1
            fields["key_active"] = any(said[-1][1] for said in self.keys[org].values())
            year = self.as_of - 365 * DAY  # it shows itself by the best that came in from it within a year
            shown = max((e for valid, inward, _, e in self.passings[org] if inward and valid > year), default=0)
            found[org] = Unit(org, fields, shown)
        return found

    def mitigations(self):
        """Each exposure of an asset that is wholly mitigated is an action of the asset's owner."""
        found = {}
        for x in (x for exposures in self.exposures.values() for x in exposures if x.key[1] == "asset"):
            weak, asset, key = x.key[0], x.key[3], f"mitigated/{' '.join(x.key[1:])}/{x.key[0]}"
            was = max((n for n, one in enumerate(x.said) if one[2] == "A"), default=len(x.said))
            fixed = [one for one in x.said[was:] if one[2] == "M" and one[4] == 0]
            if fixed and key not in found and all(one[2] != "W" for one in x.said[was:]):  # taken back, it never was
                shown = max(one[5] for one in fixed)
                found[key] = Unit(key, {
                    "id": key, "title": f"{weak} mitigated on {asset}", "state": "completed", "entities": [asset],
                    "actor": x.first if x.first in self.partners else x.team, "vulnerabilities": [weak],
                    "completed_on": fixed[0][0] // DAY, "evidence": f"E{shown}"}, shown)
        return dict(sorted(found.items()))

def typed(kind, value):
    """A stored value as it is compared: days and instants are no texts."""
    if type(value) is list:
        return [typed(kind, one) for one in value]
    day = day_of(value) if kind == "day" and type(value) is str else None
    at = instant_of(value) if kind == "instant" and type(value) is str and len(value) > 10 else None
    return day if day is not None else Instant(at) if at is not None else value

# ---- the counting language (decision 0019): a condition becomes a function: true, false, or None where not known --- 

TOKEN = re.compile(r'(?:\s++|#[^\n]*+)*+(?:"(?P<text>[^"\n]*)"|(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![A-Za-z0-9])|'
                   r'(?P<number>[0-9][0-9.]*)|(?P<word>[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)|'
                   r'(?P<sign><=|>=|[(),:<>+*-])|(?P<end>\Z))')
RESERVED = set("""each with during standing where leaving once weighing counting beside and or not is has in before
    after within some every no at least whose this it period today yes on because days""".split())
# Types: text number day flag level org country entity; ("word", options), ("link" or "unit", kind), ("list", type).
ORG = {"org": "org", "name": "text", "country": "country", "contact_verified": "day", "inventory_on": "day",
       "last_in": "day", "last_out": "day", "agreement_until": "day", "key_active": "flag", "trusted_until": "day",
       "kind": ("word", ("csirt", "operator", "vendor", "agency", "other"))}
SIGNS = {"<": (-1,), "before": (-1,), "<=": (-1, 0), ">": (1,), "after": (1,), ">=": (0, 1)}

def at_least(n, judged):
    """Whether so many hold: true or false as soon as what is not known cannot change it (Kleene)."""
    judged = list(judged)
    return True if judged.count(True) >= n else None if judged.count(True) + judged.count(None) >= n else False

def every(judged):
    is_known = True
    for one in judged:
        if one is False:
            return False
        is_known &= one is not None
    return True if is_known else None

def negated(test):
    return lambda s: None if (holds := test(s)) is None else not holds

def as_day(value):
    return value if type(value) is int else value // DAY if type(value) is Instant else None

def order(a, b):
    """Which comes first, as -1, 0, 1; None where the two cannot be compared. A day and an instant of it are equal."""
    a, b = (value.id if type(value) is Unit else value for value in (a, b))
    if type(a) is not type(b) or type(a) not in (float, Instant, str, bool):
        a, b = as_day(a), as_day(b)
    return None if a is None or b is None else (a > b) - (a < b)

def same(a, b):
    """Both are the same, or the one is in the list of the other."""
    if type(b) is list:
        a, b = (a, b) if type(a) is list else (b, a)
    if type(a) is list:
        return None if b is None else any(type(one) is type(b) and one == b for one in a)
    return None if (found := order(a, b)) is None else found == 0

def stands(view, org, relation):
    """What an organisation is to the operator; who never said its own country has all others abroad."""
    if org is None or relation == "home" or text_of(org) == view.home:
        return None if org is None else (text_of(org) == view.home) == (relation != "foreign")
    country = view.partners.get(text_of(org), {}).get("country")
    if not country:
        return None
    return (country == view.country) == (relation == "domestic") if view.country else relation == "foreign"

class Program:
    """A counting text, read by recursive descent into functions of (view, period, this, here, entry)."""
    def __init__(self, words, catalogue, numbers):
        self.catalogue, self.numbers, self.tokens, self.at, end = catalogue, numbers, [], 0, 0
        while not self.tokens or self.tokens[-1][0] != "end":
            if not (found := TOKEN.match(words, end)) or len(words) > 4_000:
                raise ValueError(f"{words[end:end + 20]!r} means nothing, or there are more than 4,000 characters")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            end = found.end()
        self.tokens += [("end", "")] * 4
        self.reads, self.entry, self.fans, self.out, self.beside = set(BASIS), (None, None), None, [], {}
        self.need("each")
        self.each = self.name()
        self.scopes = [("unit", self.looked_at(self.each))]
        if self.takes("with"):
            self.need("each")
            name = self.name()
            self.need("in")
            self.fans, of = self.path(self.name())
            self.entry = name, of[1]
        self.day = self.path(self.name())[0] if self.takes("during", "period", "by") else None
        self.day or self.need("standing", "at", "period", "end")
        self.where = self.condition() if self.takes("where") else None
        while self.takes("leaving", "out"):
            self.out.append(self.condition())
            self.need("because")
            self.next("text")
        self.need("once", "per")
        once = [self.name()]
        while self.takes(","):
            once.append(self.name())
        if self.fans and self.entry[0] not in [name.split(".")[0] for name in once]:
            raise ValueError("`once per` does not name the entry, so that all but one would vanish")
        self.once = [self.path(name)[0] for name in once]
        self.weight = self.operand()[0] if self.takes("weighing") else None
        self.counting = self.condition() if self.takes("counting") else None
        while self.takes("beside"):
            name = self.name()
            self.need(":")
            self.beside[name] = self.condition()
        self.next("end")

    def takes(self, *words):
        """Goes past these words or signs if they are next."""
        ahead = self.tokens[self.at:self.at + len(words)]
        is_next = all(kind in ("word", "sign") and word == wanted for (kind, word), wanted in zip(ahead, words))
        self.at += len(words) * is_next
        return is_next

    def need(self, *words):
        if not self.takes(*words):
            raise ValueError(f"{self.tokens[self.at][1]!r} where `{' '.join(words)}` is expected")

    def next(self, kind):
        if self.tokens[self.at][0] != kind:
            raise ValueError(f"{self.tokens[self.at][1]!r} where a {kind} is expected")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def name(self):
        if (name := self.next("word")) in RESERVED - {"it"}:
            raise ValueError(f"{name!r} where a name is expected")
        return name

    def whole(self):
        if not (number := float(self.next("number"))).is_integer() or number >= 1e6:
            raise ValueError("no whole number below a million")
        return int(number)

    def days(self):
        days = self.whole()
        return days if self.takes("days") else self.need("day") or days

    def looked_at(self, kind):
        """A kind of unit that is looked at: the figure rests on what lies behind it."""
        if kind != "partner" and kind not in self.catalogue:
            raise ValueError(f"no kind of record is called {kind!r}")
        self.reads |= INWARD if kind == "partner" else RECORDS | (EXPOSED if kind == "action" else set())
        return kind

    def field(self, of, name):
        """The type of a field of a record, an organisation, or what is linked."""
        kind = "partner" if of == "org" else of[1] if of[0] in ("unit", "link") else None
        self.reads |= BEHIND.get(name, set()) if kind == "partner" else set()
        found = ORG.get(name) if kind == "partner" else self.catalogue.get(kind, {}).get(name, (None, None))[1]
        if found is None:
            raise ValueError(f"there is no field {name!r}")
        return found

    def path(self, word, wanted=""):
        """What a word means: an option of what it is compared with, a field, also through links, or a named number."""
        options = wanted[1] if wanted[0:1] == ("word",) else ()
        of_type = {"country": "[A-Z][A-Z]", "level": "E[0-4]"}.get(wanted, "(?!)")
        if word in options or re.fullmatch(of_type, word):
            return lambda s: word, "text"
        roots = {"this": (2, self.scopes[0]), "it": (3, self.scopes[-1]), self.entry[0]: (4, self.entry[1])}
        names, hops = word.split("."), []
        root, of = roots.get(names[0], (3, self.scopes[-1]))
        try:
            for name in names[names[0] in roots:]:
                hops.append((name, "partner" if of == "org" else of[1]))
                of = self.field(of, name)
        except ValueError:
            if word not in self.numbers:
                raise
            return lambda s: self.numbers[word], "number"
        def value(s):
            thing = s[root]
            for name, kind in hops:
                unit = thing if type(thing) is Unit else s[0].units(kind).get(text_of(thing))
                if unit is None or (thing := unit.fields.get(name)) is None:
                    return None
            return thing
        return value, of

    def condition(self):
        """Parts joined by `or`, each of parts joined by `and`."""
        either = []
        while not either or self.takes("or"):
            parts = [self.test()]
            while self.takes("and"):
                parts.append(self.test())
            either.append(parts[0] if len(parts) == 1 else lambda s, parts=parts: every(part(s) for part in parts))
        return either[0] if len(either) == 1 else lambda s: at_least(1, (part(s) for part in either))

    def test(self):
        if self.takes("not"):
            return negated(self.test())
        if self.takes("("):
            inner = self.condition()
            self.need(")")
            return inner
        for words, n in (("some", 1), ("every", "every"), ("no", 0), ("at least", None)):
            if self.takes(*words.split()):
                return self.quantity(self.whole() if n is None else n)
        left, of = self.operand()
        one = of[1] if of[0] == "list" else of
        if self.takes("is"):
            is_not = False
            while self.takes("not"):
                is_not = not is_not
            test = self.relation(left, one)
            return negated(test) if is_not else test
        if self.takes("has"):
            right = self.operand(one)[0]
            return lambda s: same(values, right(s)) if type(values := left(s)) is list else None
        if self.takes("in", "period"):
            return lambda s: None if (day := as_day(left(s))) is None else s[1].first <= day <= s[1].last
        if self.takes("within"):
            most, is_before = self.days(), self.takes("before") or self.need("after")
            right = self.operand()[0]
            def within(s):
                a, b = as_day(left(s)), as_day(right(s))
                return None if a is None or b is None else 0 <= (b - a if is_before else a - b) <= most
            return within
        for sign, fits in SIGNS.items():
            if self.takes(sign):
                right = self.operand(of)[0]
                return lambda s: None if (found := order(left(s), right(s))) is None else found in fits
        raise ValueError(f"{self.tokens[self.at][1]!r} where a test is expected")

    def relation(self, left, of):
        """What follows `is`."""
        if self.takes("known"):
            return lambda s: left(s) not in (None, [])
        if self.takes("unknown"):
            return lambda s: left(s) in (None, [])
        for word in ("home", "foreign", "domestic"):
            if self.takes(word):
                return lambda s: stands(s[0], left(s), word)
        is_trusted = lambda view, org, day: view.in_force("partners.trust", text_of(org), day * DAY) is not None
        stood = ("trusted", {"partners.trust"}, is_trusted), ("prioritised", RECORDS, View.is_prioritised)
        for word, reads, holds in stood:
            if self.takes(word, "on"):
                self.reads |= reads
                day = self.operand()[0]
                known = lambda s: ((one := left(s)) is not None and (on := as_day(day(s))) is not None) and (one, on)
                return lambda s: holds(s[0], *both) if (both := known(s)) else None
        if not self.takes("one", "of"):
            right = self.operand(of)[0]
            return lambda s: same(left(s), right(s))
        self.need("(")
        options = [self.operand(of)[0]]
        while self.takes(","):
            options.append(self.operand(of)[0])
        self.need(")")
        return lambda s: at_least(1, (same(left(s), right(s)) for right in options))

    def quantity(self, n):
        """`some X where (…)`: X is a field that holds links or a list, or the records that name what is looked at."""
        word, test = self.name(), None
        if self.takes("whose"):
            field, inner = self.name(), ("unit", self.looked_at(word))
            self.field(inner, field)
            self.takes("has") or self.need("is")
            self.need("this")
            things = lambda s: s[0].naming(word, field).get(text_of(s[3]), ())
        else:
            values, of = self.path(word)
            inner, things = of[1] if of[0] == "list" else of, lambda s: several(values(s))
            if inner[0] == "link":  # what is linked and not there is not looked at
                kind = self.looked_at(inner[1])
                units = lambda s: (s[0].units(kind).get(text_of(value)) for value in several(values(s)))
                inner, things = ("unit", kind), lambda s: [unit for unit in units(s) if unit]
        if self.takes("where"):
            self.need("(")
            self.scopes.append(inner)
            test = self.condition()
            self.scopes.pop()
            self.need(")")
        def judged(s):
            for thing in things(s):
                spend()
                yield True if test is None else test((s[0], s[1], s[2], thing, s[4]))
        if n == "every":  # of nothing nothing is said
            return lambda s: every(found) if (found := list(judged(s))) else None
        return (lambda s: at_least(n, judged(s))) if n else negated(lambda s: at_least(1, judged(s)))

    def operand(self, wanted=""):
        """A value, perhaps with + - * after it; of a day, `+ 90 days`."""
        left, of = self.atom(wanted)
        while self.tokens[self.at][0] == "sign" and self.tokens[self.at][1] in "+-*":
            sign, (number, unit) = self.next("sign"), self.tokens[self.at:self.at + 2]
            if sign != "*" and number[0] == "number" and unit in (("word", "days"), ("word", "day")):
                self.at += 2
                left, of = moved(left, int(float(number[1])) * (1 if sign == "+" else -1)), "day"
            else:
                left, of = calculated(left, sign, self.atom()[0]), "number"
        return left, of

    def atom(self, wanted=""):
        kind, word = self.tokens[self.at]
        if kind in ("number", "day", "text") or (kind, word) in (("word", "yes"), ("word", "no")):
            value = {"number": float, "day": day_of, "text": str, "word": "yes".__eq__}[kind](self.next(kind))
            return lambda s: value, "flag" if kind == "word" else kind
        if self.takes("today"):
            return lambda s: s[0].as_of // DAY, "day"
        if self.takes("period", "start"):
            return lambda s: s[1].first, "day"
        if self.takes("period", "end"):  # of a period that still runs nothing is known after today
            return lambda s: min(s[1].last, s[0].as_of // DAY), "day"
        if self.next("word") in ("this", "it") or word.startswith("this.") or word.split(".")[0] not in RESERVED:
            return self.path(word, wanted)
        raise ValueError(f"{word!r} where a value is expected")

def moved(left, days):
    return lambda s: None if (day := as_day(left(s))) is None else day + days

def calculated(left, sign, right):
    def value(s):
        a, b = left(s), right(s)
        if type(a) is not float or type(b) is not float:
            return None
        return a + b if sign == "+" else a - b if sign == "-" else a * b
    return value

# ---- from a definition to a figure ---------------------------------------------------------------------------------

def period_of(name):
    """The first and the last day of a quarter or a year; the fiscal year FY2026 begins in October 2025."""
    found = re.fullmatch("(FY)?([0-9]{4})(?:-Q([1-4]))?", name)
    month = int(found[2]) * 12 + 3 * int(found[3] or 1) - 3 - 3 * bool(found[1])
    first, after = (number_of(date(m // 12, m % 12 + 1, 1)) for m in (month, month + (3 if found[3] else 12)))
    return SimpleNamespace(name=name, first=first, last=after - 1, end=after * DAY - 1, is_year=not found[3])

def figure(items, levels=(None,) * 4, value=None, numerator=None, denominator=None, beside=None):
    """`items`: key, whether it counts, whether it is in the population; `levels`: the value at E1 to E4."""
    return {"value": value, "numerator": numerator, "denominator": denominator, "beside": beside or {}, "items": items,
            "evidence": dict(zip(("E1", "E2", "E3", "E4"), levels))}

def judged(program, view, period):
    """Everything of the kind that belongs to the period, with what holds of it."""
    for unit in view.units(program.each).values():
        entries = program.fans((view, period, unit, unit, None)) if program.fans else [None]
        for entry in entries if type(entries) is list and (program.each != "partner" or unit.id != view.home) else ():
            spend()
            s = view, period, unit, unit, entry
            day = as_day(program.day(s)) if program.day else period.first
            if day is None or not period.first <= day <= period.last:
                continue
            values = [unit if (value := path(s)) is None else value for path in program.once]  # without, it is itself
            key = ", ".join("; ".join(sorted(map(text_of, several(value)))) for value in values)
            weight = program.weight(s) if program.weight else 1.0
            is_in = (not program.where or program.where(s) is True) and not any(out(s) is True for out in program.out)
            is_in = is_in and type(weight) is float  # what weighs nobody knows what is not counted
            holds = is_in and (not program.counting or program.counting(s) is True)
            beside = [is_in and test(s) is True for test in program.beside.values()]
            yield SimpleNamespace(key=key, shown=unit.evidence, weight=weight, is_in=is_in, holds=holds, beside=beside)

def counted(program, m, view, period):
    """What a text counts. Of what is the same by `once per` the best counts, shown as well as any of it is shown."""
    found, least, shown, best = list(judged(program, view, period)), level(m.get("min_evidence")) or 0, Counter(), {}
    for one in found:
        other = best.setdefault(one.key, one)
        if (other.is_in, other.holds, other.shown) < (one.is_in, one.holds, one.shown):
            best[one.key] = one
        shown[one.key] = max(shown[one.key], one.shown * one.is_in)
    for one in found:
        if best[one.key] is one:
            one.shown = max(one.shown, shown[one.key])
        else:
            one.is_in = one.holds = False
    counts = lambda one, at: one.holds and one.shown >= at
    total = sum(one.weight for one in found if one.is_in)
    weight = lambda at: sum(one.weight for one in found if counts(one, at))
    value = lambda at: share(weight(at), total) if m["unit"] == "percent" else rounded(weight(at))
    beside = {"weighed": {"counted": rounded(weight(least)), "of": rounded(total)}} if program.weight else {}
    for n, name in enumerate(program.beside):
        within = [counts(one, least) for one in found if one.is_in and one.beside[n]]
        rate = rounded(sum(within) / len(within)) if within else None
        beside[name] = {"value": len(within), "counted_of_it": sum(within), "rate": rate}
    items = [(one.key, counts(one, least), one.is_in) for one in found]
    return figure(items, [value(at) for at in (1, 2, 3, 4)], value(least), sum(item[1] for item in items),
                  sum(item[2] for item in items), beside)

def exchanges(m, view, period):
    """1.2.2: partner, topic and week in which something passed, however many copies."""
    found = defaultdict(list)
    for org, passings in view.passings.items():
        for valid, inward, topic, evidence in passings:
            if period.first <= valid // DAY <= period.last:
                year, week, _ = date_of(valid // DAY).isocalendar()
                found[org, topic, f"{year:04}-W{week:02}"].append((evidence, inward))
    abroad = {key: passed for key, passed in found.items() if view.is_abroad(key[0])}
    with_any = lambda fits: sum(any(map(fits, passed)) for passed in abroad.values())
    return figure([(", ".join(key), key in abroad, key in abroad) for key in found],
                  [with_any(lambda p: p[0] >= at) for at in (1, 2, 3, 4)], len(abroad), len(abroad), None,
                  {"in": with_any(lambda p: p[1]), "out": with_any(lambda p: not p[1]), "changed_a_product": None})

def trusted_teams(m, view, period):
    """2.1.1: trust by a person, an agreement, a key, and something each way within a year."""
    def shown(team, at):
        """The best evidence of what came in from a team that counts; nothing where it does not count."""
        year = [p for p in view.passings[team] if at - 365 * DAY < p[0] <= at]
        keys = [[is_active for known, is_active in said if known <= at] for said in view.keys[team].values()]
        holds = all(view.in_force(kind, team, at) is not None for kind in ("partners.trust", "partners.agreement"))
        is_alive = {inward for _, inward, *_ in year} == {True, False} and any(said and said[-1] for said in keys)
        return max(evidence for _, inward, _, evidence in year if inward) if holds and is_alive else None
    now, before = ({team: best for team in view.teams if (best := shown(team, at)) is not None}
                   for at in (min(period.end, view.as_of), period.first * DAY - 1))
    levels = [sum(best >= at for best in now.values()) for at in (1, 2, 3, 4)]
    return figure([(team, team in now, True) for team in view.teams], levels, levels[0], levels[0], len(view.teams),
                  {"joined": len(now.keys() - before.keys()), "lapsed": len(before.keys() - now.keys())})

def combined_risk(m, view, period):
    """2.1.2: engagements whose exposures, as open on the day, carry less ninety days later, and less than others."""
    def affected(x, at, least):
        spend(len(x.said))
        last = [one for one in x.said if one[0] <= at and (one[2] != "M" or one[5] >= least)][-1:]
        return (last[0][3] + last[0][4]) / 2 if last and last[0][2] in "AM" else None
    later, items, levels, least = 0, [], Counter(), level(m.get("min_evidence")) or 0
    for unit in view.units("engagement").values():
        day = as_day(unit.fields.get("held_on"))
        if unit.fields["state"] != "held" or day is None or not period.first <= day <= period.last:
            continue
        partners, weak = (set(map(text_of, several(unit.fields.get(of)))) for of in ("partners", "vulnerabilities"))
        at, after = (day + 1) * DAY - 1, (day + 91) * DAY - 1
        linked = [x for one in sorted(weak) for x in view.exposures.get(one, ())]
        begun = [min((one[0] for one in x.said if one[2] == "A"), default=0) for x in linked if x.team in partners]
        later += sum(at < first <= after for first in begun)
        def left(is_inside, least):
            """What was open on the day carried then, and carries after; what was never real is left out of both."""
            both = [(x.weight, affected(x, at, 0), affected(x, after, least)) for x in linked
                    if (x.team in partners) == is_inside]
            both = [(weight * then, weight * now) for weight, then, now in both if then and now is not None]
            return sum(then for then, _ in both), sum(now for _, now in both)
        def is_lowered(least):
            (before, now), (outside, still) = left(True, least), left(False, least)
            return before > now and now / before < (still / outside if outside > 0 else 1.0)
        is_old = after <= min(view.as_of, view.known_as_of)
        items.append((unit.id, is_old and is_lowered(least), is_old))
        levels.update(n for n in range(5) if is_old and is_lowered(n))
    old = sum(is_old for *_, is_old in items)
    return figure(items, [share(levels[n], old) for n in (1, 2, 3, 4)], share(levels[least], old), levels[least], old, {
        "found_after_the_meeting": {"exposures": later}, "not_yet_ninety_days_old": {"engagements": len(items) - old}})

# ---- 2.1.3: who mitigated before the attack came -------------------------------------------------------------------

def open_at(x, point, least):
    """At least and at most so many are open at a place in the order of statements; nothing where nothing counted is
    known. What makes it open counts always, what closes it or makes it less only where it is shown well enough."""
    spend(len(x.said))
    now = None
    for valid, at, state, low, high, shown in x.said:
        if (valid, at) > point:
            break
        if state == "A" and (shown >= least or now is None or low > now[0] or high > now[1]):
            now = low, high
        elif state == "M" and shown >= least:
            now = now and (low, high)
        elif state == "W":
            now = None
    return now

def lowest(parts):
    """The least weighted mean of (done, least weight, most weight): the worst parts weigh most."""
    total, weight = sum(done * least for done, least, _ in parts), sum(least for _, least, _ in parts)
    best = total / weight
    for done, least, most in sorted(parts):
        total, weight = total + done * (most - least), weight + most - least
        best = min(best, total / weight)
    return best

def pair_of(view, team, weak, advised):
    """A team and a weakness it was advised of, with the cohort of exposures that were open then or came first after."""
    spend(len(exposures := view.exposures.get(weak, ())))
    is_real = lambda x: [one[2] for one in x.said if one[2] in "AW"][-1:] != ["W"]
    real = [x for x in exposures if x.team == team and is_real(x)]
    opened = lambda point: [(x, now) for x in real if (now := open_at(x, point, 2)) and now[1] > 0]
    later = [one[:2] for x in real for one in x.said if one[2] == "A" and one[4] > 0 and one[:2] > advised]
    set_at = advised if opened(advised) or not later else min(later)
    public = [fix for valid, fix in view.publics.get(weak, ()) if valid <= advised[0]]
    return SimpleNamespace(team=team, advised=advised[0], set_at=set_at, cohort=opened(set_at), walks={},
                           attacks=view.attacks.get(weak, []),
                           public="fix_public" if any(public) else "flaw_public" if public else "unknown")

def walk(pair, least):
    """The mitigated share of the cohort, by criticality, both ends, after each statement since the cohort was set."""
    if least not in pair.walks:
        series, said = pair.walks.setdefault(least, []), defaultdict(set)
        left = [open_at(x, pair.set_at, least) or was for x, was in pair.cohort]
        weights = [[max(x.weight, 1.0) * max(n, 1) for n in was] for x, was in pair.cohort]
        remains = lambda left, opened: min(left / max(opened, 1), 1.0) if left > 0 else 0.0
        for n, (x, _) in enumerate(pair.cohort):
            for one in x.said:
                said[one[:2]].add(n)
        for point in sorted(point for point in said if point > pair.set_at):
            spend(len(left))
            for n in said[point]:
                left[n] = open_at(pair.cohort[n][0], point, least) or pair.cohort[n][1]
            both = [(was, now, *w) for (_, was), now, w in zip(pair.cohort, left, weights)]
            series.append((point[0], lowest([(1 - remains(now[1], was[0]), *w) for was, now, *w in both]),
                           1 - lowest([(remains(now[0], was[1]), *w) for was, now, *w in both])))
    return pair.walks[least]

def since(pair, theta, least, end=0, before=math.inf):
    """Since when the share has reached theta without a break, looking at what was so before an attack."""
    at = None
    for valid, *ends in walk(pair, least):
        if valid < before:
            at = (valid if at is None else at) if ends[end] + 1e-9 >= theta else None
    return at

def mitigated_before_attack(m, view, period):
    """Partners with enough of their pairs in success, and the other forms beside."""
    half, quiet, least = m.get("half", 0.5), m.get("quiet_days", 180) * DAY, level(m.get("min_evidence", "E2"))
    headline, luck = m.get("theta", 0.8), m.get("luck", {"fix_public": 0.5, "flaw_public": 0.25, "unknown": 0.1875})
    def verdict(pair, theta, least, end=0, anywhere=False):
        attack = min((by for by, _, _, teams in pair.attacks if anywhere or pair.team in teams), default=math.inf)
        at = since(pair, theta, least, end, attack)
        if at is None or attack < math.inf:
            return "success" if at is not None else "too late" if attack < math.inf else "not yet"
        return "success" if at + quiet <= min(view.as_of, view.known_as_of) else "provisional"
    def tally(*form):
        """Of each team with a cohort which pairs succeeded; the teams with enough of them."""
        teams = defaultdict(list)
        for pair in sure:
            teams[pair.team].append(verdict(pair, *form) == "success")
        enough = [team for team, won in teams.items() if sum(won) + 1e-9 >= half * len(won)]
        return SimpleNamespace(teams=teams, enough=enough, value=len(enough), pairs=sum(map(sum, teams.values())))
    every_pair = [pair_of(view, *key, advised) for key, advised in sorted(view.advised.items())
                  if period.first <= advised[0] // DAY <= period.last]
    first, until = period.first * DAY, min(period.end, view.as_of)  # trusted at some time of the period
    begins = lambda team: [first] + [begin for begin, _ in view.spans["partners.trust", team] if first < begin]
    trusted = {team for team in view.teams for at in begins(team)
               if at <= until and view.in_force("partners.trust", team, at) is not None}
    pairs = [pair for pair in every_pair if pair.team in trusted]
    sure = [pair for pair in pairs if pair.cohort]
    main, strict, most = tally(headline, least), tally(headline, least, 0, True), tally(headline, least, 1)
    is_moot = lambda p: any(latest < p.advised for _, latest, *_ in p.attacks)
    by_list = [p for p in sure if p.attacks and not any(is_begun for _, _, is_begun, _ in p.attacks)]
    same_day = [p for p in sure if not is_moot(p) and any(by // DAY == p.advised // DAY for by, *_ in p.attacks)]
    verdicts, states = Counter(verdict(p, headline, least) for p in sure), Counter(p.public for p in sure)
    rates = [sum(won) / len(won) for won in main.teams.values()]
    rate, chance, mean = (main.pairs / len(sure), sum(luck[state] * n for state, n in states.items()) / len(sure),
                          sum(rates) / len(rates)) if sure else (None, None, None)
    beside = {
        "theta": [{"theta": theta, "value": t.value, "pairs": t.pairs, "of_pairs": len(sure)}
                  for theta in m.get("theta_forms") or (0.5, 0.8, 1.0) for t in (tally(theta, least),)],
        "pairs": {"success": main.pairs, "of": len(sure), "rate": rounded(rate), "mean_of_partners": rounded(mean)},
        "at_most": {"value": most.value, "pairs": most.pairs},
        "strict": {"value": strict.value, "pairs": strict.pairs, "bounded_by_a_catalogue_only": len(by_list)},
        "open": {"pairs": sum(not p.attacks and since(p, headline, least) is not None for p in sure)},
        "moot": {"pairs": sum(map(is_moot, sure)), "same_day": len(same_day)},
        "provisional": {"pairs": verdicts["provisional"]}, "too_late": {"pairs": verdicts["too late"]},
        "unknown": {"pairs": len(pairs) - len(sure)},
        "luck": {"states": dict(states), "chance": rounded(chance),
                 "corrected_rate_of_pairs": rounded((rate - chance) / (1 - chance)) if sure and chance < 1 else None}}
    items = [(team, team in main.enough, team in main.teams) for team in trusted | {pair.team for pair in every_pair}]
    levels = [tally(headline, n).value for n in (1, 2, 3, 4)]
    return figure(items, levels, main.value, main.value, len(main.teams), beside)

# Each model, and the kinds of content behind it.
MODELS = {"exchanges": (exchanges, INWARD | OUTWARD), "combined-risk": (combined_risk, EXPOSED | RECORDS),
          "trusted-teams": (trusted_teams, {"partners.trust", "partners.agreement", "partners.key"} | INWARD | OUTWARD),
          "mitigated-before-attack": (mitigated_before_attack, {"partners.trust", "exchange.object"} | EXPOSED)}

# ---- the bundle ----------------------------------------------------------------------------------------------------

HEADER = re.compile("mainstay1 ([!-~]+) (0|[1-9][0-9]{0,4}) ([!-~]+) (0|[1-9][0-9]{0,17}) (0|-?[1-9][0-9]{0,17}) "
                    "(-|0|-?[1-9][0-9]{0,17}) (-|[0-9a-f]{32})")

class Bundle:
    """One pass over the file: the tree is built, contents are held against it, and what figures need is kept."""
    def __init__(self, path, key=None, older=None):
        self.proofs, self.remarks, self.faults, self.counts, self.tree, self.roots = [], [], [], Counter(), Tree(), []
        self.events, self.first, self.known, self.withheld, self.purged, self.tags = [], {}, array("q"), [], {}, set()
        self.claim, self.frozen_root, self.other, self.number, self.bytes, self.buried = None, "", [], 0, 0, -1
        try:
            with open(path, "rb") as file:
                opened = gzip.open if file.read(2) == b"\x1f\x8b" else open
            with opened(path, "rb") as file:
                self.read(file, key, older)
        except (OSError, EOFError, zlib.error) as e:
            raise NoBundle(f"the file cannot be read: {e}") from None
        for at, kind in self.purged.items():
            if at > self.buried:
                self.fault("purged", f"the content of {kind} is said to be purged, and no tombstone follows", at)

    def fault(self, rule, what, entry=None):
        """Entry i stands in line i + 2."""
        self.counts["faults"] += 1
        if len(self.faults) < FAULTS_MAX:
            where = "bundle" if entry is None else f"entry {entry} (line {entry + 2})"
            self.faults.append({"where": where, "what": what, "rule": rule})

    def line(self, file):
        raw = file.readline(LINE_MAX + 1)
        self.number, self.bytes = self.number + 1, self.bytes + len(raw)
        if len(raw) > LINE_MAX or self.bytes > BYTES_MAX:
            raise NoBundle(f"line {self.number} is too long, or the file is")
        try:
            return unjson(raw) if raw else None
        except ValueError as e:
            raise NoBundle(f"line {self.number} is no JSON: {e}") from None

    def read(self, file, key, older):
        head = self.line(file)
        if type(head) is not dict or head.get("bundle") != "mainstay-bundle-1":
            raise NoBundle("the first line does not say mainstay-bundle-1")
        try:
            self.hub, self.size, self.frozen, given = head["hub"], head["size"], head["frozen"], head["key"].strip()
            self.place, (self.name, self.public) = (self.hub, 0), read_key(key or given)
            if {type(self.size), type(self.frozen)} != {int} or not 0 <= self.frozen < self.size <= ENTRIES_MAX:
                raise ValueError("size and frozen are no sizes")
        except WRONG as e:
            raise NoBundle(f"the first line or the key cannot be read: {type(e).__name__} {e}") from None
        if key is None:
            self.remarks.append(f"the key is the one that the file names; --key {given} pins it")
        if given != (key or given).strip() or self.name != f"mainstay/{self.hub}":
            self.fault("key", f"the bundle of hub {self.hub} names {given}: not the key you gave, or another hub's")
        notes = {"the checkpoint": head.get("checkpoint")} | ({} if older is None else {"the older checkpoint": older})
        for which, note in notes.items():
            try:
                size, root = read_note(note, self.name, self.public)
                self.roots.append((size, root, which))
                if not 0 < size <= self.size or which == "the checkpoint" and size != self.size:
                    self.fault("checkpoint", f"{which} is of {size:,} entries, the bundle has {self.size:,}")
            except WRONG as e:
                self.fault("checkpoint", f"{which} is worth nothing: {e}")
        for at in range(self.size):
            if at == self.frozen:
                self.frozen_root = base64.b64encode(self.tree.root()).decode()
            if (row := self.line(file)) is None:
                return self.fault("size", f"the file ends here; {self.size:,} entries were promised", at)
            self.entry(at, row)
            for size, root, which in self.roots:
                if size == at + 1 and root == self.tree.root():
                    self.proofs.append(f"{size:,} entries give the root that {which} says, signed by {self.name}")
                elif size == at + 1:
                    self.fault("tree", f"the first {size:,} entries do not give the root of {which}: one was altered, "
                               "left out, added or moved, and nothing below is proven")
        if self.line(file) is not None:
            self.fault("size", "lines follow the last entry that was promised")

    def entry(self, at, row):
        """One entry: [header, commitment], and beside: salt and payload, or null and why it is not given."""
        try:
            if len(row) not in (2, 4) or len(row) == 4 and type(row[3]) is not str:
                raise ValueError("neither header and commitment nor these with salt and payload")
            header, committed, given = row[0], unbase64(row[1], 32), len(row) == 4 and row[2] is not None
            # a salt of another length could take in the beginning of a payload, under the same commitment
            salt, content = (unbase64(row[2], 32), unbase64(row[3])) if given else (b"", b"")
            found = HEADER.fullmatch(header)
        except WRONG as e:
            raise NoBundle(f"line {at + 2} is no entry: {e}") from None
        self.tree.push(sha256(b"\0", header.encode(), committed))
        if given and sha256(salt, content) != committed:
            self.fault("payload", "the content is not what was committed", at)
        if not found:
            self.known.append(self.known[-1] if self.known else 0)
            return self.fault("header", "the header is not of the form of a header", at)
        kind, known, tag = found[1], int(found[5]), found[7]
        place = found[3], int(found[4]) - at
        if place != self.place:  # after a gap all are moved: said once
            self.fault("order", f"the header is of entry {found[4]} of hub {found[3]}", at)
        self.place = place
        if self.known and known < self.known[-1]:
            self.fault("time", "known time runs backwards", at)
        if tag in self.tags:
            self.fault("tag", "the same unique key stands twice", at)
        self.tags.update({tag} - {"-"})
        self.known.append(known)
        self.buried = at if kind == "ledger.tombstone" else self.buried
        unread = "omitted" if kind in GIVEN else "not read by any measure"
        why = "given" if given else row[3] if len(row) == 4 else unread
        self.counts[why if given or len(row) < 4 or why == "purged" else "withheld"] += 1
        if why == "purged":
            self.purged[at] = kind
        else:
            self.first.setdefault(kind, at)
        if why == "omitted":
            self.fault("omitted", f"the content of {kind} is neither given nor withheld by a rule", at)
        if not given and kind in GIVEN and why != "purged":
            self.withheld.append((at, kind))
        if not given or kind not in GIVEN or at > self.frozen and kind != "assure.frozen":
            return
        try:
            length = int.from_bytes(content[:4], "big")
            if len(content) < 4 + length:
                raise ValueError("its meta is longer than the content")
            meta = unjson(content[4:4 + length])
            if kind != "assure.frozen":
                valid = known if found[6] == "-" else min(int(found[6]), known)
                self.events.append((at, known, valid, kind, meta, distilled(kind, meta, content[4 + length:])))
            elif at == self.frozen:
                self.claim = meta
            else:
                self.other.append((at, meta.get("review")))
        except WRONG as e:
            self.fault("content", f"the content of {kind} cannot be read: {e}", at)

# ---- packs: what is counted, and what kinds of records there are ---------------------------------------------------

ONE = {"choices": "choice", "orgs": "org", "countries": "country", "people": "person", "links": "link",
       "entities": "entity", "vulnerabilities": "text"}

def definition(record):
    """Of each field of a kind how it is stored and what it is in the counting language."""
    states = tuple(state["name"] for state in record.get("state", ()))
    built_in = {"id": "text", "marking": "text", "state": ("word", states), "evidence": "level",
                "tags": ("list", "text"), "recorded_by": ("list", "text"), "attested_by": ("list", "text"),
                "confirmed_by": ("list", "org")}
    found = {name: ("", of) for name, of in built_in.items()}
    for field in record.get("field", ()):
        kind = ONE.get(field["type"], field["type"])
        own = kind if kind in ("day", "number", "flag", "org", "country", "entity") else "text"
        of = {"choice": ("word", tuple(field.get("options", ()))), "link": ("link", field.get("to")), "instant": "day",
              "count": "number"}.get(kind, own)
        found[field["name"]] = kind, ("list", of) if field["type"] in ONE else of
    return found

def packs(bundle, events):
    """The plans and definitions that stand, by kind and name; every pack is held against its signature."""
    standing, n = {}, 0
    for at, _, _, kind, m, x in events:
        if kind == "ledger.pack":
            try:
                spend(100_000 + len(x["body"]))
                files, signer, n = unjson(x["body"]), unbase64(m["key"], 32), n + 1
                parts = [part.encode() for name in sorted(files) for part in (name, files[name])]
                if digest(*(piece for part in parts for piece in (len(part).to_bytes(8, "big"), part))) != m["digest"]:
                    raise ValueError("its files are not those that were signed")
                words = f"mainstay pack\n{m['kind']}\n{m['name']}\n{m['version']}\n{m['digest']}\n".encode()
                if not is_signed(signer, words, unbase64(m["signature"], 64)):
                    raise ValueError("its signature does not hold")
                if tomllib.loads(files["pack.toml"]) != {name: m[name] for name in ("name", "kind", "version")}:
                    raise ValueError("its pack.toml says another name, kind or version")
                if signer != bundle.public:
                    bundle.remarks.append(f"{m['kind']} pack {m['name']} (entry {at}) is signed by a key that is not "
                                          f"the hub's: {m['key']}")
                standing[m["kind"], m["name"]] = at, files
            except WRONG as e:
                bundle.fault("pack", f"the pack is worth nothing: {type(e).__name__} {e}", at)
    bundle.proofs.append(f"{n:,} packs are what their signatures say")
    for (kind, name), (at, files) in standing.items():
        try:
            toml = [files[path] + "\n" for path in sorted(files) if path != "pack.toml" and path.endswith(".toml")]
            standing[kind, name] = tomllib.loads("".join(toml)) if kind in ("plan", "records") else {}
        except WRONG as e:
            standing[kind, name] = {}
            bundle.fault("pack", f"the {kind} pack {name} cannot be read: {e}", at)
    return standing

# ---- the claim and the comparison ----------------------------------------------------------------------------------

def is_same(a, b):
    """Equal, numbers within a billionth of their size."""
    if type(a) in (int, float) and type(b) in (int, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    if type(a) is dict and type(b) is dict:
        return a.keys() == b.keys() and all(is_same(a[name], b[name]) for name in a)
    if type(a) is list and type(b) is list:
        return len(a) == len(b) and all(map(is_same, a, b))
    return type(a) is type(b) and a == b

class Review:
    """What the claim is held against: the events that were known by its date, and views of them."""
    def __init__(self, bundle):
        claim, self.views, self.catalogue = bundle.claim, {}, {}
        if type(claim) is not dict:
            raise ValueError("no content of kind assure.frozen is given there")
        self.as_of, self.known_as_of = instant_of(claim["as_of"]), instant_of(claim["known_as_of"])
        self.period, self.seed = period_of(claim["period"]), claim["seed"] + "\n" + bundle.frozen_root
        self.claimed = {one["id"]: one for one in claim["figures"]}
        if None in (self.as_of, self.known_as_of) or not len(self.claimed) == len(claim["figures"]) <= 10_000:
            raise ValueError("a time is none, a figure stands twice, or there are too many")
        self.cut = min(bundle.frozen, bisect.bisect_right(bundle.known, self.known_as_of))
        self.events = [event for event in bundle.events if event[0] < self.cut]
        standing = packs(bundle, self.events)
        for kind, name in sorted(standing, key=lambda key: (key[0] == "plan", key)):  # the first definition stands
            for record in standing[kind, name].get("record", ()):
                self.catalogue.setdefault(record["kind"], definition(record))
        self.measures = [m for key in sorted(standing) if key[0] == "plan" for what in ("measure", "indicator")
                         for m in standing[key].get(what, ())]
        self.now = self.view(self.as_of)
        self.first = bundle.first | self.now.first

    def view(self, as_of):
        if as_of not in self.views:
            if len(self.views) == VIEWS_MAX:
                raise ValueError(f"the baselines ask for more than {VIEWS_MAX} periods")
            self.views[as_of] = View(self.events, as_of, self.known_as_of, self.catalogue)
        return self.views[as_of]

    def recomputed(self, m):
        """One figure, and the kinds of content that lie behind it."""
        numbers = {name: float(m[name]) for name in ("threshold", "theta", "half") if name in m}
        program = Program(m["count"], self.catalogue, numbers) if "count" in m else None
        model, reads = MODELS.get(m.get("model"), (lambda m, view, period: figure([]), set()))
        needs = m.get("needs") or [f"assure.{program.each}"] * (program is not None and program.each != "partner")
        def at(period):
            if program:
                found = counted(program, m, self.now if program.day else self.view(min(self.as_of, period.end)), period)
            else:
                found = model(m, self.now, period)
            is_missing = any(self.first.get(kind, self.cut) >= self.cut for kind in needs)
            return figure(found["items"]) if is_missing else found
        found, base = at(self.period), m.get("baseline", {}).get("period")
        found["definition_version"], found["baseline"] = m.get("definition_version", 0), None
        if base and not (self.period.is_year and "-Q" in base):
            then = at(period_of(base))
            is_any = any(is_in for *_, is_in in then["items"])  # where nothing was looked at there is no value
            found["baseline"] = {"period": base, "value": then["value"] if is_any else None}
        for name, wanted in (("counted", True), ("not_counted", False)):
            keys = sorted(key for key, counts, _ in found["items"] if counts == wanted)
            found[name] = digest(*(key.encode() + b"\n" for key in keys))
        return found, BASIS | reads | (program.reads if program else set())

COMPARED = ("definition_version", "value", "numerator", "denominator", "evidence", "baseline", "beside", "counted",
            "not_counted")

def compare(bundle):
    """Every figure: what was claimed, what comes out, what differs, what could not be seen, and what to inspect."""
    try:
        review, figures = Review(bundle), []
    except WRONG as e:
        bundle.fault("claim", f"what it claims cannot be checked: {type(e).__name__} {e}", bundle.frozen)
        return []
    genesis, aside = review.now.genesis, review.now.aside
    if (genesis.get("hub"), genesis.get("public_key")) != (bundle.hub, base64.b64encode(bundle.public).decode()):
        bundle.fault("key", "the first entry does not name this hub and this key", 0)
    if genesis.get("exercise"):
        bundle.remarks.insert(0, "EXERCISE: the first entry says that this store is one; no figure of it counts")
    if aside:
        bundle.remarks.append(f"{len(aside):,} contents have not the form of their kind and say nothing, the first in "
                              f"entry {aside[0]}")
    if again := [at for at, name in bundle.other if name == bundle.claim.get("review")]:
        bundle.remarks.append(f"this review was frozen {len(again) + 1} times, also in entry {again[0]}")
    ids = [m.get("id") for m in review.measures]
    for m in review.measures + [{"id": name} for name in review.claimed if name not in ids]:
        said, differs = review.claimed.get(m["id"]), []
        try:
            if said is None or m["id"] not in ids:
                raise ValueError("no such figure is claimed" if said is None else "no plan pack has this figure")
            found, reads = review.recomputed(m)
            base = said.get("baseline")
            said = said | {"baseline": base and {name: base.get(name) for name in ("period", "value")}}
            differs = [f"{name}: {json.dumps(said.get(name))} claimed, {json.dumps(found[name])} recomputed"
                       for name in COMPARED if not is_same(said.get(name), found[name])]
        except WRONG as e:
            found, reads, differs = figure([]), GIVEN, [f"it cannot be confirmed: {type(e).__name__} {e}"]
        withheld = sum(at < review.cut and kind in reads for at, kind in bundle.withheld)
        purged = sum(at < review.cut and kind in reads for at, kind in bundle.purged.items())
        withheld += purged  # the hub counts on with what it kept of a purged one, which is not here
        verdict = f"not confirmed: {withheld} withheld or purged" if withheld else "DIFFERENT" if differs else "same"
        keys = [key for key, counts, _ in found["items"] if counts]
        keys.sort(key=lambda key: sha256(f"{review.seed}\n{m['id']}\n{key}".encode()))
        figures.append({"id": m["id"], "claimed": said and said.get("value"), "recomputed": found["value"],
                        "verdict": verdict, "withheld": withheld, "differs": differs, "sample": keys[:5]})
        for what in differs if not withheld else ():
            bundle.fault("figure", f"{m['id']}: {what}", bundle.frozen)
    return figures

def plain(words):
    """What may be printed: a name in a bundle must not steer the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(words))[:500]

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="the file, plain or gzip")
    parser.add_argument("--key", help="the hub's key as you hold it: NAME+ID+BASE64")
    parser.add_argument("--checkpoint", help="a file with an older signed head that you hold: the log grew out of it")
    parser.add_argument("--sample", action="store_true", help="print of each figure what was drawn to be inspected")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    said = parser.parse_args()
    csv.field_size_limit(LINE_MAX)
    try:
        older = open(said.checkpoint, encoding="utf-8").read(1 << 17) if said.checkpoint else None
        bundle = Bundle(said.bundle, said.key, older)
        figures = compare(bundle)
    except (NoBundle, OSError, UnicodeDecodeError, RecursionError, MemoryError) as e:
        print(f"not verified: {plain(e) or type(e).__name__}", file=sys.stderr)
        return 2
    counts, claim = bundle.counts, bundle.claim if type(bundle.claim) is dict else {}
    code = 1 if counts["faults"] or not figures else 3 if any(one["withheld"] for one in figures) else 0
    result = {0: "all proofs hold and every figure is the same", 1: f"NOT CONFIRMED: {counts['faults']} faults",
              3: "nothing differs, but not everything could be confirmed"}[code]
    if said.json:
        head = {name: claim.get(name) for name in ("review", "period", "as_of", "known_as_of", "by")}
        print(json.dumps({"result": result, "exit": code, "hub": bundle.hub, **head, "entries": counts,
                          "proofs": bundle.proofs, "remarks": bundle.remarks, "faults": bundle.faults,
                          "figures": figures}, indent=1))
        return code
    lines = [f"hub {bundle.hub}: review {claim.get('review')} of {claim.get('period')}, frozen in entry "
             f"{bundle.frozen} by {claim.get('by')}",
             f"as of {claim.get('as_of')}, as known at {claim.get('known_as_of')}",
             f"entries: {counts['given']:,} given, {counts['not read by any measure']:,} not read by any measure, "
             f"{counts['withheld']:,} withheld, {counts['purged']:,} purged"]
    lines += [f"proof: {one}" for one in bundle.proofs] + [f"remark: {one}" for one in bundle.remarks] + [""]
    for one in figures:
        values = " ".join(json.dumps(value).rjust(11) for value in (one["claimed"], one["recomputed"]))
        lines += [f"{one['id']:16} {values}  {one['verdict']}"] + [f"    {key}" for key in one["sample"] if said.sample]
    lines += [""] + [f"fault: {one['where']}: {one['what']} [{one['rule']}]" for one in bundle.faults]
    more = counts["faults"] - len(bundle.faults)
    lines += [f"... and {more:,} more faults"] * (more > 0)
    print("\n".join(map(plain, lines + [f"result: {result}"])))
    return code

if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
