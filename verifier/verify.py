#!/usr/bin/env python3
"""Checks the figures that a Mainstay hub froze for a period, without the hub, its database or its program.

The bundle holds every entry of the hub's log (header, commitment), the content of all that a figure rests on, and the
signed head of the log; nothing in it is believed because it says so. Proofs: each content belongs to its commitment;
all entries together give the root that the hub signed (pin its key with --key); an older head (--checkpoint) is a
beginning of this log; packs are signed. Figures: every measure of every plan pack is computed from the events, with an
evaluator of the counting language (decision 0019) and of the four models, written from the rules. Comparison with the
entry of kind `assure.frozen`: definition, value, numerator, denominator, value at E1 to E4, baseline, digests of the
keys of what counted and what did not. Not compared: what stands beside a figure, sentences, the claim's own sample.
Exit status: 0 all the same and proven; 1 something differs or a proof fails; 2 the file is no bundle; 3 nothing
differs, but something could not be confirmed, being withheld or purged.
"""
import argparse, array, base64, bisect, csv, decimal, gzip, hashlib, io, json, math, operator, re, sys, tomllib, types
from collections import Counter, defaultdict, namedtuple
from datetime import date, datetime, timedelta, timezone
from functools import cache, reduce

DAY, EPOCH = 86_400_000_000, datetime(1970, 1, 1, tzinfo=timezone.utc)  # instants are microseconds since then
LINE_MAX, BYTES_MAX, ENTRIES_MAX, STEPS_MAX, VIEWS_MAX, FAULTS_MAX = 64 << 20, 16 << 30, 5 * 10**7, 10**8, 20, 100
# The kinds whose content is given, or the bundle says why not, by what of a figure they lie behind.
BASIS, RECORDS = {"ledger.genesis", "ledger.pack", "partners.org"}, {"assure.record", "assure.backed"}
INWARD = {"exchange.object", "exchange.document", "expose.inventory", "expose.answer", "act.answered"}
OUTWARD, TRUST, AGREED, KEY = {"act.sent", "act.bounced"}, {"partners.trust"}, {"partners.agreement"}, {"partners.key"}
EXPOSED = {"expose.changed", "expose.inventory", "exchange.document", "act.answered", "act.closed"} | OUTWARD
BEHIND = {"contact_verified": {"act.contact"}, "inventory_on": {"expose.inventory"}, "last_in": INWARD,
          "last_out": OUTWARD, "agreement_until": AGREED, "trusted_until": TRUST, "key_active": KEY}
GIVEN = {"assure.frozen"}.union(BASIS, RECORDS, EXPOSED, *BEHIND.values())
NoBundle, STEPS = type("NoBundle", (Exception,), {}), Counter()
def fail(why, kind=ValueError): raise kind(why)
def spend(n=1):  # bounds the work a bundle may ask for: it must not keep the reader's machine busy for ever
    STEPS["all"] += n
    if STEPS["all"] > STEPS_MAX: fail(f"more than {STEPS_MAX:,} steps are needed")
def grouped(pairs):  # each key with its values, in their order
    found = defaultdict(list)
    for key, value in pairs: found[key].append(value)
    return found

# ---- texts, numbers, times
DECODER = json.JSONDecoder(parse_constant=int)  # NaN and Infinity are no numbers: int refuses them
Unit = namedtuple("Unit", "id fields evidence")  # what can be counted: a record, an organisation, what the hub saw
Instant = type("Instant", (int,), {})  # among values an instant; a plain int is a day, a float a number
TEXTS = {str: str, bool: lambda v: "yes" if v else "no", list: lambda v: "; ".join(map(text_of, v)),
         float: lambda v: re.sub(r"\.0$", "", format(decimal.Decimal(repr(v)), "f")),
         int: lambda v: date_of(min(v, day_of("9999-12-30"))).isoformat(),  # there the hub's calendar ends
         Instant: lambda v: f"{EPOCH + timedelta(microseconds=v):%Y-%m-%dT%H:%M:%S.%fZ}", Unit: lambda v: v.id}
