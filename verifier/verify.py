#!/usr/bin/env python3
"""Checks the figures that a Mainstay hub froze for a period, without the hub, its database or its program: verify.py BUNDLE

The bundle holds every entry of the hub's log (header, commitment), the content of all that a figure rests on, and the signed head
of the log; nothing in it is believed because it says so. Proofs: each content belongs to its commitment; all entries together
give the root that the hub signed (pin its key with --key); an older head (--checkpoint) is a beginning of this log; packs are
signed. Figures: every measure of every plan pack is computed from the events, with an evaluator of the counting language
(decision 0019) and of the four models, and compared with the entry `assure.frozen`: definition, value, numerator, denominator,
value at E1 to E4, baseline, digests of the keys of what counted and what did not. Not checked: what stands beside a figure,
sentences, the claim's own sample; what the hub refuses when it loads a pack, as types in a counting text. Exit status: 0 all the
same and proven; 1 something differs or a proof fails; 2 the file is no bundle; 3 nothing differs, but something could not be
confirmed, being withheld or purged."""
import argparse, array, base64, bisect, csv, decimal, gzip, hashlib, io, itertools, json, math, operator, re, sys, tomllib, types
from collections import Counter, defaultdict, namedtuple
from datetime import date, datetime, timedelta, timezone
from functools import cache, reduce

LINE_MAX, BYTES_MAX, STEPS_MAX, VIEWS_MAX, FAULTS_MAX, ALL = 64 << 20, 16 << 30, 10**8, 20, 100, range(5)  # ALL: E0 to E4
# The kinds whose content is given, or withheld by a rule, by what lies behind a figure; BEHIND: behind a word of a counting text.
BASIS, RECORDS = {"ledger.genesis", "ledger.pack", "partners.org", "partners.merged"}, {"assure.record", "assure.backed"}
INWARD = {"exchange.object", "exchange.document", "expose.inventory", "expose.answer", "act.answered"}
OUTWARD, TRUST, AGREED, KEY = {"act.sent", "act.bounced"}, {"partners.trust"}, {"partners.agreement"}, {"partners.key"}
EXPOSED = OUTWARD | {"expose.changed", "expose.inventory", "exchange.document", "act.answered", "act.closed"}
SEEN = {"contact_verified": {"act.contact"}, "inventory_on": {"expose.inventory"}, "last_in": INWARD, "last_out": OUTWARD,
        "agreement_until": AGREED, "trusted_until": TRUST, "key_active": KEY}  # what the hub knows of a partner by itself
BEHIND, STEPS = SEEN | {"trusted": TRUST, "prioritised": RECORDS}, Counter()
GIVEN = {"assure.frozen"}.union(BASIS, RECORDS, EXPOSED, *SEEN.values())
def fail(why): raise ValueError(why)
def spend(n=1):  # bounds the work a bundle may ask for: it must not keep the reader's machine busy for ever
    STEPS["all"] += n
    return STEPS["all"] <= STEPS_MAX or fail(f"more than {STEPS_MAX:,} steps are needed")
def grouped(pairs):  # each key with its values, in their order
    found = defaultdict(list)
    for key, value in pairs: found[key].append(value)
    return found

# ---- texts, numbers, times: an instant is so many microseconds since 1970, a day so many days
DAY, EPOCH = 86_400_000_000, datetime(1970, 1, 1, tzinfo=timezone.utc)
DECODER = json.JSONDecoder(parse_constant=int)  # NaN and Infinity are no numbers: int refuses them
Unit = namedtuple("Unit", "id fields evidence")  # what can be counted: a record, an organisation, what the hub saw
Instant = type("Instant", (int,), {})  # among values an instant; a plain int is a day, a float a number
TEXTS = {str: str, bool: lambda v: "yes" if v else "no", list: lambda v: "; ".join(map(text_of, v)), Unit: lambda v: v.id,
         float: lambda v: re.sub(r"\.0$", "", format(decimal.Decimal(repr(v)), "f")),
         int: lambda v: date_of(min(v, day_of("9999-12-30"))).isoformat(),  # there the hub's calendar ends
         Instant: lambda v: f"{EPOCH + timedelta(microseconds=v):%Y-%m-%dT%H:%M:%S.%fZ}"}
text_of = lambda value: TEXTS[type(value)](value)  # as it stands in a key
several = lambda value: value if type(value) is list else [] if value is None else [value]
texts_of = lambda value: [text_of(one) for one in several(value)]
as_day = lambda value: value if type(value) is int else value // DAY if type(value) is Instant else None
date_of = lambda day: date.fromordinal(day + EPOCH.toordinal())
share = lambda n, of: rounded(rounded(n / of * 1000, 0) / 10) if of > 0 else None  # in percent, to one digit
level = lambda evidence: int(evidence[1]) if evidence in ("E0", "E1", "E2", "E3", "E4") else 0
sha256 = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
tobase64, unjson = (lambda raw: base64.b64encode(raw).decode()), (lambda raw: DECODER.decode(raw.decode()))
def unbase64(text):  # one text for each value: bits that would change nothing are refused too
    return raw if tobase64(raw := base64.b64decode(text, validate=True)) == text else fail("base64 that is not as it would be")
@cache
def day_of(text):  # YYYY-MM-DD as a number; nothing for anything else
    try: return (date.fromisoformat(text) - EPOCH.date()).days if re.fullmatch("[0-9]{4}(-[0-9]{2}){2}", text) else None
    except Exception: return None
def instant_of(text):  # RFC 3339 or a day; digits beyond microseconds are cut, a leap second is the second before it
    if day_of(text) is not None: return day_of(text) * DAY
    try: at = datetime.fromisoformat(re.sub(r"\[[^]]*\]$", "", text[:100].upper()).replace(":60", ":59"))
    except Exception: return None
    return Instant((at - EPOCH) // timedelta(0, 0, 1)) if at.tzinfo else None
def rounded(x, digits=4):  # half away from zero, whole numbers without a point
    value = float(decimal.Decimal(x * 10.0 ** digits).to_integral_value(decimal.ROUND_HALF_UP)) / 10 ** digits
    return int(value) if value == int(value) else value

# ---- Ed25519 (RFC 8032), signed notes (c2sp.org/signed-note), the tree of RFC 6962
P, L = 2 ** 255 - 19, 2 ** 252 + 27742317777372353535851937790883648493
D, I, BASE = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P), (4 * pow(5, -1, P) % P).to_bytes(32, "little")
NOTE = re.compile("(([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n(?:[^\n]+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n){1,100})")
times = lambda n, p: add(times(n >> 1, add(p, p)), p if n & 1 else (0, 1)) if n else (0, 1)  # p added so many times
key_id = lambda name, raw: sha256(name.encode(), b"\n", raw)[:4]
root_of = lambda peaks: reduce(lambda right, left: sha256(b"\x01", left, right), reversed(peaks))  # over all
def add(p, q):  # the sum of two points of the curve
    (a, b), (c, d), t = p, q, D * p[0] * p[1] * q[0] * q[1]
    return (a * d + b * c) * pow(1 + t, -1, P) % P, (b * d + a * c) * pow(1 - t, -1, P) % P