text_of = lambda value: TEXTS[type(value)](value)  # as it stands in a key
several = lambda value: value if type(value) is list else [] if value is None else [value]
as_day = lambda value: value if type(value) is int else value // DAY if type(value) is Instant else None
date_of = lambda day: date.fromordinal(day + EPOCH.toordinal())
share = lambda n, of: rounded(rounded(n / of * 1000, 0) / 10) if of > 0 else None  # in percent, to one digit
level = lambda evidence: int(evidence[1]) if evidence in ("E0", "E1", "E2", "E3", "E4") else 0
sha256 = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
tobase64 = lambda raw: base64.b64encode(raw).decode()
def unbase64(text):  # one text for each value: bits that would change nothing are refused too
    if base64.b64encode(raw := base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("base64 that is not written as it would be")
    return raw
unjson = lambda raw: DECODER.decode(raw.decode())
@cache
def day_of(text):  # YYYY-MM-DD as a number; nothing for anything else
    try: return (date.fromisoformat(text) - EPOCH.date()).days if re.fullmatch("[0-9]{4}(-[0-9]{2}){2}", text) else None
    except Exception: return None
def instant_of(text):  # RFC 3339 or a day; digits beyond microseconds are cut, a leap second is the second before it
    if day_of(text) is not None: return day_of(text) * DAY
    try: at = datetime.fromisoformat(re.sub(r"\[[^]]*\]$", "", text[:100].upper()).replace(":60", ":59"))
    except Exception: return None
    return (at - EPOCH) // timedelta(0, 0, 1) if at.tzinfo else None
def rounded(x, digits=4):  # half away from zero, whole numbers without a point
    down = math.floor(scaled := abs(x) * 10.0 ** digits)
    value = math.copysign(down + (scaled - down >= 0.5), x) / 10 ** digits
    return int(value) if value == int(value) else value

# ---- Ed25519 (RFC 8032), signed notes (c2sp.org/signed-note), the tree of RFC 6962
P, L = 2 ** 255 - 19, 2 ** 252 + 27742317777372353535851937790883648493
D, BASE = -121665 * pow(121666, -1, P) % P, (4 * pow(5, -1, P) % P).to_bytes(32, "little")
NOTE = re.compile("(([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n(?:[^\n]+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n){1,100})")
times = lambda n, p: add(times(n >> 1, add(p, p)), p if n & 1 else (0, 1)) if n else (0, 1)  # p added so many times
root_of = lambda peaks: reduce(lambda right, left: sha256(b"\x01", left, right), reversed(peaks))  # over all
def add(p, q):  # the sum of two points of the curve
    (a, b), (c, d), t = p, q, D * p[0] * p[1] * q[0] * q[1]
    return (a * d + b * c) * pow(1 + t, -1, P) % P, (b * d + a * c) * pow(1 - t, -1, P) % P
def point(raw):  # the point that 32 bytes stand for (RFC 8032, 5.1.3)
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") & (1 << 255) - 1
    root = pow((square := (y * y - 1) * pow(D * y * y + 1, -1, P) % P), (P + 3) // 8, P)
    x = root if root * root % P == square else root * pow(2, (P - 1) // 4, P) % P
    is_none = len(raw) != 32 or y >= P or x * x % P != square or (x == 0 and sign)
    return fail("a key is no point") if is_none else (x if x & 1 == sign else P - x, y)
def is_signed(public, message, signature):  # whether this key made the signature over the message
    s, r = int.from_bytes(signature[32:], "little"), hashlib.sha512(signature[:32] + public + message).digest()
    x, y = add(times(s % L, point(BASE)), times(L - int.from_bytes(r, "little") % L, point(public)))
    return len(signature) == 64 and s < L and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]
def read_key(text):  # name and bytes of a key as it is handed out: NAME+ID+BASE64, where the id must be the key's own
    name, number, rest = text.strip().split("+", 2)
    is_own = sha256(name.encode(), b"\n", raw := unbase64(rest))[:4].hex() == number and len(raw) == 33 and raw[0] == 1
    return (name, raw[1:]) if is_own else fail("its id is not the key's")
def read_note(note, name, public):  # size and root that a note says, if the key signed it
    found = NOTE.fullmatch(note[:1 << 16]) or fail("it is no signed note")
    made = [unbase64(line.split(" ")[2]) for line in found[5].splitlines() if line.split(" ")[1] == name == found[2]]
    mine = [raw[4:] for raw in made if raw[:4] == sha256(name.encode(), b"\n\x01", public)[:4]]
    is_so = mine and all(is_signed(public, found[1].encode(), signature) for signature in mine)
    return (int(found[3]), unbase64(found[4])) if is_so else fail(f"{name} is not signed by its key, or another log's")
def grow(peaks, size, leaf):  # adds a leaf, the size-th, to a tree: the roots of its perfect subtrees, largest first
    for _ in range((size & -size).bit_length() - 1): leaf = sha256(b"\x01", peaks.pop(), leaf)
    peaks.append(leaf)

# ---- what the entries say
def fields_digest(fields):  # H over a record's fields as the hub writes them: what a confirmation means
    plain = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    one = lambda value: re.sub(r"^(-?)([0-9])(?:\.([0-9]+))?e-05$", r"\g<1>0.0000\2\3", plain(value))
    whole = ",".join(f"{one(name)}:{one(fields[name])}" for name in sorted(fields))
    return tobase64(sha256(b"{", whole.encode(), b"}"))
def typed(kind, value):  # a stored value as it is compared: days and instants are no texts
    if type(value) is list: return [typed(kind, one) for one in value]
    found = day_of(value)
    if kind != "day": found = instant_of(value) if kind == "instant" and found is None else None
    return value if found is None else found if kind == "day" else Instant(found)

class View:
    """The world as it was at `as_of`; whose charge something is in, and what says nothing new, rests on all known."""
    def __init__(self, events, as_of, known_as_of, catalogue):
        self.as_of, self.known_as_of, self.catalogue, self.home, self.country = as_of, known_as_of, catalogue, "", ""
        self.genesis, self.orgs, self.names, self.partners, self.came, self.assets = ({} for _ in range(6))
        self.documents, self.named, self.sightings, self.bounced, self.lines, self.advised = ({} for _ in range(6))
        self.spans, self.passings, self.attacks, self.exposures, self.backings = (defaultdict(list) for _ in range(5))
        self.keys, self.versions = (defaultdict(lambda: defaultdict(list)) for _ in range(2))
        self.aside, self.sent, self.claims, self.last = [], [], [], defaultdict(dict)
        for event in events:
            try: self.take(*event)
            except Exception: self.aside.append(event[0])
        self.settle()
    def take(self, at, known, valid, kind, m, body):  # folds what one event says
        is_now, day, weak = known <= self.as_of, known // DAY, sorted(set(m.get("vulnerabilities", ())))
        # of what came in on one topic, day and evidence the first is kept
        receive = lambda org, topic, evidence: self.came.setdefault((org, topic, day, level(evidence)), known)
        match kind:
            case "ledger.genesis": self.genesis, self.home, self.country = m, m["home"], m.get("country") or ""
            case "partners.org":
                one = {"org": m["key"], "name": m["name"], **{of: m.get(of) or "" for of in ("kind", "country")}}
                self.names[m["name"].lower()], self.orgs[m["key"]] = m["key"], one
                if is_now: self.partners[m["key"]] = one
            case "partners.trust" | "partners.agreement":  # from a day to the end of another
                end = math.inf if m.get("to") is None else (day_of(m["to"]) + 1) * DAY
                self.spans[kind, m["org"]].append((day_of(m["from"]) * DAY, end))
            case "partners.key" if is_now: self.keys[m["org"]][m["key"]].append((known, m["state"] == "active"))
            case "act.contact" if is_now and (on := day_of(m.get("verified"))) is not None:
                self.last[m["org"]]["contact_verified"] = max(on, self.last[m["org"]].get("contact_verified", on))
            case "exchange.document":
                receive(m["source"], m["form"], "E1")
                if m["form"] in ("csaf", "cve"): self.documents[at] = m["source"]
            case "exchange.object":
                receive(m["source"], of := m["type"], "E1")
                if of in ("identity", "location", "vulnerability", "sighting"): self.name(of, m["id"], unjson(body))
            case "expose.inventory":  # the hub writes only rows that it accepted; of an asset the first stands
                receive(m["source"], "inventory", "E1")
                head, *rows = filter(None, csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
                rows = [dict(zip((name.strip().lower() for name in head), map(str.strip, row)))
                        for row in rows[::-1] if len(row) == len(head)]
                for asset, one in {one["asset"]: one for one in rows if one["asset"]}.items():
                    functions = one.get("functions", "").split(";")
                    self.assets[m["source"], asset] = sum(name.strip() != "" for name in functions)
                    if is_now: self.last[one.get("owner")]["inventory_on"] = day
            case "expose.answer": receive(m["org"], "inventory", "E2")  # signed, and so with an artefact
            case "expose.changed":
                for c in m["changes"]: self.change(at, valid, self.documents.get(m["cause"]), m["owner"], c)
            case "act.sent": self.sent += [(at, valid, one, m) for one in weak]
            case "act.bounced": self.bounced[m.get("message_id", "")] = valid
            case "act.answered" | "act.closed":
                evidence, answer = m.get("evidence", ""), m.get("answer") if kind == "act.answered" else kind
                for one in weak if kind == "act.answered" and evidence != "E0" else ():  # E0: our own note
                    receive(m.get("claimant") or m["addressee"], one, evidence)
                if answer in ("fixed", "mitigated", "not-affected") or answer == "act.closed" and evidence >= "E2":
                    self.claims += [(valid, at, one, m["party"], m.get("country"), level(evidence)) for one in weak]
            case "assure.record":
                fields = {name: float(value) if type(value) is int else value for name, value in m["fields"].items()}
                self.versions[m["record"]][m["id"]].append((known, valid <= self.as_of, m, fields))
            # what backs a record counts from when it is known, whatever day is asked about
            case "assure.backed": self.backings[m["record"], m["id"]].append(m)
    def name(self, kind, key, it):  # what a STIX object names: a place, a weakness; of a sighting the last version
        refs = it.get("external_references", []) if kind == "vulnerability" else []
        cve = next((one.get("external_id") for one in refs if (one.get("source_name") or "").lower() == "cve"), None)
        name = it.get("country", "").upper() if kind == "location" else cve or it.get("name")
        # without a first time the last one, or the making of the sighting, is the latest it can have been
        seen = [at for of in ("first_seen", "last_seen", "created") if (at := instant_of(it.get(of))) is not None]
        if kind == "sighting" and type(of := it.get("sighting_of_ref")) is str and seen:
            self.sightings[key] = of, seen[0], [*map(str, it.get("where_sighted_refs", ()))], it.get("revoked", False)
        elif kind != "sighting" and name and type(name) is str: self.named[key] = kind, name
    def change(self, at, valid, author, owner, c):  # of a subject: A affected, M mitigated, U not known, W never real
        if c.get("threat", "vulnerability") not in (None, "vulnerability") or c.get("seen_until") is not None: return
        status, is_asset, holder, count = c.get("status"), c["level"] == "asset", c.get("holder", ""), c.get("count")
        key, (low, high) = (c["vulnerability"], c["level"], c["source"], c["subject"]), count or (1, 1)
        x = self.lines.setdefault(key, types.SimpleNamespace(country="", weight=0.0, said=[], state=None, first=owner))
        x.owner, x.holder, x.country = owner, holder, c.get("country") or x.country
        high = 10**9 if high is None else high
        # a document of the owner or holder is its own word; that of anybody else corrects what was said before
        taken_back = author is not None and (author == "local" or author not in (owner, holder)) or (
            status is None and not is_asset and c.get("reason") == "withdrawn")
        if status == "affected":  # it weighs what it did when first affected: one, and one for each national function
            x.weight = x.weight or 1.0 + (self.assets.get((c["source"], c["subject"]), 0) if is_asset else 0)
        partly = count and not is_asset and high > 0 and x.weight  # none counted as affected: so many not known
        state = ("A", low, high) if status == "affected" else ("U", 0, 0) if not partly else ("M", 0, high)
        if status in ("fixed", "not_affected", None): state = ("W", 0, 0) if taken_back else ("M", 0, 0, status)
        if state != x.state: x.said.append((valid, at, *state[:3], 2))  # said again the same, it is no new statement
        x.state = state
    def settle(self):  # what can be said only when all is known: who is whose constituency, and what follows from that
        self.names.update((key.lower(), key) for key in sorted(self.orgs))  # a key stands over a name that is the same
        self.local = grouped((one["country"], key) for key, one in sorted(self.orgs.items()) if one["kind"] == "csirt")
        for (org, *what), known in self.came.items():
            if known <= self.as_of and org in self.orgs: self.passings[org].append((known, True, what[0], what[2]))
        self.teams = sorted(org for org, one in self.partners.items() if one["kind"] == "csirt" and self.is_abroad(org))
        for at, valid, weak, m in (one for one in self.sent if one[1] <= self.as_of):  # team, weakness: first advice
            bounced, to = self.bounced.get(m.get("message_id", ""), math.inf), m["addressee"]
            if bounced == math.inf and to in self.orgs: self.passings[to].append((valid, False, weak, 0))
            for team in self.charge((to, m["party"]), m.get("country")) if bounced > self.as_of else ():
                self.advised[team, weak] = min((valid, at), self.advised.get((team, weak), (math.inf, 0)))
        for of, by, places, is_revoked in self.sightings.values():
            kind, weak = self.named.get(of, ("", ""))
            if kind == "vulnerability" and not is_revoked and by <= self.as_of:
                self.attacks[weak].append((by, {team for place in places for team in self.place(place)}))
        known = {weak for _, _, weak, _ in self.sent}  # what nobody was advised of is in no figure
        self.lines = {key: x for key, x in sorted(self.lines.items()) if key[0] in known}
        held_by = lambda key, x: x.holder if key[1] in ("constituency", "sector") and x.holder else x.owner
        parties = grouped(((key[0], held_by(key, x)), x) for key, x in self.lines.items())
        for valid, at, weak, party, country, evidence in self.claims:
            for x in parties.get((weak, party), ()):
                if spend() or not country or x.country in ("", country): x.said.append((valid, at, "M", 0, 0, evidence))
        for key, x in self.lines.items():  # by weakness, in the order of what is exposed
            x.said = sorted((one for one in x.said if one[0] <= self.as_of), key=lambda one: one[:2])
            body = x.holder if self.orgs.get(x.holder, {}).get("kind") == "csirt" else x.owner
            self.exposures[key[0]] += [types.SimpleNamespace(key=key, team=team, **vars(x))
                                       for team in self.charge((body, held_by(key, x)), x.country) if x.said]
    def is_abroad(self, org):  # whether a partner is of another country than the hub
        return org in self.partners and (not self.country or self.partners[org]["country"] != self.country)
    def charge(self, bodies, country):  # the teams in whose charge it is: a body that is one, or those of the country
        known = [self.orgs[body] for body in bodies if body in self.orgs]
        found = self.local.get(country or next((one["country"] for one in known if one["country"]), "-"), [])
        return [one["org"] for one in known if one["kind"] == "csirt"][:1] or [one for one in found if spend() is None]
    def place(self, key):  # the teams in whose charge a place of a sighting lies
        kind, value = self.named.get(key, ("", ""))
        org = self.names.get(value.lower()) if kind == "identity" else None
        return self.local.get(value, ()) if kind == "location" else self.charge((org,), "") if org else ()
    def in_force(self, kind, org, at):  # until when it is so at an instant: of spans that have begun, the last said
        begun = [end for begin, end in self.spans.get((kind, org), ()) if spend() is None and begin <= at]
        return begun[-1] if begun and at < begun[-1] else None
    @cache
    def register(self, day):  # what was prioritised on a day, as that was known at the day's end
        end, on = min((day + 1) * DAY - 1, self.known_as_of), set()
        for versions in self.versions["priority"].values():
            *_, m, fields = next((one for one in versions[::-1] if spend() or one[0] <= end), ({"void": ""}, {}))
            begin, last = day_of(fields.get("from")), day_of(fields.get("until"))
            if m.get("void") is None and begin is not None and begin <= day and (last is None or day <= last):
                on.update(text_of(fields[name]) for name in ("entity",) if name in fields)
        return on
    @cache
    def units(self, kind):  # all of a kind by id: records, organisations, among actions what was mitigated
        return self.organisations() if kind == "partner" else self.records(kind) | (
            self.mitigations() if kind == "action" else {})
    @cache
    def naming(self, kind, field):  # what a field of a kind names → the units that name it
        pairs = ((one, unit) for unit in self.units(kind).values() for one in several(unit.fields.get(field)))
        return grouped((text_of(one), unit) for one, unit in pairs)
    def records(self, kind):  # each as it stood: the later statement speaks, but not of what was to come
        types, found = self.catalogue.get(kind, {}), {}
        for key, versions in sorted(self.versions[kind].items()):
            stood = [one[2:] for one in versions if one[1] and one[2].get("void") is None]
            if versions[-1][2].get("void") is not None or not stood: continue  # what turned out a mistake never was
            (m, fields), backings = stood[-1], self.backings.get((kind, key), ())
            said = fields_digest(fields) if backings else ""  # a word speaks only of what the fields said then
            worth = [b for b in backings if b["means"] == "evidence" or b["fields"] == said]
            by = lambda means, who: sorted({b[who] for b in worth if b["means"] == means and b["fields"] == said})
            shown = max([level(b["evidence"]) for b in worth] or [0])
            found[key] = Unit(key, {name: typed(types.get(name, [""])[0], fields[name]) for name in fields} | {
                "id": key, "state": m["state"], "tags": sorted(set(m.get("tags", ()))), "marking": m["marking"],
                "evidence": f"E{shown}", "confirmed_by": by("confirmed", "org"), "attested_by": by("attested", "by"),
                "recorded_by": sorted({one[2]["by"] for one in versions})}, shown)
        return found
    def organisations(self):  # each organisation, with what the hub knows of it by itself
        found, year = {}, self.as_of - 365 * DAY
        for org, one in sorted(self.partners.items()):
            fields = {name: value for name, value in one.items() if value or name in ("org", "name")} | self.last[org]
            fields |= {("last_in" if one[1] else "last_out"): one[0] // DAY for one in sorted(self.passings[org])}
            for name, kind in (("agreement_until", "partners.agreement"), ("trusted_until", "partners.trust")):
                if (end := self.in_force(kind, org, self.as_of)) is not None:  # what stands open ends never
                    fields[name] = day_of("9999-12-31") if end == math.inf else end // DAY - 1
            fields["key_active"] = any(said[-1][1] for said in self.keys[org].values())
            # it shows itself by the best that came in from it within a year
            found[org] = Unit(org, fields, max([p[3] for p in self.passings[org] if p[1] and p[0] > year] or [0]))
        return found
    def mitigations(self):  # each exposure of an asset that is wholly mitigated is an action of the asset's owner
        found = {}
        for x in (x for exposures in self.exposures.values() for x in exposures if x.key[1] == "asset"):
            weak, asset, key = x.key[0], x.key[3], f"mitigated/{' '.join(x.key[1:])}/{x.key[0]}"
            since = x.said[max((n for n, one in enumerate(x.said) if one[2] == "A"), default=len(x.said)):]
            fixed = [one for one in since if one[2] == "M" and one[4] == 0]
            if fixed and key not in found and all(one[2] != "W" for one in since):  # taken back, it never was
                shown, actor = max(one[5] for one in fixed), x.first if x.first in self.partners else x.team
                found[key] = Unit(key, {"id": key, "title": f"{weak} mitigated on {asset}", "state": "completed",
                                        "entities": [asset], "actor": actor, "vulnerabilities": [weak],
                                        "completed_on": fixed[0][0] // DAY, "evidence": f"E{shown}"}, shown)
        return dict(sorted(found.items()))

# ---- the counting language (decision 0019): a condition becomes a function: true, false, or None where not known
TOKEN = re.compile(r'\s+|#[^\n]*|"(?P<text>[^"\n]*)"|(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![A-Za-z0-9])|'
                   r'(?P<number>[0-9][0-9.]*)|(?P<word>[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)|'
                   r'(?P<sign><=|>=|[(),:<>+*-])|(?P<rubbish>.)')
# Types: text org country level; ("word", options), ("link" or "unit", kind), ("list", type).
ORG = {"org": "org", "country": "country", "kind": ("word", ("csirt", "operator", "vendor", "agency", "other")),
       **dict.fromkeys([*BEHIND, "name"], "text")}
SIGNS = {"<": (-1,), "before": (-1,), "<=": (-1, 0), ">": (1,), "after": (1,), ">=": (0, 1)}
CALCULATED = {"+": operator.add, "-": operator.sub, "*": operator.mul}
HOLDS = {"known": (lambda view, value: value not in (None, [])), "unknown": (lambda view, value: value in (None, [])),
         **{word: (lambda view, org, word=word: stands(view, org, word)) for word in ("home", "foreign", "domestic")}}
HOLDS_ON = {"trusted": (TRUST, lambda view, org, day: bool(view.in_force("partners.trust", text_of(org), day * DAY))),
            "prioritised": (RECORDS, lambda view, entity, day: entity in view.register(day))}
lifted = lambda how, *parts: lambda s: None if None in (found := [part(s) for part in parts]) else how(s, *found)
negated = lambda test: lifted(lambda s, holds: not holds, test)
day_in = lambda part: lambda s: as_day(part(s))
def at_least(n, judged):  # whether so many hold: known as soon as what is not known cannot change it (Kleene)
    found = Counter(judged)
    return True if found[True] >= n else None if found[True] + found[None] >= n else False
def every(judged):  # whether all hold
    return False if False in (found := set(judged)) else None if None in found else True
def order(a, b):  # which comes first, as -1, 0, 1; None where not comparable. A day and an instant of it are equal
    a, b = (value.id if type(value) is Unit else value for value in (a, b))
    if type(a) is not type(b) or type(a) not in (float, Instant, str, bool): a, b = as_day(a), as_day(b)
    return None if a is None or b is None else (a > b) - (a < b)
def same(a, b):  # both are the same, or the one is in the list of the other
    a, b = (a, b) if type(a) is list or type(b) is not list else (b, a)
    if type(a) is list: return None if b is None else any(type(one) is type(b) and one == b for one in a)
    return None if (found := order(a, b)) is None else found == 0
def stands(view, org, relation):  # what an organisation is to the operator; who never said its own country is abroad
    if org is None or relation == "home" or text_of(org) == view.home:
        return None if org is None else (text_of(org) == view.home) == (relation != "foreign")
    country = view.partners.get(text_of(org), {}).get("country")
    return (bool(view.country) and country == view.country) == (relation == "domestic") if country else None

class Program:
    """A counting text, read by recursive descent into functions of a scene (view, period, this, it, entry)."""
    def __init__(self, words, catalogue, numbers):
        found = TOKEN.finditer(words if len(words) <= 4_000 else fail("the text has more than 4,000 characters"))
        self.tokens = [(one.lastgroup, one[one.lastgroup]) for one in found if one.lastgroup]
        self.tokens, self.at, self.catalogue, self.numbers = self.tokens + [("end", "")] * 5, 0, catalogue, numbers
        self.reads, self.entry, self.fans, self.out = set(BASIS), (None, None), None, []
        self.each = self.need("each") and self.next("word")
        self.scopes = [("unit", self.looked_at(self.each))]
        if self.takes("with"):
            name = self.need("each") and self.next("word")
            self.fans, of = self.need("in") and self.path(self.next("word"))
            self.entry = name, of[1]
        self.day = self.path(self.next("word"))[0] if self.takes("during", "period", "by") else None
        self.day or self.need("standing", "at", "period", "end")
        self.where = self.condition() if self.takes("where") else lambda s: True
        while self.takes("leaving", "out"):
            self.out.append(self.condition())
            self.need("because") and self.next("text")
        self.once = self.need("once", "per") and self.series(lambda: self.path(self.next("word"))[0], ",")
        self.weight = self.operand()[0] if self.takes("weighing") else lambda s: 1.0
        self.counting = self.condition() if self.takes("counting") else lambda s: True
        while self.takes("beside"): self.next("word"), self.need(":"), self.condition()
        self.next("end")
    def takes(self, *words):  # goes past these words or signs if they are next
        ahead = [word for kind, word in self.tokens[self.at:self.at + len(words)] if kind in ("word", "sign")]
        self.at += len(words) * (ahead == [*words])
        return ahead == [*words]
    def need(self, *words):  # goes past these words or signs, which must be next
        return self.takes(*words) or self.next(f"`{' '.join(words)}`")
    def next(self, kind):  # goes past a token of this kind, which must be next
        (found, word), self.at = self.tokens[self.at], self.at + 1
        return word if found == kind else fail(f"{word!r} where {kind} is expected")
    def series(self, read, sign):  # one or more, with a sign or word between them
        found = [read()]
        while self.takes(sign): found.append(read())
        return found
    def looked_at(self, kind):  # a kind of unit that is looked at: the figure rests on what lies behind it
        self.reads |= INWARD if kind == "partner" else RECORDS | (EXPOSED if kind == "action" else set())
        return kind if kind == "partner" or self.catalogue[kind] else None
    def path(self, word, wanted=""):  # an option of what it is compared with, a field, also through links, or a number
        of_type = {"country": "[A-Z][A-Z]", "level": "E[0-4]"}.get(wanted, "(?!)")
        if wanted[0:1] == ("word",) and word in wanted[1] or re.fullmatch(of_type, word): return lambda s: word, "text"
        roots = {"this": (2, self.scopes[0]), "it": (3, self.scopes[-1]), self.entry[0]: (4, self.entry[1])}
        names, hops = word.split("."), []
        root, of = roots.get(names[0], (3, self.scopes[-1]))
        for name in names[names[0] in roots:]:
            kind = "partner" if of == "org" else of[1] if of[0] in ("unit", "link") else None
            of = ORG.get(name) if kind == "partner" else self.catalogue.get(kind, {}).get(name, (None, None))[1]
            if of is None: return lambda s, number=self.numbers[word]: number, "text"
            self.reads |= BEHIND.get(name, set()) if kind == "partner" else set()
            hops.append((name, kind))
        def value(s):
            thing = s[root]
            for name, kind in hops:
                unit = thing if type(thing) is Unit else s[0].units(kind).get(text_of(thing))
                if unit is None or (thing := unit.fields.get(name)) is None: return None
            return thing
        return value, of
    def condition(self):  # parts joined by `or`, each of parts joined by `and`
        either = self.series(lambda: self.series(self.test, "and"), "or")
        whole = lambda s: at_least(1, (every(test(s) for test in tests) for tests in either))
        return either[0][0] if len(either) == len(either[0]) == 1 else whole
    def test(self):  # one part of a condition
        if self.takes("not"): return negated(self.test())
        if self.takes("("): return (inner := self.condition(), self.need(")"))[0]
        for word, n in (("some", 1), ("every", "every"), ("no", 0)):
            if self.takes(word): return self.quantity(n)
        if self.takes("at", "least"): return self.quantity(int(self.next("number")))
        left, of = self.operand()
        one = of[1] if of[0] == "list" else of
        if self.takes("is"):
            nots = sum(iter(lambda: self.takes("not"), False))
            test = self.relation(left, one)
            return negated(test) if nots % 2 else test
        if self.takes("has"):
            right = self.operand(one)[0]
            return lambda s: same(values, right(s)) if type(values := left(s)) is list else None
        if self.takes("in", "period"): return lifted(lambda s, day: s[1].first <= day <= s[1].last, day_in(left))
        if self.takes("within"):
            most = int(self.next("number"))
            sign = -1 if (self.takes("days") or self.need("day")) and self.takes("before") else self.need("after")
            return lifted(lambda s, a, b: 0 <= sign * (a - b) <= most, day_in(left), day_in(self.operand()[0]))
        fits, right = SIGNS[self.next(self.tokens[self.at][0])], self.operand(of)[0]
        return lifted(lambda s, found: found in fits, lambda s: order(left(s), right(s)))
    def relation(self, left, of):  # what follows `is`
        if (word := self.tokens[self.at][1]) in HOLDS and self.takes(word): return lambda s: HOLDS[word](s[0], left(s))
        if word in HOLDS_ON and self.takes(word, "on"):
            reads, holds = HOLDS_ON[word]
            self.reads |= reads
            return lifted(lambda s, one, day: holds(s[0], one, day), left, day_in(self.operand()[0]))
        is_one_of = self.takes("one", "of", "(")
        options = self.series(lambda: self.operand(of)[0], ",") if is_one_of else [self.operand(of)[0]]
        is_one_of and self.need(")")
        return lambda s: at_least(1, (same(left(s), right(s)) for right in options))
    def quantity(self, n):  # `some X where (…)`: X is a field of links, a list, or records that name this
        word, test = self.next("word"), lambda s: True
        if self.takes("whose"):
            field, inner = self.next("word"), ("unit", self.looked_at(word))
            self.takes("has", "this") or self.need("is", "this")
            things = lambda s: s[0].naming(word, field).get(text_of(s[3]), ())
        else:
            values, of = self.path(word)
            inner, things = of[1] if of[0] == "list" else of, lambda s: several(values(s))
            if inner[0] == "link":  # what is linked and not there is not looked at
                inner, kind = ("unit", inner[1]), self.looked_at(inner[1])
                things = lambda s: filter(None, map(s[0].units(kind).get, map(text_of, several(values(s)))))
        if self.takes("where", "("):
            self.scopes.append(inner)
            test, _, _ = self.condition(), self.need(")"), self.scopes.pop()
        judged = lambda s: (test((*s[:3], thing, s[4])) for thing in things(s) if spend() is None)
        if n == "every": return lambda s: every(found) if (found := list(judged(s))) else None  # of none none
        return (lambda s: at_least(n, judged(s))) if n else negated(lambda s: at_least(1, judged(s)))
    def operand(self, wanted=""):  # a value, perhaps with + - * after it; of a day, `+ 90 days`
        left, of = self.atom(wanted)
        while (sign := self.tokens[self.at][1]) in CALCULATED and self.takes(sign):
            (_, number), (_, unit) = self.tokens[self.at:self.at + 2]
            how = lambda s, a, b, how=CALCULATED[sign]: how(a, b) if type(a) is type(b) else None
            if sign != "*" and unit in ("days", "day"):
                left, self.at = lifted(how, day_in(left), lambda s, n=int(number): n), self.at + 2
            else:
                left, of = lifted(how, *((lambda s, part=part: value if type(value := part(s)) is float else None)
                                         for part in (left, self.atom()[0]))), "text"
        return left, of
    def atom(self, wanted=""):  # a value as it is written, or what a word stands for
        kind, word = self.tokens[self.at]
        if kind in ("number", "day", "text"):
            value = {"number": float, "day": day_of, "text": str}[kind](self.next(kind))
            return lambda s: value, "text"
        if self.takes("today"): return lambda s: s[0].as_of // DAY, "text"
        if self.takes("period", "start"): return lambda s: s[1].first, "text"
        # of a period that still runs nothing is known after today
        if self.takes("period", "end"): return lambda s: min(s[1].last, s[0].as_of // DAY), "text"
        return (lambda s: word == "yes", "text") if self.takes("yes") or self.takes("no") else self.path(
            self.next("word"), wanted)

# ---- from a definition to a figure; `items`: key, whether it counts, whether it is in the population; `levels`: E1-E4
Figure = namedtuple("Figure", "items levels value numerator denominator", defaults=((None,) * 4, None, None, None))
def period_of(name):  # first and last day of a quarter or a year; the fiscal year FY2026 begins in October 2025
    found = re.fullmatch("(FY)?([0-9]{4})(?:-Q([1-4]))?", name)
    month = int(found[2]) * 12 + 3 * int(found[3] or 1) - 3 - 3 * bool(found[1])
    first, after = (day_of(f"{m // 12:04}-{m % 12 + 1:02}-01") for m in (month, month + (3 if found[3] else 12)))
    return types.SimpleNamespace(first=first, last=after - 1, end=after * DAY - 1, is_year=not found[3])
def judged(program, view, period):  # everything of the kind that belongs to the period, with what holds of it
    for unit in view.units(program.each).values():
        entries = program.fans((view, period, unit, unit, None)) if program.fans else [None]
        for entry in entries if type(entries) is list and (program.each != "partner" or unit.id != view.home) else ():
            s = view, period, unit, unit, entry
            day = as_day(program.day(s)) if program.day else period.first
            if spend() or day is None or not period.first <= day <= period.last: continue
            values = [unit if (value := path(s)) is None else value for path in program.once]  # else it is itself
            is_in = program.where(s) is True and all(out(s) is not True for out in program.out)
            is_in = is_in and type(weight := program.weight(s)) is float  # what weighs nobody knows what counts not
            key = ", ".join("; ".join(sorted(map(text_of, several(value)))) for value in values)
            yield types.SimpleNamespace(key=key, shown=unit.evidence, weight=weight if is_in else 0.0, is_in=is_in,
                                        holds=is_in and program.counting(s) is True)
def counted(program, m, view, period):  # of what is the same by `once per` the best counts, shown as well as any of it
    found, least, shown, best = list(judged(program, view, period)), level(m.get("min_evidence")), Counter(), {}
    for one in found:
        best[one.key] = max(best.get(one.key, one), one, key=lambda one: (one.is_in, one.holds, one.shown))
        shown[one.key] = max(shown[one.key], one.shown * one.is_in)
    for one in found:
        is_best, one.shown = best[one.key] is one, max(one.shown, shown[one.key])
        one.is_in, one.holds = is_best and one.is_in, is_best and one.holds
    total = sum(one.weight for one in found if one.is_in)
    weight = lambda at: sum(one.weight for one in found if one.holds and one.shown >= at)
    value = lambda at: share(weight(at), total) if m["unit"] == "percent" else rounded(weight(at))
    items = [(one.key, one.holds and one.shown >= least, one.is_in) for one in found]
    return Figure(items, [*map(value, (1, 2, 3, 4))], value(least), *(sum(one[n] for one in items) for n in (1, 2)))
def exchanges(m, view, period):  # 1.2.2: partner, topic and week in which something passed, with its best evidence
    found = Counter()
    for org, (valid, _, topic, evidence) in ((org, one) for org, passed in view.passings.items() for one in passed):
        if period.first <= valid // DAY <= period.last:
            key = org, topic, "{:04}-W{:02}".format(*date_of(valid // DAY).isocalendar())
            found[key] = max(found[key], evidence)
    abroad = {key for key in found if view.is_abroad(key[0])}
    items = [(", ".join(key), key in abroad, key in abroad) for key in found]
    return Figure(items, [sum(found[key] >= at for key in abroad) for at in (1, 2, 3, 4)], len(abroad), len(abroad))
def trusted_teams(m, view, period):  # 2.1.1: trust by a person, an agreement, a key, something each way within a year
    at, best = min(period.end, view.as_of), {}
    for team in view.teams:
        year = [p for p in view.passings[team] if at - 365 * DAY < p[0] <= at]
        keys = [[is_active for known, is_active in said if known <= at][-1:] for said in view.keys[team].values()]
        holds = all(view.in_force(kind, team, at) is not None for kind in ("partners.trust", "partners.agreement"))
        if holds and [True] in keys and {inward for _, inward, *_ in year} == {True, False}:
            best[team] = max(evidence for _, inward, _, evidence in year if inward)
    levels = [sum(shown >= at for shown in best.values()) for at in (1, 2, 3, 4)]
    return Figure([(team, team in best, True) for team in view.teams], levels, levels[0], levels[0], len(view.teams))
def combined_risk(m, view, period):  # 2.1.2: meetings whose exposures carry less 90 days later, and less than others
    def affected(x, at, least):  # what an exposure carries at an instant
        last = [one for one in x.said if spend() or one[0] <= at and (one[2] != "M" or one[5] >= least)][-1:]
        return x.weight * (last[0][3] + last[0][4]) / 2 if last and last[0][2] in "AM" else None
    def left(is_inside, least):  # what was open on the day carried then, and carries after, if it was real
        both = [(affected(x, at, 0), affected(x, after, least)) for x in linked if (x.team in partners) == is_inside]
        return [sum(one[n] for one in both if one[0] and one[1] is not None) for n in (0, 1)]
    def is_lowered(least):
        (before, now), (outside, still) = left(True, least), left(False, least)
        return before > now and now / before < (still / outside if outside > 0 else 1.0)
    items, levels, least = [], Counter(), level(m.get("min_evidence"))
    for unit in view.units("engagement").values():
        day = as_day(unit.fields.get("held_on"))
        if unit.fields["state"] != "held" or day is None or not period.first <= day <= period.last: continue
        partners, weak = (set(map(text_of, several(unit.fields.get(of)))) for of in ("partners", "vulnerabilities"))
        linked = [x for one in sorted(weak) for x in view.exposures.get(one, ())]
        at, after = (day + 1) * DAY - 1, (day + 91) * DAY - 1
        is_old = after <= min(view.as_of, view.known_as_of)
        items.append((unit.id, is_old and is_lowered(least), is_old))
        levels.update(n for n in range(5) if is_old and is_lowered(n))
    old = sum(is_old for *_, is_old in items)
    return Figure(items, [share(levels[n], old) for n in (1, 2, 3, 4)], share(levels[least], old), levels[least], old)
def open_at(x, point, least):
    """At least and at most so many are open at a place in the order of statements; nothing where nothing counted is
    known. What makes it open counts always, what closes it or makes it less only where it is shown well enough."""
    now = None
    for _, _, state, low, high, shown in (one for one in x.said if spend() or one[:2] <= point):
        if state == "A" and (shown >= least or now is None or low > now[0] or high > now[1]): now = low, high
        elif state == "M" and shown >= least: now = now and (low, high)
        elif state == "W": now = None
    return now
def lowest(parts):  # the least weighted mean of (done, least weight, most weight): the worst parts weigh most
    total, weight = sum(done * least for done, least, _ in parts), sum(least for _, least, _ in parts)
    best = [total / weight]
    for done, least, most in sorted(parts):
        total, weight = total + done * (most - least), weight + most - least
        best.append(total / weight)
    return min(best)
def pair_of(view, team, weak, advised):  # a team and its exposures open when it was advised, or the first after
    is_real = lambda x: [one[2] for one in x.said if one[2] in "AW"][-1:] != ["W"]
    real = [x for x in view.exposures.get(weak, ()) if spend() is None and x.team == team and is_real(x)]
    opened = lambda point: [(x, now) for x in real if (now := open_at(x, point, 2)) and now[1] > 0]
    later = [one[:2] for x in real for one in x.said if one[2] == "A" and one[4] > 0 and one[:2] > advised]
    set_at = advised if opened(advised) or not later else min(later)
    attack = min((by for by, teams in view.attacks.get(weak, ()) if team in teams), default=math.inf)
    return types.SimpleNamespace(team=team, set_at=set_at, cohort=opened(set_at), attack=attack)
def since(pair, theta, least):  # since when, before the attack, the mitigated share has reached theta unbroken
    left = [open_at(x, pair.set_at, least) or was for x, was in pair.cohort]
    weights = [[max(x.weight, 1.0) * max(n, 1) for n in was] for x, was in pair.cohort]
    said, reached = grouped((one[:2], n) for n, (x, _) in enumerate(pair.cohort) for one in x.said), None
    for point in sorted(point for point in said if point > pair.set_at and point[0] < pair.attack):
        for n in said[point]: left[n] = open_at(pair.cohort[n][0], point, least) or pair.cohort[n][1]
        done = lowest([(1 - (min(now[1] / max(was[0], 1), 1.0) if now[1] > 0 else 0.0), *weight)
                       for (_, was), now, weight in zip(pair.cohort, left, weights) if spend() is None])
        reached = (point[0] if reached is None else reached) if done + 1e-9 >= theta else None
    return reached
def mitigated_before_attack(m, view, period):  # 2.1.3: partners with enough pairs mitigated before an attack
    half, quiet, theta = m.get("half", 0.5), m.get("quiet_days", 180) * DAY, m.get("theta", 0.8)
    def is_success(pair, least):
        at = since(pair, theta, least)
        return at is not None and (pair.attack < math.inf or at + quiet <= min(view.as_of, view.known_as_of))
    def enough(least):  # the teams with enough successful pairs
        teams = grouped((pair.team, is_success(pair, least)) for pair in sure)
        return [team for team, won in teams.items() if sum(won) + 1e-9 >= half * len(won)]
    pairs = [pair_of(view, *key, advised) for key, advised in sorted(view.advised.items())
             if period.first <= advised[0] // DAY <= period.last]
    first, until = period.first * DAY, min(period.end, view.as_of)  # trusted at some time of the period
    begins = lambda team: [first] + [one[0] for one in view.spans["partners.trust", team] if one[0] > first]
    trusted = {team for team in view.teams for at in begins(team)
               if at <= until and view.in_force("partners.trust", team, at) is not None}
    sure = [pair for pair in pairs if pair.team in trusted and pair.cohort]
    main, teams = enough(level(m.get("min_evidence", "E2"))), {pair.team for pair in sure}
    items = [(team, team in main, team in teams) for team in trusted | {pair.team for pair in pairs}]
    return Figure(items, [len(enough(n)) for n in (1, 2, 3, 4)], len(main), len(main), len(teams))
# Each model, and the kinds of content behind it.
MODELS = {"exchanges": (exchanges, INWARD | OUTWARD), "combined-risk": (combined_risk, EXPOSED | RECORDS),
          "trusted-teams": (trusted_teams, TRUST | AGREED | {"partners.key"} | INWARD | OUTWARD),
          "mitigated-before-attack": (mitigated_before_attack, TRUST | {"exchange.object"} | EXPOSED)}

# ---- the bundle, its packs, its claim and the comparison
ONE = {"choices": "choice", "orgs": "org", "countries": "country", "people": "person", "links": "link",
       "entities": "entity", "vulnerabilities": "text"}
HEADER = re.compile("mainstay1 ([!-~]+) (?:0|[1-9][0-9]{0,4}) ([!-~]+) (0|[1-9][0-9]{0,17}) (0|-?[1-9][0-9]{0,17}) "
                    "(-|0|-?[1-9][0-9]{0,17}) (?:-|[0-9a-f]{32})")
def definition(record):  # of each field of a kind how it is stored and what it is in the counting language
    found = {name: ("", ("list", "text")) for name in ("tags", "recorded_by", "attested_by")} | {
        "id": ("", "text"), "marking": ("", "text"), "evidence": ("", "level"), "confirmed_by": ("", ("list", "org")),
        "state": ("", ("word", tuple(state["name"] for state in record.get("state", ()))))}
    for field in record.get("field", ()):
        kind = ONE.get(field["type"], field["type"])
        of = {"choice": ("word", tuple(field.get("options", ()))), "link": ("link", field.get("to")), "org": "org",
              "country": "country"}.get(kind, "text")
        found[field["name"]] = kind, ("list", of) if field["type"] in ONE else of
    return found
def lines(path):  # each line of a plain or gzip file as JSON
    with open(path, "rb") as raw:
        file, number, size = gzip.open(raw) if raw.peek(2)[:2] == b"\x1f\x8b" else raw, 0, 0
        while line := file.readline(LINE_MAX + 1):
            number, size = number + 1, size + len(line)
            try: yield unjson(line if len(line) <= LINE_MAX and size <= BYTES_MAX else b"")
            except Exception as e: raise NoBundle(f"line {number} is no JSON, or too long: {e}") from None
def is_same(a, b):  # equal, numbers within a billionth of their size
    if type(a) in (int, float) and type(b) in (int, float): return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    if type(a) is not type(b) or type(a) is not dict: return type(a) is type(b) and a == b
    return a.keys() == b.keys() and all(is_same(a[name], b[name]) for name in a)

class Bundle:
    """One pass over the file builds the tree, holds contents against it, keeps what is needed; then come figures."""
    def __init__(self, path, key, older):
        self.proofs, self.remarks, self.faults, self.counts, self.first, self.catalogue = [], [], [], Counter(), {}, {}
        self.events, self.unseen, self.known, self.claim, self.views = [], [], array.array("q"), None, {}
        rows, peaks, roots, which, self.moved = lines(path), [], [], "the checkpoint", 0
        try:
            head = next(rows)
            self.hub, self.size, self.frozen, given = head["hub"], head["size"], head["frozen"], head["key"].strip()
            self.name, self.public = read_key(key or given)
            if head["bundle"] != "mainstay-bundle-1" or not 0 <= int(self.frozen) < int(self.size) <= ENTRIES_MAX:
                raise ValueError("it does not say mainstay-bundle-1, or its sizes are none")
        except Exception as e: raise NoBundle(f"line 1 or the key is wrong: {type(e).__name__} {e}") from None
        self.remarks += [f"the key is the one that the file names; --key {given} pins it"] * (key is None)
        self.fault("key", f"the bundle of hub {self.hub} names {given}: not the key you gave, or another hub's", None,
                   given != (key or given).strip() or self.name != f"mainstay/{self.hub}")
        for which, note in [(which, head.get("checkpoint"))] + [("the older checkpoint", older)] * (older is not None):
            try:
                roots.append((*read_note(note, self.name, self.public), which))
                if not 0 < roots[-1][0] <= self.size or which == "the checkpoint" and roots[-1][0] != self.size:
                    raise ValueError(f"it is of {roots[-1][0]:,} entries, the bundle has {self.size:,}")
            except Exception as e: self.fault("checkpoint", f"{which} is worth nothing: {e}")
        for at in range(self.size):
            if at == self.frozen: self.frozen_root = tobase64(root_of(peaks))
            if (row := next(rows, None)) is None: return self.fault("size", f"only {at} of {self.size} entries", at)
            grow(peaks, at + 1, self.entry(at, row))
            for _, root, which in (one for one in roots if one[0] == at + 1):
                self.proofs += [f"the first {at + 1:,} entries give the root of {which}"] * (root == root_of(peaks))
                self.fault("tree", f"the first {at + 1:,} entries do not give the root of the tree in {which}", None,
                           root != root_of(peaks))
        self.fault("size", "lines follow the last entry that was promised", None, next(rows, None) is not None)
    def fault(self, rule, what, entry=None, is_so=True):  # something wrong, by the entry where it stands and its rule
        if is_so and len(self.faults) < FAULTS_MAX:
            self.faults.append(f"{'bundle' if entry is None else f'entry {entry}'}: {what} [{rule}]")
    def entry(self, at, row):  # the leaf of [header, commitment] and [salt, payload], [null, rule] or nothing
        try:
            (header, leaf), (salt, payload) = row[:2], row[2:] or (None, None)
            found, leaf, content = HEADER.fullmatch(header), unbase64(leaf), unbase64("" if salt is None else payload)
            # a salt of another length could take in the beginning of a payload, under the same commitment
            is_held = salt is not None and len(salt := unbase64(salt)) == 32 and sha256(salt, content) == leaf
        except Exception as e: raise NoBundle(f"line {at + 2} is no entry: {e}") from None
        kind, hub, index, known, valid = found.groups() if found else ("?", "?", at, 0, "-")
        known, moved, why = int(known), int(index) - at, "not read" if kind not in GIVEN else "omitted"
        why = "given" if salt is not None else str(payload) if len(row) == 4 else why
        self.fault("payload", "the payload is not what was committed", at, why == "given" and not is_held)
        self.fault("header", "the header has not the form of one", at, not found)
        is_moved = found and (hub, moved) != (self.hub, self.moved)  # after a gap all are moved: said once
        self.fault("order", f"the header is of entry {index} of hub {hub}", at, is_moved)
        self.fault("time", "known time runs backwards", at, found and at and known < self.known[-1])
        self.fault("omitted", f"the content of {kind} is neither given nor withheld by a rule", at, why == "omitted")
        self.moved = moved
        self.known.append(known)
        self.first.setdefault(kind, at)
        self.counts[why if why in ("given", "purged", "not read") else "withheld"] += 1
        self.unseen += [(at, kind)] * (kind in GIVEN and not is_held)
        try:  # a content is the length of its meta, the meta, and the bytes as received
            if is_held and kind in GIVEN and at <= self.frozen and (kind == "assure.frozen") == (at == self.frozen):
                meta = unjson(content[4:(body := 4 + int.from_bytes(content[:4], "big"))])
                self.first.setdefault(f"assure.{meta['record']}" if kind == "assure.record" else kind, at)
                self.claim = meta if at == self.frozen else None
                valid = known if valid == "-" else min(int(valid), known)
                self.events.append((at, known, valid, kind, meta, content[body:]))
        except Exception as e: self.fault("content", f"the content of {kind} cannot be read: {e}", at)
        return sha256(b"\0", header.encode(), leaf)
    def packs(self):  # the plans and definitions that stand; every pack is held against its signature
        standing = {}
        for at, _, _, _, m, body in (event for event in self.events if event[3] == "ledger.pack"):
            try:
                spend(1_000_000 + len(body))
                files, signer = unjson(body), unbase64(m["key"])
                parts = [part.encode() for name in sorted(files) for part in (name, files[name])]
                words = f"mainstay pack\n{m['kind']}\n{m['name']}\n{m['version']}\n{m['digest']}\n".encode()
                if tobase64(sha256(*(len(part).to_bytes(8, "big") + part for part in parts))) != m["digest"]:
                    raise ValueError("its files are not those that were signed")
                if not is_signed(signer, words, unbase64(m["signature"])): fail("its signature does not hold")
                self.remarks += [f"pack {m['name']} (entry {at}) is signed by {m['key']}"] * (signer != self.public)
                toml = [files[path] + "\n" for path in sorted(files) if path.endswith(".toml") and path != "pack.toml"]
                standing[m["kind"], m["name"]] = tomllib.loads("".join(toml) * (m["kind"] in ("plan", "records")))
            except Exception as e: self.fault("pack", f"the pack is worth nothing: {type(e).__name__} {e}", at)
        return sorted(standing.items(), key=lambda item: (item[0][0] == "plan", item[0]))
    def review(self):  # what the claim is held against: the measures, and the events that were known by its date
        claim = self.claim
        self.as_of, self.known_as_of = instant_of(claim["as_of"]), instant_of(claim["known_as_of"])
        self.period, self.seed = period_of(claim["period"]), claim["seed"] + "\n" + self.frozen_root
        self.claimed = {one["id"]: one for one in claim["figures"]}
        if None in (self.as_of, self.known_as_of) or not len(self.claimed) == len(claim["figures"]) <= 10_000:
            raise ValueError("a time is none, a figure stands twice, or there are too many")
        self.cut = min(self.frozen, bisect.bisect_right(self.known, self.known_as_of))
        self.events, packs = [event for event in self.events if event[0] < self.cut], self.packs()
        for record in (record for _, pack in packs for record in pack.get("record", ())):
            self.catalogue.setdefault(record["kind"], definition(record))  # the first definition stands
        genesis, aside = (now := self.view(self.as_of)).genesis, now.aside
        self.fault("key", "the first entry does not name this hub and this key", 0,
                   (genesis.get("hub"), genesis.get("public_key")) != (self.hub, tobase64(self.public)))
        self.remarks += ["EXERCISE: this store is one; no figure of it counts"] * bool(genesis.get("exercise"))
        self.remarks += [f"{len(aside):,} contents have not the form of their kind: {aside[:3]}"] * bool(aside)
        plans = [pack for (kind, _), pack in packs if kind == "plan"]
        return [m for pack in plans for what in ("measure", "indicator") for m in pack.get(what, ())]
    def view(self, as_of):  # the world as of an instant
        if as_of not in self.views:
            if len(self.views) == VIEWS_MAX: raise ValueError(f"the baselines ask for more than {VIEWS_MAX} periods")
            self.views[as_of] = View(self.events, as_of, self.known_as_of, self.catalogue)
        return self.views[as_of]
    def recomputed(self, m):  # one figure as it should be claimed, the keys that count, the kinds of content behind it
        numbers = {name: float(m[name]) for name in ("threshold", "theta", "half") if name in m}
        program = Program(m["count"], self.catalogue, numbers) if "count" in m else None
        model, reads = MODELS.get(m.get("model"), (lambda m, view, period: Figure([]), set()))
        needs = m.get("needs") or [f"assure.{program.each}"] * (program is not None and program.each != "partner")
        def at(period):
            now = self.view(self.as_of if not program or program.day else min(self.as_of, period.end))
            found = counted(program, m, now, period) if program else model(m, now, period)
            return Figure(found.items) if any(self.first.get(kind, self.cut) >= self.cut for kind in needs) else found
        found, base, then = at(self.period), m.get("baseline", {}).get("period"), None
        keys = {wanted: sorted(key for key, counts, _ in found.items if counts == wanted) for wanted in (True, False)}
        digest = lambda keys: tobase64(sha256(*(key.encode() + b"\n" for key in keys)))
        if base and not (self.period.is_year and "-Q" in base):  # where nothing was looked at there is no value
            old = at(period_of(base))
            then = {"period": base, "value": old.value if any(one[2] for one in old.items) else None}
        figure = {"definition_version": m.get("definition_version", 0), "value": found.value, "baseline": then,
                  "numerator": found.numerator, "denominator": found.denominator, "counted": digest(keys[True]),
                  "not_counted": digest(keys[False]), "evidence": dict(zip(("E1", "E2", "E3", "E4"), found.levels))}
        return figure, keys[True], BASIS | reads | (program.reads if program else set())
    def compare(self):  # every figure: what was claimed, what comes out, what differs or could not be seen, the sample
        try: measures, figures = self.review(), []
        except Exception as e: return self.fault("claim", f"unreadable: {type(e).__name__} {e}", self.frozen) or []
        ids = [m.get("id") for m in measures]
        for m in measures + [{"id": name} for name in self.claimed if name not in ids]:
            said, found, keys, reads = self.claimed.get(m["id"]), {}, [], GIVEN
            try:
                if said is None: raise ValueError("no such figure is claimed")
                if m["id"] not in ids: raise ValueError("no plan pack has this figure")
                found, keys, reads = self.recomputed(m)
                base = said.get("baseline")
                said = said | {"baseline": base and {name: base.get(name) for name in ("period", "value")}}
                differs = [f"{name}: {json.dumps(said.get(name))} claimed, {json.dumps(found[name])} recomputed"
                           for name in found if not is_same(said.get(name), found[name])]
            except Exception as e: differs = [f"it cannot be confirmed: {type(e).__name__} {e}"]
            unseen = sum(at < self.cut and kind in reads for at, kind in self.unseen)
            verdict = f"not confirmed: {unseen} withheld or purged" if unseen else "DIFFERENT" if differs else "same"
            keys.sort(key=lambda key: sha256(f"{self.seed}\n{m['id']}\n{key}".encode()))
            figures.append({"id": m["id"], "claimed": said and said.get("value"), "recomputed": found.get("value"),
                            "verdict": verdict, "unseen": unseen, "differs": differs, "sample": keys[:5]})
            for what in differs if not unseen else (): self.fault("figure", f"{m['id']}: {what}", self.frozen)
        return figures

def main():  # reads the arguments, prints what was found, and returns the exit status
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="the file, plain or gzip")
    parser.add_argument("--key", help="the hub's key as you hold it: NAME+ID+BASE64")
    parser.add_argument("--checkpoint", help="a file with an older signed head that you hold: the log grew out of it")
    parser.add_argument("--sample", action="store_true", help="print of each figure what was drawn to be inspected")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    said = parser.parse_args()
    csv.field_size_limit(LINE_MAX)
    # a name in a bundle must not steer the terminal
    plain = lambda words: "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(words))[:500]
    try:
        older = open(said.checkpoint, encoding="utf-8").read(1 << 17) if said.checkpoint else None
        figures = (bundle := Bundle(said.bundle, said.key, older)).compare()
    except Exception as e:
        print(f"not verified: {plain(e) or type(e).__name__}", file=sys.stderr)
        return 2
    claim = bundle.claim if type(bundle.claim) is dict else {}
    code = 1 if bundle.faults or not figures else 3 if any(one["unseen"] for one in figures) else 0
    result = {0: "all proofs hold and every figure is the same", 1: f"NOT CONFIRMED: {len(bundle.faults)} faults",
              3: "nothing differs, but not everything could be confirmed"}[code]
    head = {"hub": bundle.hub, "frozen in entry": bundle.frozen} | {
        name: claim.get(name) for name in ("review", "period", "as_of", "known_as_of", "by")}
    if said.json:
        print(json.dumps({"result": result, "exit": code, **head, "entries": bundle.counts, "proofs": bundle.proofs,
                          "remarks": bundle.remarks, "faults": bundle.faults, "figures": figures}, indent=1))
        return code
    print(*(plain(f"{name}: {value}") for name, value in head.items()), sep=", ")
    print("entries:", ", ".join(f"{bundle.counts[why]:,} {why}" for why in ("given", "not read", "withheld", "purged")))
    print(*(plain(f"{what}: {one}") for what in ("proof", "remark") for one in vars(bundle)[what + "s"]), "", sep="\n")
    for one in figures:
        values = [json.dumps(one[name]).rjust(11) for name in ("claimed", "recomputed")]
        print(plain(f"{one['id']:16} {' '.join(values)}  {one['verdict']}"))
        print(*(plain("    " + key) + "\n" for key in one["sample"] if said.sample), sep="", end="")
    print("", *(plain(f"fault: {one}") for one in bundle.faults), f"result: {result}", sep="\n")
    return code

if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