def point(raw):  # the point that 32 bytes stand for (RFC 8032, 5.1.3)
    y = int.from_bytes(raw, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    fits = [x for x in (root, -root % P, root * I % P, -root * I % P) if x * x % P == square and x & 1 == raw[31] >> 7]
    return (fits[0], y) if fits and y < P and len(raw) == 32 else fail("a key is no point")
def is_signed(public, message, signature):  # whether this key made the signature over the message
    s, r = int.from_bytes(signature[32:], "little"), hashlib.sha512(signature[:32] + public + message).digest()
    x, y = add(times(s % L, point(BASE)), times(L - int.from_bytes(r, "little") % L, point(public)))
    return len(signature) == 64 and s < L and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]
def read_key(text):  # name and bytes of a key as it is handed out: NAME+ID+BASE64, where the id must be the key's own
    name, number, rest = text.strip().split("+", 2)
    is_own = key_id(name, raw := unbase64(rest)).hex() == number and len(raw) == 33 and raw[0] == 1
    return (name, raw[1:]) if is_own else fail("its id is not the key's")
def read_note(note, name, public):  # size and root that a note says, if the key signed it
    found = NOTE.fullmatch(note[:1 << 16]) or fail("it is no signed note")
    made = [unbase64(line.split(" ")[2]) for line in found[5].splitlines() if line.split(" ")[1] == name == found[2]]
    mine = [raw[4:] for raw in made if raw[:4] == key_id(name, b"\x01" + public)]
    is_so = mine and all(is_signed(public, found[1].encode(), signature) for signature in mine)
    return (int(found[3]), unbase64(found[4])) if is_so else fail(f"{name} is not signed by its key, or another log's")
def grow(peaks, size, leaf):  # adds a leaf, the size-th, to a tree: the roots of its perfect subtrees, largest first
    for _ in range((size & -size).bit_length() - 1): leaf = sha256(b"\x01", peaks.pop(), leaf)
    peaks.append(leaf)

# ---- what the entries say
def fields_digest(fields):  # H over a record's fields as the hub writes them: what a confirmation means
    plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    one = lambda value: re.sub(r"^(-?)([0-9])(?:\.([0-9]+))?e-05$", r"\g<1>0.0000\2\3", plain(value))
    return tobase64(sha256(b"{", ",".join(f"{one(name)}:{one(fields[name])}" for name in sorted(fields)).encode(), b"}"))
def typed(kind, value):  # a stored value as it is compared: days and instants are no texts
    if type(value) is list: return [typed(kind, one) for one in value]
    found = day_of(value) if kind == "day" else instant_of(value) if kind == "instant" and day_of(value) is None else None
    return value if found is None else found

class View:
    """The world as it was at `as_of`; whose charge something is in, and what says nothing new, rests on all known."""
    def __init__(self, events, as_of, known_as_of, catalogue):
        self.as_of, self.known_as_of, self.catalogue, self.home, self.country = as_of, known_as_of, catalogue, "", ""
        self.genesis, self.orgs, self.names, self.rows, self.came, self.assets, self.documents = ({} for _ in range(7))
        (self.named, self.sightings, self.bounced, self.lines, self.advised, self.merged), self.aside = ({} for _ in range(6)), []
        self.spans, self.passings, self.attacks, self.exposures, self.backings, self.claims = (grouped(()) for _ in range(6))
        (self.keys, self.versions, self.last), self.sent = (defaultdict(lambda: grouped(())) for _ in range(3)), []
        for event in sorted(events, key=lambda event: event[3] != "partners.merged"):  # first who is who, whatever `as_of`
            try: self.take(*event)
            except Exception: self.aside.append(event[0])
        self.settle()
    def take(self, at, known, valid, kind, m, body):  # folds what one event says
        is_now, day, shown, weak = known <= self.as_of, known // DAY, m.get("evidence"), sorted({*m.get("vulnerabilities", ())})
        topic = {"exchange.document": m.get("form"), "exchange.object": m.get("type"), "expose.inventory": "inventory"}.get(kind)
        def receive(org, topic, shown): self.came.setdefault((org, topic, day, level(shown)), known)  # of a day the first counts
        if topic: receive(m["source"], topic, "E1")
        match kind:
            case "ledger.genesis": self.genesis, self.home, self.country = m, m["home"], m.get("country") or ""
            case "partners.org":
                one = {"org": m["key"], "name": m["name"], "kind": m.get("kind") or "", "country": m.get("country") or ""}
                self.names[m["name"].lower()], self.orgs[m["key"]] = m["key"], one
                stands, is_own = self.who(m["key"]), not self.merged.get(m["key"])
                if is_now: self.rows[is_own, stands] = one | {"org": stands}
            case "partners.merged": self.merged[m["org"]] = m.get("into")
            case "partners.trust" | "partners.agreement":  # from a day to the end of another
                end = math.inf if m.get("to") is None else (day_of(m["to"]) + 1) * DAY
                self.spans[kind, self.who(m["org"])].append((day_of(m["from"]) * DAY, end))
            case "partners.key" if is_now: self.keys[self.who(m["org"])][m["key"]].append((known, m["state"] == "active"))
            case "act.contact" if is_now: self.last[self.who(m["org"])]["contact_verified"].append(day_of(m.get("verified")))
            case "exchange.document" if topic in ("csaf", "cve"): self.documents[at] = m["source"]
            case "exchange.object": self.name(topic, m["id"], body)
            case "expose.inventory":  # the hub writes only rows that it accepted; of an asset the first stands
                head, *rows = filter(None, csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
                names = [name.strip().lower() for name in head]
                rows = [dict(zip(names, map(str.strip, row))) for row in rows[::-1] if len(row) == len(head)]
                for asset, one in {one["asset"]: one for one in rows if one["asset"]}.items():
                    self.assets[m["source"], asset] = sum(name.strip() != "" for name in one.get("functions", "").split(";"))
                    if is_now: self.last[self.who(one.get("owner"))]["inventory_on"].append(day)
            case "expose.answer": receive(m["org"], "inventory", "E2")  # signed, and so with an artefact
            case "expose.changed": [self.change(at, valid, self.documents.get(m["cause"]), m["owner"], c) for c in m["changes"]]
            case "act.sent": self.sent += [(at, valid, one, m) for one in weak]
            case "act.bounced": self.bounced[m.get("message_id", "")] = valid
            case "act.answered" | "act.closed":
                is_answer, claim = kind == "act.answered", (m.get("country"), (valid, at, "M", 0, 0, level(shown)))
                for one in weak if is_answer and shown != "E0" else ():  # E0: our own note
                    receive(m.get("claimant") or m["addressee"], one, shown)
                is_done = m.get("answer") in ("fixed", "mitigated", "not-affected") if is_answer else level(shown) >= 2
                for one in weak if is_done else (): self.claims[one, m["party"]].append(claim)
            case "assure.record":
                fields = {name: float(value) if type(value) is int else value for name, value in m["fields"].items()}
                self.versions[m["record"]][m["id"]].append((known, valid <= self.as_of, m, fields))
            case "assure.backed": self.backings[m["record"], m["id"]].append(m)  # it counts from when it is known
    def name(self, kind, key, body):  # what a STIX object names: a place, a weakness; of a sighting the last version
        it = unjson(body) if kind in ("identity", "location", "vulnerability", "sighting") else {}
        refs = it.get("external_references", []) if kind == "vulnerability" else []
        cve = next((one.get("external_id") for one in refs if (one.get("source_name") or "").lower() == "cve"), None)
        name = it.get("country", "").upper() if kind == "location" else cve or it.get("name")
        seen = [at for of in ("first_seen", "last_seen", "created") if (at := instant_of(it.get(of))) is not None]  # by then
        if kind == "sighting" and type(of := it.get("sighting_of_ref")) is str and seen:
            self.sightings[key] = of, seen[0], [*map(str, it.get("where_sighted_refs", ()))], it.get("revoked", False)
        elif kind != "sighting" and name and type(name) is str: self.named[key] = kind, name
    def change(self, at, valid, author, owner, c):  # of a subject: A affected, M mitigated, U not known, W never real
        if c.get("threat", "vulnerability") not in (None, "vulnerability") or c.get("seen_until") is not None: return
        status, is_asset, holder, count = c.get("status"), c["level"] == "asset", c.get("holder", ""), c.get("count")
        key, (low, high) = (c["vulnerability"], c["level"], c["source"], c["subject"]), count or (1, 1)
        x = self.lines.setdefault(key, types.SimpleNamespace(key=key, country="", weight=0.0, said=[], state=None, first=owner))
        x.owner, x.holder, x.country, high = owner, holder, c.get("country") or x.country, 10**9 if high is None else high
        # a document of the owner or holder is its own word; that of anybody else corrects what was said before
        taken_back = author is not None and (author == "local" or author not in (owner, holder)) or (
            status is None and not is_asset and c.get("reason") == "withdrawn")
        if status == "affected":  # it weighs what it did when first affected: one, and one for each national function
            x.weight = x.weight or 1.0 + (self.assets.get((c["source"], c["subject"]), 0) if is_asset else 0)
        partly = count and not is_asset and high > 0 and x.weight  # none counted as affected: so many not known
        state = ("A", low, high) if status == "affected" else ("M", 0, high) if partly else ("U", 0, 0)
        if status in ("fixed", "not_affected", None): state = ("W", 0, 0) if taken_back else ("M", 0, 0, status)
        if state != x.state: x.said.append((valid, at, *state[:3], 2))  # said again the same, it is no new statement
        x.state = state
    def settle(self):  # what can be said only when all is known: who is whose constituency, and what follows from that
        self.names.update((key.lower(), key) for key in sorted(self.orgs))  # a key stands over a name that is the same
        self.local = grouped((one["country"], key) for key, one in sorted(self.orgs.items()) if one["kind"] == "csirt")
        self.partners = {key: row for (_, key), row in sorted(self.rows.items(), key=lambda item: item[0])}  # its own row stands
        self.teams = sorted(org for org, one in self.partners.items() if one["kind"] == "csirt" and self.is_abroad(org))
        for (org, topic, _, shown), known in self.came.items():
            if known <= self.as_of and org in self.orgs: self.passings[self.who(org)].append((known, True, topic, shown))
        for at, valid, weak, m in (one for one in self.sent if one[1] <= self.as_of):  # team, weakness: first advice
            bounced, to = self.bounced.get(m.get("message_id", ""), math.inf), m["addressee"]
            if bounced == math.inf and to in self.orgs: self.passings[self.who(to)].append((valid, False, weak, 0))
            for team in map(self.who, self.charge((to, m["party"]), m.get("country")) if bounced > self.as_of else ()):
                self.advised[team, weak] = min((valid, at), self.advised.get((team, weak), (math.inf, 0)))
        for of, by, places, is_revoked in self.sightings.values():
            kind, weak = self.named.get(of, ("", ""))
            if kind == "vulnerability" and not is_revoked and by <= self.as_of:
                self.attacks[weak].append((by, {self.who(team) for place in places for team in self.place(place)}))
        known = {weak for _, _, weak, _ in self.sent}  # what nobody was advised of is in no figure
        for (weak, of, *_), x in sorted(one for one in self.lines.items() if one[0][0] in known):  # in the order of the exposed
            party = x.holder if of in ("constituency", "sector") and x.holder else x.owner
            claims = [one for country, one in self.claims[weak, party] if spend() and (not country or x.country in ("", country))]
            x.said = sorted((one for one in x.said + claims if one[0] <= self.as_of), key=lambda one: one[:2])
            body = x.holder if self.orgs.get(x.holder, {}).get("kind") == "csirt" else x.owner
            teams = dict.fromkeys(map(self.who, self.charge((body, party), x.country) if x.said else ()))  # each once
            self.exposures[weak] += [types.SimpleNamespace(team=team, **vars(x)) for team in teams]
    @cache
    def who(self, org): return reduce(lambda key, _: spend() and self.merged.get(key) or key, self.merged, org)  # its body's key
    def is_abroad(self, org): return org in self.partners and (not self.country or self.partners[org]["country"] != self.country)
    def charge(self, bodies, country):  # the teams in whose charge it is: a body that is one, or those of the country
        known = [self.orgs[body] for body in bodies if body in self.orgs]
        found = self.local.get(country or next((one["country"] for one in known if one["country"]), "-"), [])
        return [one["org"] for one in known if one["kind"] == "csirt"][:1] or (spend(len(found)) and found)
    def place(self, key):  # the teams in whose charge a place of a sighting lies
        kind, value = self.named.get(key, ("", ""))
        org = self.names.get(value.lower()) if kind == "identity" else None
        return self.local.get(value, ()) if kind == "location" else self.charge((org,), "") if org else ()
    def in_force(self, kind, org, at):  # until when it is so at an instant: of spans that have begun, the last said
        begun = [end for begin, end in self.spans.get((kind, org), ()) if spend() and begin <= at]
        return begun[-1] if begun and at < begun[-1] else None
    @cache
    def register(self, day):  # what was prioritised on a day, as that was known at the day's end
        end, on = min((day + 1) * DAY - 1, self.known_as_of), set()
        for known in ([one for one in versions if spend() and one[0] <= end] for versions in self.versions["priority"].values()):
            fields = known[-1][3] if known and known[-1][2].get("void") is None else {}
            begin, last = day_of(fields.get("from")), day_of(fields.get("until"))
            if begin is not None and begin <= day and (last is None or day <= last): on.update(texts_of(fields.get("entity")))
        return on
    @cache
    def units(self, kind):  # all of a kind by id: records, organisations, among actions what was mitigated
        if kind == "partner": return {org: self.organisation(org) for org in sorted(self.partners)}
        found = {key: self.record(kind, key, versions) for key, versions in sorted(self.versions[kind].items())}
        return {key: unit for key, unit in found.items() if unit} | (self.mitigations() if kind == "action" else {})
    @cache
    def naming(self, kind, field):  # what a field of a kind names → the units that name it
        return grouped((one, unit) for unit in self.units(kind).values() for one in texts_of(unit.fields.get(field)))
    def record(self, kind, key, versions):  # as it stood: the later statement speaks, but not of what was to come
        stood = [one[2:] for one in versions if one[1] and one[2].get("void") is None]
        if versions[-1][2].get("void") is not None or not stood: return None  # what turned out a mistake never was
        (m, fields), backings, stored = stood[-1], self.backings.get((kind, key), ()), self.catalogue.get(kind, {})
        said = fields_digest(fields) if backings else ""  # a word speaks only of what the fields said then
        by = lambda means, who: sorted({b[who] for b in backings if b["means"] == means and b["fields"] == said})
        shown = max([level(b["evidence"]) for b in backings if b["means"] == "evidence" or b["fields"] == said] or [0])
        values = {name: typed(stored.get(name, [""])[0], value) for name, value in fields.items()} | {
            "id": key, "state": m["state"], "tags": sorted(set(m.get("tags", ()))), "marking": m["marking"],
            "evidence": f"E{shown}", "confirmed_by": by("confirmed", "org"), "attested_by": by("attested", "by"),
            "recorded_by": sorted({one[2]["by"] for one in versions})}
        for name in stored if any(map(self.merged.get, m.get("orgs", ()))) else ():  # two keys of one body
            if stored[name][1] == "partner" and (value := values.get(name)) is not None:
                values[name] = [*dict.fromkeys(map(self.who, value))] if type(value) is list else self.who(value)
        return Unit(key, values, shown)
    def organisation(self, org):  # what the hub knows of it by itself
        fields = {name: value for name, value in self.partners[org].items() if value or name in ("org", "name")}
        last = [(name, on) for name, days in self.last[org].items() for on in days if on is not None]
        last += [(("last_out", "last_in")[is_in], at // DAY) for at, is_in, *_ in self.passings[org]]
        fields |= {name: max(days) for name, days in grouped(last).items()}
        for name, kind in (("agreement_until", "partners.agreement"), ("trusted_until", "partners.trust")):
            if (end := self.in_force(kind, org, self.as_of)) is not None:  # what stands open ends never
                fields[name] = day_of("9999-12-31") if end == math.inf else end // DAY - 1
        fields["key_active"] = any(said[-1][1] for said in self.keys[org].values())
        year = [p for p in self.passings[org] if p[0] > self.as_of - 365 * DAY]  # it shows itself by the best that came in
        return Unit(org, fields, max([p[3] for p in year if p[1]] or [0]))
    def mitigations(self):  # each exposure of an asset that is wholly mitigated is an action of the asset's owner
        found = {}
        for x in (x for exposures in self.exposures.values() for x in exposures if x.key[1] == "asset"):
            weak, asset, key = x.key[0], x.key[3], f"mitigated/{' '.join(x.key[1:])}/{x.key[0]}"
            since = x.said[max((n for n, one in enumerate(x.said) if one[2] == "A"), default=len(x.said)):]
            fixed = [one for one in since if one[2] == "M" and one[4] == 0]
            if fixed and key not in found and all(one[2] != "W" for one in since):  # taken back, it never was
                shown, actor = max(one[5] for one in fixed), first if (first := self.who(x.first)) in self.partners else x.team
                found[key] = Unit(key, {"id": key, "title": f"{weak} mitigated on {asset}", "state": "completed", "actor": actor,
                                        "entities": [asset], "vulnerabilities": [weak], "completed_on": fixed[0][0] // DAY,
                                        "evidence": f"E{shown}"}, shown)
        return dict(sorted(found.items()))

# ---- the counting language (decision 0019), its forms in tables. A text becomes functions of a scene (view, period, this, it,
# entry); a condition is true, false, or None where it is not known (Kleene)
TOKEN = re.compile(r'\s+|#[^\n]*|("[^"\n]*"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?![A-Za-z0-9])|[0-9]+\s+days?\b|[0-9][0-9.]*|'
                   r'[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|<=|>=|.)')
WRITTEN = {'"(.*)"': str, "([0-9]{4}-[0-9-]{5})": day_of, r"([0-9]+)\s+days?": int, "([0-9][0-9.]*)": float,
           "(yes|no)": "yes".__eq__, "([A-Z]{2}|E[0-4])": str}
SIGNS = {"<": (-1,), "before": (-1,), "<=": (-1, 0), ">": (1,), "after": (1,), ">=": (0, 1)}
any_of, all_of = (lambda found: at_least(1, found)), (lambda found: at_least(len(found), found))
opposite = lambda s, holds: None if holds is None else not holds
negated, constant = (lambda how: lambda s, *values: opposite(s, how(s, *values))), (lambda value: lambda s: value)
applied = lambda how, *parts: lambda s: how(s, *[part(s) for part in parts])
lifted = lambda how: lambda s, *values: None if None in values else how(s, *values)
of_days = lambda how: lambda s, *values: lifted(how)(s, *map(as_day, values))
ordered = lambda *fits: lambda s, a, b: None if (found := order(a, b)) is None else found in fits
of_both = lambda how: lambda s, a, b: how(a, b) if type(a) is type(b) is float else of_days(lambda s, *both: how(*both))(s, a, b)
def at_least(n, judged):  # whether so many hold, known as soon as what is not known cannot change it: the n-th best
    return n == 0 or n <= len(found := sorted(judged, key=(False, None, True).index)) and found[-n]
def order(a, b):  # which comes first, as -1, 0, 1; None where not comparable. A day and an instant of it are equal
    a, b = (value.id if type(value) is Unit else value for value in (a, b))
    if type(a) is not type(b) or type(a) not in (float, Instant, str, bool): a, b = as_day(a), as_day(b)
    return None if a is None or b is None else (a > b) - (a < b)
def same(s, a, b):  # both are the same, or the one is in the list of the other
    a, b = (a, b) if type(a) is list or type(b) is not list else (b, a)
    if type(a) is not list: return ordered(0)(s, a, b)
    return None if b is None else any(type(one) is type(b) and one == b for one in a)
def domestic(s, org):  # whether it is of the operator's country; who never said its own has all others abroad
    country = s[0].partners.get(text_of(org), {}).get("country")
    return text_of(org) == s[0].home or (bool(s[0].country) and country == s[0].country if country else None)
# In a form stand: P a field, C a condition, T a test, Q things and what holds of each, V a value, L values, D a day,
# S `before` or `after`, W a word; all else are the words and signs themselves.
CLAUSES = {"during period by": "P", "standing at period end": "", "where": "C", "leaving out": "C because V",
           "once per": "P", ",": "P", "weighing": "V", "counting": "C", "beside": "W : C"}
TESTS = {"not": ("T", opposite), "(": ("C )", lambda s, holds: holds),
         "some": ("Q", lambda s, found: any_of(found)), "no": ("Q", lambda s, found: opposite(s, any_of(found))),
         "every": ("Q", lambda s, found: all_of(found) if found else None),  # of none nothing is said
         "at least": ("V Q", lambda s, n, found: at_least(int(n), found))}
RELATIONS = {
    "is known": ("", lambda s, a: a not in (None, [])), "is unknown": ("", lambda s, a: a in (None, [])),
    "is home": ("", lifted(lambda s, a: text_of(a) == s[0].home)),
    "is domestic": ("", lifted(domestic)), "is foreign": ("", lifted(negated(domestic))),
    "is trusted on": ("D", lifted(lambda s, a, day: s[0].in_force("partners.trust", text_of(a), day * DAY) is not None)),
    "is prioritised on": ("D", lifted(lambda s, a, day: a in s[0].register(day))),
    "is one of": ("( L )", lambda s, a, others: any_of([same(s, a, b) for b in others])),
    "is": ("V", same), "has": ("V", lambda s, a, b: same(s, a, b) if type(a) is list else None),
    "in period": ("", of_days(lambda s, day: s[1].first <= day <= s[1].last)),
    "within": ("V S V", of_days(lambda s, a, most, sign, b: 0 <= sign * (a - b) <= most)),
    **{sign: ("V", ordered(*fits)) for sign, fits in SIGNS.items()}}
RELATIONS |= {f"is not{words[2:]}": (form, negated(how)) for words, (form, how) in RELATIONS.items() if words[:2] == "is"}
RELATIONS = dict(sorted(RELATIONS.items(), reverse=True))  # what is longer is looked for first
VALUES = {"today": lambda s: s[0].as_of // DAY, "period start": lambda s: s[1].first,
          "period end": lambda s: min(s[1].last, s[0].as_of // DAY)}  # while it runs nothing is known after today
CALCULATED = {"+": of_both(operator.add), "-": of_both(operator.sub), "*": of_both(operator.mul)}  # numbers, or a day and days

class Program:
    """A counting text, read by its forms; `leads`: to which kind what was read last leads, and its options."""
    def __init__(self, text, catalogue, numbers):
        self.tokens = [one[1] for one in TOKEN.finditer(text if len(text) <= 4_000 else "") if one[1]] + [""]
        self.at, self.catalogue, self.numbers, self.fans, self.said = 0, catalogue, numbers, None, {word: [] for word in CLAUSES}
        self.slots = {
            "P": lambda: self.path(self.next()), "W": self.next, "V": self.value, "T": self.test, "Q": self.things,
            "C": lambda: self.series("or", lambda: self.series("and", self.test, all_of), any_of),
            "L": lambda: self.series(",", self.value, list), "D": lambda: applied(lambda s, day: as_day(day), self.value()),
            "S": lambda: constant(SIGNS[self.next("before|after")][0])}
        self.each, = self.next("each") and self.read("W")
        self.roots, self.kinds = {root: (at, (self.each, ())) for root, at in (("this", 2), ("it", 3))}, {self.each}
        if self.takes("with each"):  # one unit is made for each entry of a list
            name, self.fans, self.roots[name] = *self.read("W in P"), (4, self.leads)
        for words, form in CLAUSES.items():
            while self.takes(words): self.said[words].append(self.read(form))
        by, stock = self.next("") or self.said["during period by"], self.said["standing at period end"]
        self.day = by[0][0] if by else stock[0] and None
        behind = {"partner": INWARD, "action": EXPOSED | RECORDS}
        words = [one for word in self.tokens for one in word.split(".") if one in BEHIND]
        self.reads = BASIS.union(*(behind.get(kind, RECORDS) for kind in self.kinds), *(BEHIND[word] for word in words))
    def takes(self, words):  # goes past these words or signs if they are next
        are_next = self.tokens[self.at:self.at + len(words.split())] == words.split()
        self.at += len(words.split()) * are_next
        return are_next
    def next(self, form="[A-Za-z].*"):  # goes past a token of this form, which must be next
        word, self.at = self.tokens[self.at], self.at + 1
        return word if re.fullmatch(form, word) else fail(f"{word!r} where {form} is expected")
    def read(self, form):  # what stands in the places of a form
        return [self.slots[part]() for part in form.split() if part in self.slots or not self.next(re.escape(part))]
    def form(self, forms, *left):  # by the first form of a table that stands here, after what stands to the left of it
        return next((applied(how, *left, *self.read(form)) for words, (form, how) in forms.items() if self.takes(words)), None)
    def series(self, sign, read, how):  # one or more with a sign or word between, and what is made of them
        parts = [read()]
        while self.takes(sign): parts.append(read())
        return parts[0] if len(parts) == 1 and how is not list else lambda s: how([part(s) for part in parts])
    def test(self):  # one part of a condition
        self.leads = None, ()
        return self.form(TESTS) or self.form(RELATIONS, self.value()) or self.next("a relation")
    def things(self):  # `some X where (...)`: X is a field of links, a list, or records that name this
        word, test, outer = self.next(), constant(True), self.roots["it"]
        if self.takes("whose"):
            field, _ = self.next(), self.takes("has this") or self.read("is this")
            self.leads = word if field in self.catalogue[word] else fail(f"{word} has no {field}"), ()
            self.kinds.add(word)
            found = lambda s: s[0].naming(word, field).get(text_of(s[3]), ())
        else:
            values, (kind, _) = self.path(word), self.leads
            found = lambda s: several(values(s))
            if kind not in (None, "partner"):  # what is linked and not there is not looked at
                self.kinds.add(kind)
                found = lambda s: filter(None, map(s[0].units(kind).get, texts_of(values(s))))
        if self.takes("where"):
            self.roots["it"] = 3, self.leads
            test, self.roots["it"] = *self.read("( C )"), outer
        return lambda s: [test((*s[:3], thing, s[4])) for thing in found(s) if spend()]
    def value(self):  # a value, perhaps with + - * after it
        left = self.atom()
        while self.tokens[self.at] in CALCULATED: left = applied(CALCULATED[self.next(".")], left, self.atom())
        return left
    def atom(self):  # a value as it is written, an option of what it is compared with, or a field
        word = self.next(".+")
        if word == "period": word += " " + self.next()
        written = [constant(read(found[1])) for form, read in WRITTEN.items() if (found := re.fullmatch(form, word))]
        if written or word in self.leads[1]: return written[0] if written else constant(word)
        return VALUES[word] if word in VALUES else self.path(word)
    def path(self, word):  # a field, also through links, or a number of the definition
        root, *rest = names = word.split(".")
        (at, self.leads), hops = self.roots.get(root, self.roots["it"]), []
        for name in rest if root in self.roots else names:
            if name not in self.catalogue.get(self.leads[0], ()): return constant(float(self.numbers[word]))
            hops.append((name, self.leads[0]))
            self.leads = self.catalogue[self.leads[0]][name][1:]
        def value(s):
            thing = s[at]
            for name, kind in hops:
                unit = thing if type(thing) is Unit else s[0].units(kind).get(text_of(thing))
                if unit is None or (thing := unit.fields.get(name)) is None: return None
            return thing
        return value

# ---- from a definition to a figure. An item: its key, its weight, whether it is in the population, whether it counts at E0 to E4
Figure = namedtuple("Figure", "items levels value numerator denominator", defaults=((None,) * 4, None, None, None))
def figure_of(items, least, is_share=False):  # what counts at the least evidence, and at each level
    total, marks = sum(weight for _, weight, is_in, _ in items if is_in), [(key, at[least], is_in) for key, _, is_in, at in items]
    sums = (sum(weight for _, weight, _, at in items if at[n]) for n in ALL)
    values = [share(n, total) if is_share else rounded(n) for n in sums]
    return Figure(marks, values[1:], values[least], sum(one[1] for one in marks), sum(one[2] for one in marks))
def period_of(name):  # first and last day of a quarter or a year; the fiscal year FY2026 begins in October 2025
    found = re.fullmatch("(FY)?([0-9]{4})(?:-Q([1-4]))?", name)
    month = int(found[2]) * 12 + 3 * int(found[3] or 1) - 3 - 3 * bool(found[1])
    first, after = (day_of(f"{m // 12:04}-{m % 12 + 1:02}-01") for m in (month, month + (3 if found[3] else 12)))
    return types.SimpleNamespace(first=first, last=after - 1, end=after * DAY - 1, is_year=not found[3])
def counted(program, m, view, period):  # all of the kind that belongs to the period, and what holds of it
    all_hold, found = (lambda s, clause: all(test(s) is True for test, in program.said[clause])), []
    for unit in view.units(program.each).values():
        entries = program.fans((view, period, unit, unit, None)) if program.fans else [None]
        for entry in entries if type(entries) is list and (program.each != "partner" or unit.id != view.home) else ():
            s = view, period, unit, unit, entry
            day = as_day(program.day(s)) if program.day else period.first
            if not spend() or day is None or not period.first <= day <= period.last: continue
            values = [path(s) for path, in program.said["once per"] + program.said[","]]  # without a value it is one by itself
            key = ", ".join("; ".join(sorted(texts_of(unit if value is None else value))) for value in values)
            is_in = all_hold(s, "where") and all(out(s) is not True for out, _ in program.said["leaving out"])
            weight = ([weight(s) for weight, in program.said["weighing"] if is_in] + [1.0])[0]
            is_in = is_in and type(weight) is float  # what weighs nobody knows what counts not
            holds = is_in and all_hold(s, "counting")
            found.append(types.SimpleNamespace(key=key, shown=unit.evidence, weight=weight, is_in=is_in, holds=holds))
    doubles = grouped((one.key, one) for one in found)  # of what is the same the best counts, shown as well as any of it
    best = {key: max(ones, key=lambda one: (one.is_in, one.holds, one.shown)) for key, ones in doubles.items()}
    shown = {key: max(best[key].shown, *(one.shown * one.is_in for one in ones)) for key, ones in doubles.items()}
    items = [(one.key, one.weight, one.is_in and best[one.key] is one,
              [one.holds and best[one.key] is one and shown[one.key] >= n for n in ALL]) for one in found]
    return figure_of(items, level(m.get("min_evidence")), m["unit"] == "percent")
def exchanges(m, view, period):  # 1.2.2: partner, topic and week in which something passed, with its best evidence
    passed = ((org, *one) for org, some in view.passings.items() for one in some if period.first <= one[0] // DAY <= period.last)
    found = grouped(((org, topic, "{:04}-W{:02}".format(*date_of(valid // DAY).isocalendar())), shown)
                    for org, valid, _, topic, shown in passed)
    items = [(", ".join(key), 1, is_in := view.is_abroad(key[0]), [is_in and max(found[key]) >= n for n in ALL]) for key in found]
    return figure_of(items, 0)._replace(denominator=None)
def trusted_teams(m, view, period):  # 2.1.1: trust by a person, an agreement, a key, something each way within a year
    at, items = min(period.end, view.as_of), []
    for team in view.teams:
        year = [p for p in view.passings[team] if at - 365 * DAY < p[0] <= at]
        keys = [[is_active for known, is_active in said if known <= at][-1:] for said in view.keys[team].values()]
        holds = all(view.in_force(kind, team, at) is not None for kind in ("partners.trust", "partners.agreement"))
        holds = holds and [True] in keys and {inward for _, inward, *_ in year} == {True, False}
        items.append((team, 1, True, [holds and max(p[3] for p in year if p[1]) >= n for n in ALL]))
    return figure_of(items, 0)._replace(value=(n := sum(at[1] for *_, at in items)), numerator=n)  # what shows itself at E1
def combined_risk(m, view, period):  # 2.1.2: meetings whose exposures carry less 90 days later, and less than others
    def affected(x, at, least):  # what an exposure carries at an instant
        last = [one for one in x.said if spend() and one[0] <= at and (one[2] != "M" or one[5] >= least)][-1:]
        return x.weight * (last[0][3] + last[0][4]) / 2 if last and last[0][2] in "AM" else None
    def left(linked, at, least):  # what was open on the day carried then, and carries after, if it was real
        both = [(affected(x, at, 0), affected(x, at + 90 * DAY, least)) for x in linked]
        return [sum(one[n] for one in both if one[0] and one[1] is not None) for n in (0, 1)]
    items = []
    for unit in view.units("engagement").values():
        day = as_day(unit.fields.get("held_on"))
        if unit.fields["state"] != "held" or day is None or not period.first <= day <= period.last: continue
        partners, weak = (set(texts_of(unit.fields.get(of))) for of in ("partners", "vulnerabilities"))
        linked = grouped((x.team in partners, x) for one in sorted(weak) for x in view.exposures.get(one, ()))
        at, is_lowered = (day + 1) * DAY - 1, [False] * 5
        is_old = at + 90 * DAY <= min(view.as_of, view.known_as_of)
        for n in ALL if is_old else ():
            (before, now), (outside, still) = left(linked[True], at, n), left(linked[False], at, n)
            is_lowered[n] = before > now and now / before < (still / outside if outside > 0 else 1.0)
        items.append((unit.id, 1, is_old, is_lowered))
    return figure_of(items, level(m.get("min_evidence")), True)
def open_at(x, point, least):  # at least and at most so many are open at a place in the order of statements, if that is known
    now = None  # what opens counts always, what closes it or makes it less only where it is shown well enough
    for _, _, state, low, high, shown in (one for one in x.said if spend() and one[:2] <= point):
        if state == "A" and (shown >= least or now is None or low > now[0] or high > now[1]): now = low, high
        elif state == "M" and shown >= least: now = now and (low, high)
        elif state == "W": now = None
    return now
def lowest(parts):  # the least weighted mean of (done, least weight, most weight): the worst parts weigh most
    more, parts = [(done, most - least) for done, least, most in sorted(parts)], [(done, least) for done, least, _ in parts]
    totals = itertools.accumulate((done * weight for done, weight in more), initial=sum(done * weight for done, weight in parts))
    return min(map(operator.truediv, totals, itertools.accumulate((n for _, n in more), initial=sum(n for _, n in parts))))
def pair_of(view, team, weak, advised):  # a team and its exposures open when it was advised, or the first after; the attack
    real = [x for x in view.exposures.get(weak, ()) if spend() and x.team == team]
    real = [x for x in real if [one[2] for one in x.said if one[2] in "AW"][-1:] != ["W"]]
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
                       for (_, was), now, weight in zip(pair.cohort, left, weights) if spend()])
        reached = (point[0] if reached is None else reached) if done + 1e-9 >= theta else None
    return reached
def mitigated_before_attack(m, view, period):  # 2.1.3: partners with enough pairs mitigated before an attack
    def is_success(pair, least):  # mitigated before the attack, or long enough ago where there is none
        at, still = since(pair, m.get("theta", 0.8), least), min(view.as_of, view.known_as_of) - m.get("quiet_days", 180) * DAY
        return at is not None and (pair.attack < math.inf or at <= still)
    def enough(least):  # the teams with enough successful pairs
        teams = grouped((pair.team, is_success(pair, least)) for pair in sure)
        return {team for team, won in teams.items() if sum(won) + 1e-9 >= m.get("half", 0.5) * len(won)}
    first, until = period.first * DAY, min(period.end, view.as_of)  # trusted at some time of the period
    begins = lambda team: [at for at in (first, *(one[0] for one in view.spans["partners.trust", team])) if first <= at <= until]
    trusted = {team for team in view.teams if any(view.in_force("partners.trust", team, at) is not None for at in begins(team))}
    pairs = [pair_of(view, *key, advised) for key, advised in sorted(view.advised.items())
             if period.first <= advised[0] // DAY <= period.last]
    sure = [pair for pair in pairs if pair.team in trusted and pair.cohort]
    won, teams = [enough(n) for n in ALL], {pair.team for pair in sure}
    items = [(team, 1, team in teams, [team in won[n] for n in ALL]) for team in trusted | {pair.team for pair in pairs}]
    return figure_of(items, level(m.get("min_evidence", "E2")))
MODELS = {"exchanges": (exchanges, INWARD | OUTWARD), "combined-risk": (combined_risk, EXPOSED | RECORDS),  # and what they read
          "trusted-teams": (trusted_teams, TRUST | AGREED | KEY | INWARD | OUTWARD),
          "mitigated-before-attack": (mitigated_before_attack, TRUST | EXPOSED | {"exchange.object"})}
# ---- the bundle, its packs, its claim and the comparison
PARTNER = dict.fromkeys([*SEEN, "name", "country"], ("", None, ())) | {
    "org": ("", "partner", ()), "kind": ("", None, ("csirt", "operator", "vendor", "agency", "other"))}
HEADER = re.compile("mainstay1 ([!-~]+) [0-9]{1,5} ([!-~]+) ([0-9]{1,18}) (-?[0-9]{1,18}) (-|-?[0-9]{1,18}) (?:-|[0-9a-f]{32})")
def definition(record):  # of each field of a kind how it is stored, to which kind it leads, its options
    of = lambda kind, field: (kind, {"org": "partner", "link": field.get("to")}.get(kind), field.get("options", ()))
    return dict.fromkeys(("id", "marking", "evidence", "tags", "recorded_by", "attested_by"), ("", None, ())) | {
        "confirmed_by": ("", "partner", ()), "state": ("", None, [state["name"] for state in record.get("state", ())]),
        **{field["name"]: of(field["type"].removesuffix("s"), field) for field in record.get("field", ())}}  # one of a list
def lines(path):  # each line of a plain or gzip file as JSON
    with open(path, "rb") as raw:
        file = gzip.open(raw) if raw.peek(2)[:2] == b"\x1f\x8b" else raw
        while line := file.readline(LINE_MAX + 1):
            STEPS.update(lines=1, bytes=len(line))
            yield unjson(line) if len(line) <= LINE_MAX and STEPS["bytes"] <= BYTES_MAX else fail("it is too long")

class Bundle:
    """One pass over the file builds the tree, holds contents against it, keeps what is needed; then come figures."""
    def __init__(self, path, key, older):
        self.said, self.faults, self.figures, self.events, self.unseen, peaks, notes = ([] for _ in range(7))
        self.known, self.moved, self.counts, self.first, self.claim = array.array("q"), 0, Counter(), {}, {}
        self.catalogue, head = {"partner": PARTNER}, next(rows := lines(path))
        self.hub, self.size, self.frozen, given = head["hub"], head["size"], head["frozen"], head["key"].strip()
        self.name, self.public = read_key(key or given)
        if head["bundle"] != "mainstay-bundle-1" or not 0 <= int(self.frozen) < int(self.size) <= 5 * 10**7:
            fail("it does not say mainstay-bundle-1, or its sizes are none")
        self.said += [f"remark: the key is the one that the file names; --key {given} pins it"] * (key is None)
        self.fault(given != (key or given).strip() or self.name != f"mainstay/{self.hub}", "key",
                   f"the bundle of hub {self.hub} names {given}: not the key you gave, or another hub's")
        for which, note in [("checkpoint", head.get("checkpoint"))] + [("older checkpoint", older)] * (older is not None):
            try:
                size, root = read_note(note, self.name, self.public)
                fits = size == self.size or which != "checkpoint" and 0 < size < self.size
                notes.append((size, root, which) if fits else fail(f"it is of {size:,} entries, the bundle of {self.size:,}"))
            except Exception as e: self.fault(True, "checkpoint", f"the {which} is worth nothing: {e}")
        for at in range(self.size):
            if at == self.frozen: self.frozen_root = tobase64(root_of(peaks))
            if (row := next(rows, None)) is None: return self.fault(True, "size", f"only {at} of {self.size} entries", at)
            grow(peaks, at + 1, self.entry(at, row))
            for _, root, which in (note for note in notes if note[0] == at + 1):
                self.said += [f"proof: the first {at + 1:,} entries give the root of the {which}"] * (root == root_of(peaks))
                self.fault(root != root_of(peaks), "tree", f"the first {at + 1:,} entries do not give the root of the {which}")
        self.fault(next(rows, None) is not None, "size", "lines follow the last entry that was promised")
    def fault(self, is_so, rule, what, entry=None):  # something wrong, by the entry where it stands and its rule
        where = "bundle" if entry is None else f"entry {entry}"
        self.faults += [f"fault: {where}: {what} [{rule}]"] * bool(is_so and len(self.faults) < FAULTS_MAX)
    def entry(self, at, row):  # the leaf of [header, commitment] and [salt, payload], [null, rule] or nothing
        (header, leaf), (salt, payload) = row[:2], row[2:] or (None, None)
        found, leaf, content = HEADER.fullmatch(header), unbase64(leaf), unbase64("" if salt is None else payload)
        # a salt of another length could take in the beginning of a payload, under the same commitment
        is_held = salt is not None and len(salt := unbase64(salt)) == 32 and sha256(salt, content) == leaf
        kind, hub, index, known, valid = found.groups() if found else ("?", "?", at, 0, "-")
        was, self.moved, known = self.moved, int(index) - at, int(known)
        why = "given" if salt is not None else "omitted" if kind in GIVEN else "not read"
        why = ("purged" if payload == "purged" else "withheld") if len(row) == 4 and salt is None else why
        self.fault(why == "given" and not is_held, "payload", "the payload is not what was committed", at)
        self.fault(why == "omitted", "omitted", f"the content of {kind} is neither given nor withheld by a rule", at)
        is_moved = (hub, self.moved) != (self.hub, was)  # after a gap all are moved: said once
        self.fault(is_moved, "order", f"the header is of entry {index} of hub {hub}", at)
        self.fault(found and at and known < self.known[-1], "time", "known time runs backwards", at)
        self.known.append(known)
        self.first.setdefault(kind, at)
        self.counts[why] += 1
        self.unseen += [(at, kind)] * (kind in GIVEN and not is_held)
        try:  # a content is the length of its meta, the meta, and the bytes as received
            if is_held and kind in GIVEN and at <= self.frozen and (kind == "assure.frozen") == (at == self.frozen):
                meta = unjson(content[4:(body := 4 + int.from_bytes(content[:4], "big"))])
                self.first.setdefault(f"assure.{meta['record']}" if kind == "assure.record" else kind, at)
                self.claim = meta if at == self.frozen and type(meta) is dict else {}
                self.events.append((at, known, known if valid == "-" else min(int(valid), known), kind, meta, content[body:]))
        except Exception as e: self.fault(True, "content", f"the content of {kind} cannot be read: {e}", at)
        return sha256(b"\0", header.encode(), leaf)
    def packs(self):  # the plans and definitions that stand; every pack is held against its signature
        standing = {}
        for at, _, _, _, m, body in (event for event in self.events if event[3] == "ledger.pack"):
            try:
                spend(1_000_000 + len(body))
                files, signer = unjson(body), unbase64(m["key"])
                parts = [part.encode() for name in sorted(files) for part in (name, files[name])]
                digest = tobase64(sha256(*(len(part).to_bytes(8, "big") + part for part in parts)))
                words = f"mainstay pack\n{m['kind']}\n{m['name']}\n{m['version']}\n{digest}\n".encode()
                if not is_signed(signer, words, unbase64(m["signature"])): fail("its files are not those that its key signed")
                self.said += [f"remark: pack {m['name']} (entry {at}) is signed by {m['key']}"] * (signer != self.public)
                toml = [files[path] + "\n" for path in sorted(files) if path.endswith(".toml") and path != "pack.toml"]
                standing[m["kind"], m["name"]] = tomllib.loads("".join(toml) * (m["kind"] in ("plan", "records")))
            except Exception as e: self.fault(True, "pack", f"the pack is worth nothing: {type(e).__name__} {e}", at)
        return sorted(standing.items(), key=lambda item: (item[0][0] == "plan", item[0]))
    def review(self):  # what the claim is held against: the measures, and the events that were known by its date
        self.as_of, self.known_as_of = instant_of(self.claim["as_of"]), instant_of(self.claim["known_as_of"])
        self.period, self.claimed = period_of(self.claim["period"]), {one["id"]: one for one in self.claim["figures"]}
        if None in (self.as_of, self.known_as_of) or not len(self.claimed) == len(self.claim["figures"]) <= 10_000:
            fail("a time is none, a figure stands twice, or there are too many")
        self.cut = min(self.frozen, bisect.bisect_right(self.known, self.known_as_of))
        self.events, packs = [event for event in self.events if event[0] < self.cut], self.packs()
        for record in (record for _, pack in packs for record in pack.get("record", ())):
            self.catalogue.setdefault(record["kind"], definition(record))  # the first definition stands
        first, aside = (now := self.view(self.as_of)).genesis, now.aside
        is_other = (first.get("hub"), first.get("public_key")) != (self.hub, tobase64(self.public))
        self.fault(is_other, "key", "the first entry does not name this hub and this key", 0)
        self.said += ["remark: EXERCISE: this store is one; no figure of it counts"] * bool(first.get("exercise"))
        self.said += [f"remark: {len(aside):,} contents have not the form of their kind: {aside[:3]}"] * bool(aside)
        return [m for (kind, _), pack in packs if kind == "plan" for m in pack.get("measure", []) + pack.get("indicator", [])]
    @cache
    def view(self, as_of): return spend(STEPS_MAX // VIEWS_MAX) and View(self.events, as_of, self.known_as_of, self.catalogue)
    def recomputed(self, m):  # one figure as it should be claimed, the keys that count, the kinds of content behind it
        def at(period):
            now = self.view(self.as_of if not program or program.day else min(self.as_of, period.end))
            found = counted(program, m, now, period) if program else model(m, now, period)
            return Figure(found.items) if any(self.first.get(kind, self.cut) >= self.cut for kind in needs) else found
        program = Program(m["count"], self.catalogue, m) if "count" in m else None
        model, reads = MODELS.get(m.get("model"), (lambda m, view, period: Figure([]), set()))
        needs = m.get("needs") or [f"assure.{program.each}"] * (program is not None and program.each != "partner")
        found, base = at(self.period), m.get("baseline", {}).get("period")
        base = None if base and self.period.is_year and "-Q" in base else base
        then = at(period_of(base)) if base else Figure([])  # where nothing was looked at there is no value
        keys = [sorted(key for key, counts, _ in found.items if counts is wanted) for wanted in (True, False)]
        digests = [tobase64(sha256(*(key.encode() + b"\n" for key in some))) for some in keys]
        figure = {"definition_version": m.get("definition_version", 0), "value": found.value, "numerator": found.numerator,
                  "denominator": found.denominator, "counted": digests[0], "not_counted": digests[1],
                  **{f"evidence: E{n}": value for n, value in enumerate(found.levels, 1)}, "baseline: period": base,
                  "baseline: value": then.value if any(is_in for *_, is_in in then.items) else None}
        return figure, keys[0], program.reads if program else BASIS | reads
    def compare(self, with_sample):  # every figure: what was claimed, what comes out, what differs or could not be seen
        try: measures = self.review()
        except Exception as e: return self.fault(True, "claim", f"unreadable: {type(e).__name__} {e}", self.frozen)
        ids = [m.get("id") for m in measures]
        for m in measures + [{"id": name} for name in self.claimed if name not in ids]:
            said, found, keys, reads = self.claimed.get(m["id"]), {}, [], GIVEN
            try:
                found, keys, reads = self.recomputed(m) if said and m["id"] in ids else fail("no claim, or no plan, has it")
                claims = [reduce(lambda of, part: (of or {}).get(part), name.split(": "), said) for name in found]
                differs = [f"{name}: {json.dumps(claim)} claimed, {json.dumps(found[name])} recomputed"
                           for name, claim in zip(found, claims) if type(claim) is bool or claim != found[name]]
            except Exception as e: differs = [f"it cannot be confirmed: {type(e).__name__} {e}"]
            unseen = sum(at < self.cut and kind in reads for at, kind in self.unseen)
            verdict = f"not confirmed: {unseen} withheld or purged" if unseen else "DIFFERENT" if differs else "same"
            values = (f"{json.dumps(value):>11}" for value in (said and said.get("value"), found.get("value")))
            rank = lambda key: sha256(f"{self.claim.get('seed')}\n{self.frozen_root}\n{m['id']}\n{key}".encode())
            sample = [f"    {key}" for key in sorted(keys, key=rank)[:5]] * with_sample  # what is to be inspected
            self.figures += [f"{m['id']:16} {' '.join(values)}  {verdict}", *sample]
            self.counts["unseen"] += unseen
            for what in differs: self.fault(not unseen, "figure", f"{m['id']}: {what}", self.frozen)

def main():  # reads the arguments, prints what was found, and returns the exit status
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="the file, plain or gzip")
    parser.add_argument("--key", help="the hub's key as you hold it: NAME+ID+BASE64")
    parser.add_argument("--checkpoint", help="a file with an older signed head that you hold: the log grew out of it")
    parser.add_argument("--sample", action="store_true", help="print of each figure what was drawn to be inspected")
    asked, _ = parser.parse_args(), csv.field_size_limit(LINE_MAX)
    plain = lambda words: "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in words)[:500]  # steers no terminal
    try:
        older = open(asked.checkpoint, encoding="utf-8").read(1 << 17) if asked.checkpoint else None
        (bundle := Bundle(asked.bundle, asked.key, older)).compare(asked.sample)
    except Exception as e:
        print(plain(f"not verified: line {STEPS['lines']}: {type(e).__name__} {e}"), file=sys.stderr)
        return 2
    code = 1 if bundle.faults or not bundle.figures else 3 if bundle.counts["unseen"] else 0
    result = {0: "all proofs hold and every figure is the same", 1: f"NOT CONFIRMED: {len(bundle.faults)} faults",
              3: "nothing differs, but not everything could be confirmed"}[code]
    claim = ", ".join(f"{name}: {bundle.claim.get(name)}" for name in ("review", "period", "as_of", "known_as_of", "by"))
    counts = ", ".join(f"{bundle.counts[why]:,} {why}" for why in ("given", "not read", "withheld", "purged"))
    for words in (f"hub: {bundle.hub}, frozen in entry: {bundle.frozen}, {claim}", f"entries: {counts}", *sorted(bundle.said), "",
                  *bundle.figures, "", *bundle.faults, f"result: {result}"): print(plain(words))
    return code
if __name__ == "__main__": sys.exit(sys.stdout.reconfigure(errors="backslashreplace") or main())
