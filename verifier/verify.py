#!/usr/bin/env python3
"""Checks the figures that a Mainstay hub froze for a period, without the hub, its database or its program: verify.py BUNDLE

A bundle holds all entries of the hub's log (header, commitment), the content of what figures rest on, and the signed head of the
log. Nothing in it is believed because it says so. Proofs: each content belongs to its commitment; all entries together give the
root that the hub signed (pin its key with --key); an older head (--checkpoint) is a beginning of this log; packs are signed.
Figures: every measure of every plan pack is computed from the events, by the counting language (decision 0019) or one of three
models, and compared with the entry `assure.frozen`: definition, value, numerator, denominator, value at E1 to E4, baseline,
digests of the keys of what counted and what did not. Not checked: what stands beside a figure, sentences, the claim's own sample;
what the hub refuses when it loads a pack, as types in a counting text. Exit status: 0 all the same and proven; 1 something
differs or a proof fails; 2 no bundle, or its head is not signed; 3 nothing differs, but something was withheld or purged."""
import argparse, base64, contextlib, csv, decimal, hashlib, io, itertools, json, math, operator, re, signal, sys, tomllib, types
from collections import Counter, defaultdict, namedtuple
from datetime import date, datetime, timedelta, timezone
from functools import cache, reduce
LINE_MAX, HOURS_MAX, ALL = 64 << 20, 1, range(5)  # ALL: E0 to E4
# The kinds whose content is given, or withheld by a rule. What begins as in SEEN the hub saw by itself: it lies behind models,
# and behind a text that counts partners or actions or uses one of the WORDS. All else lies behind every figure.
GIVEN = {*"ledger.genesis ledger.pack partners.org partners.trust partners.agreement partners.key partners.merged".split(),
         *"exchange.object exchange.document expose.inventory expose.answer expose.changed act.contact act.sent".split(),
         *"act.bounced act.answered act.closed assure.record assure.backed assure.frozen".split()}
SEEN, WORDS = ("exchange.", "expose.", "act."), {"contact_verified", "inventory_on", "last_in", "last_out"}
def fail(why): raise ValueError(why)
def say(words): print("".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in words)[:500])  # it steers no terminal
def grouped(pairs):  # each key with its values, in their order
    found = defaultdict(list)
    for key, value in pairs: found[key].append(value)
    return found
# ---- texts, numbers, times: an instant is so many microseconds since 1970, a day so many days
DAY, EPOCH = 86_400_000_000, datetime(1970, 1, 1, tzinfo=timezone.utc)
DECODER = json.JSONDecoder(parse_constant=int)  # NaN and Infinity are no numbers: int refuses them
Unit = namedtuple("Unit", "id fields evidence")  # what can be counted: a record, an organisation, what the hub saw
Instant = type("Instant", (int,), {})  # among values an instant; a plain int is a day, a float a number
TEXTS = {str: str, bool: lambda v: "yes" if v else "no", list: lambda v: "; ".join(map(text_of, v)),
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
asjson = lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
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
times = lambda n, p: add(times(n >> 1, add(p, p)), p if n & 1 else (0, 1)) if n else (0, 1)  # p added so many times
key_id = lambda name, raw: sha256(name.encode(), b"\n", raw)[:4]
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
    text, signatures = note.split("\n\n")
    (origin, size, root), begin = text.split("\n")[:3], f"\u2014 {name} "
    made = [unbase64(line.removeprefix(begin)) for line in signatures.split("\n") if line.startswith(begin)]
    is_so = any(raw[:4] == key_id(name, b"\x01" + public) and is_signed(public, f"{text}\n".encode(), raw[4:]) for raw in made)
    return (int(size), unbase64(root)) if is_so and origin == name else fail(f"the head of {name} is not signed by its key")
def root_of(row):  # of a tree over these leaves: two become one, and an odd one goes up as it is
    while len(row) > 1: row = [sha256(b"\x01", *row[n:n + 2]) if row[n + 1:n + 2] else row[n] for n in range(0, len(row), 2)]
    return row[0]
# ---- what the entries say
class View:
    """The world as it was at `as_of`; whose charge something is in, and what says nothing new, rests on all known."""
    def __init__(self, events, as_of, known_as_of, catalogue):
        self.as_of, self.known_as_of, self.catalogue, self.home, self.country = as_of, known_as_of, catalogue, "", ""
        self.genesis, self.orgs, self.names, self.rows, self.assets, self.documents = ({} for _ in range(6))
        self.named, self.sightings, self.bounced, self.lines, self.advised, self.merged = ({} for _ in range(6))
        self.spans, self.passings, self.attacks, self.exposures, self.backings, self.claims = (grouped(()) for _ in range(6))
        (self.keys, self.versions, self.last), self.sent = (defaultdict(lambda: grouped(())) for _ in range(3)), []
        for event in sorted(events, key=lambda event: event[3] != "partners.merged"):  # first who is who, whatever `as_of`
            with contextlib.suppress(Exception): self.take(*event)  # a content that has not the form of its kind says nothing
        self.settle()
    def take(self, at, known, valid, kind, m, body):  # folds what one event says
        is_now, day, shown, weak = known <= self.as_of, known // DAY, m.get("evidence"), sorted({*m.get("vulnerabilities", ())})
        topic = {"exchange.document": m.get("form"), "exchange.object": m.get("type"), "expose.inventory": "inventory"}.get(kind)
        def receive(org, topic, shown): self.passings[self.who(org)].extend([(known, True, topic, level(shown))] * is_now)
        if topic: receive(m["source"], topic, "E1")
        match kind:
            case "ledger.genesis": self.genesis, self.home, self.country = m, m["home"], m.get("country") or ""
            case "partners.org":
                one = {"org": m["key"], "name": m["name"], "kind": m.get("kind") or "", "country": m.get("country") or ""}
                self.names[m["name"].lower()], self.orgs[m["key"]] = m["key"], one
                if is_now: self.rows[not self.merged.get(m["key"]), self.who(m["key"])] = one | {"org": self.who(m["key"])}
            case "partners.merged": self.merged[m["org"]] = m.get("into")
            case "partners.trust" | "partners.agreement":  # from a day to the end of another
                end = math.inf if m.get("to") is None else (day_of(m["to"]) + 1) * DAY
                self.spans[kind, self.who(m["org"])].append((day_of(m["from"]) * DAY, end))
            case "partners.key" if is_now: self.keys[self.who(m["org"])][m["key"]].append((known, m["state"] == "active"))
            case "act.contact" if is_now and (verified := day_of(m.get("verified"))) is not None:
                self.last[self.who(m["org"])]["contact_verified"].append(verified)
            case "exchange.document" if topic in ("csaf", "cve"): self.documents[at] = m["source"]
            case "exchange.object" if topic in ("identity", "location", "vulnerability", "sighting"):
                self.name(topic, m["id"], unjson(body))
            case "expose.inventory":  # the hub writes the rows that it accepted, one for each asset
                for one in csv.DictReader(io.StringIO(body.decode(), newline="")):
                    self.assets[m["source"], one["asset"]] = sum(name.strip() != "" for name in one["functions"].split(";"))
                    if is_now: self.last[self.who(one["owner"])]["inventory_on"].append(day)
            case "expose.answer": receive(m["org"], "inventory", "E2")  # signed, and so with an artefact
            case "expose.changed": [self.change(at, valid, self.documents.get(m["cause"]), m["owner"], c) for c in m["changes"]]
            case "act.sent": self.sent += [(at, valid, one, m) for one in weak]
            case "act.bounced": self.bounced[m.get("message_id", "")] = valid
            case "act.answered" | "act.closed":  # an answer at E0 is our own note of it
                is_answer, claim = kind == "act.answered", (m.get("country"), (valid, at, "M", 0, 0, level(shown)))
                for one in weak if is_answer and shown != "E0" else (): receive(m.get("claimant") or m["addressee"], one, shown)
                is_done = m.get("answer") in ("fixed", "mitigated", "not-affected") if is_answer else level(shown) >= 2
                for one in weak if is_done else (): self.claims[one, m["party"]].append(claim)
            case "assure.record":  # one that is void was a mistake
                fields = m["fields"] if m.get("void") is None else None
                self.versions[m["record"]][m["id"]].append((known, valid <= self.as_of, m, fields))
            case "assure.backed": self.backings[m["record"], m["id"]].append(m)  # it counts from when it is known
    def name(self, kind, key, it):  # what a STIX object names: a place, a weakness; of a sighting the last version, and by when
        if kind == "sighting":
            by = [at for of in ("first_seen", "last_seen", "created") if (at := instant_of(it.get(of))) is not None]
            self.sightings[key] = str(it["sighting_of_ref"]), by[0], map(str, it.get("where_sighted_refs", ())), it.get("revoked")
        else:
            refs = it.get("external_references", []) if kind == "vulnerability" else []
            cve = next((one.get("external_id") for one in refs if (one.get("source_name") or "").lower() == "cve"), None)
            self.named[key] = kind, str(it["country"].upper() if kind == "location" else cve or it["name"])
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
        if state != x.state: x.said, x.state = [*x.said, (valid, at, *state[:3], 2)], state  # the same again is no new statement
    def settle(self):  # what can be said only when all is known: who is whose constituency, and what follows from that
        self.names.update((key.lower(), key) for key in sorted(self.orgs))  # a key stands over a name that is the same
        self.local = grouped((one["country"], key) for key, one in sorted(self.orgs.items()) if one["kind"] == "csirt")
        self.partners = {key: row for (_, key), row in sorted(self.rows.items(), key=lambda item: item[0])}  # its own row stands
        self.teams = sorted(org for org, one in self.partners.items() if one["kind"] == "csirt" and self.is_abroad(org))
        for at, valid, weak, m in (one for one in self.sent if one[1] <= self.as_of):  # team, weakness: first advice
            bounced, to = self.bounced.get(m.get("message_id", ""), math.inf), m["addressee"]
            if bounced == math.inf: self.passings[self.who(to)].append((valid, False, weak, 0))
            for team in map(self.who, self.charge((to, m["party"]), m.get("country")) if bounced > self.as_of else ()):
                self.advised[team, weak] = min((valid, at), self.advised.get((team, weak), (math.inf, 0)))
        for stranger in self.passings.keys() - self.orgs.keys(): del self.passings[stranger]
        for of, by, places, is_revoked in self.sightings.values():
            kind, weak = self.named.get(of, ("", ""))
            if kind == "vulnerability" and not is_revoked and by <= self.as_of:
                self.attacks[weak].append((by, {self.who(team) for place in places for team in self.place(place)}))
        known = {weak for _, _, weak, _ in self.sent}  # what nobody was advised of is in no figure
        for (weak, of, *_), x in sorted(one for one in self.lines.items() if one[0][0] in known):  # in the order of the exposed
            party = x.holder if of in ("constituency", "sector") and x.holder else x.owner
            claims = [one for country, one in self.claims[weak, party] if not country or x.country in ("", country)]
            x.said = sorted((one for one in x.said + claims if one[0] <= self.as_of), key=lambda one: one[:2])
            body = x.holder if self.orgs.get(x.holder, {}).get("kind") == "csirt" else x.owner
            teams = dict.fromkeys(map(self.who, self.charge((body, party), x.country) if x.said else ()))  # each once
            self.exposures[weak] += [types.SimpleNamespace(team=team, **vars(x)) for team in teams]
    who = cache(lambda self, org: reduce(lambda key, _: self.merged.get(key) or key, self.merged, org))  # its body's key
    def is_abroad(self, org): return org in self.partners and (not self.country or self.partners[org]["country"] != self.country)
    def charge(self, bodies, country):  # the teams in whose charge it is: a body that is one, or those of the country
        known = [self.orgs[body] for body in bodies if body in self.orgs]
        found = self.local.get(country or next((one["country"] for one in known if one["country"]), "-"), [])
        return [one["org"] for one in known if one["kind"] == "csirt"][:1] or found
    def place(self, key):  # the teams in whose charge a place of a sighting lies
        kind, value = self.named.get(key, ("", ""))
        org = self.names.get(value.lower()) if kind == "identity" else None
        return self.local.get(value, ()) if kind == "location" else self.charge((org,), "")
    def in_force(self, kind, org, at):  # until when it is so at an instant: of spans that have begun, the last said
        begun = [end for begin, end in self.spans.get((kind, org), ()) if begin <= at]
        return begun[-1] if begun and at < begun[-1] else None
    @cache
    def register(self, day):  # what was prioritised on a day, as that was known at the day's end
        end, on, all_said = min((day + 1) * DAY - 1, self.known_as_of), text_of(day), self.versions["priority"].values()
        said = ([None, *(fields for known, _, _, fields in versions if known <= end)][-1] or {} for versions in all_said)
        stood = (fields for fields in said if fields.get("from", "~") <= on <= fields.get("until", "~"))  # "~" is after any day
        return {one for fields in stood for one in texts_of(fields.get("entity"))}
    @cache
    def units(self, kind):  # all of a kind by id: records, organisations, among actions what was mitigated
        if kind == "partner": return {org: self.organisation(org) for org in sorted(self.partners)}
        found = {key: self.record(kind, key, versions) for key, versions in sorted(self.versions[kind].items())}
        return {key: unit for key, unit in found.items() if unit} | (self.mitigations() if kind == "action" else {})
    naming = cache(lambda self, kind, field: grouped(  # what a field of a kind names → the units that name it
        (one, unit) for unit in self.units(kind).values() for one in texts_of(unit.fields.get(field))))
    def record(self, kind, key, versions):  # as it stood: the later statement speaks, but not of what was to come
        stood = [one[2:] for one in versions if one[1] and one[3] is not None]
        if versions[-1][3] is None or not stood: return None  # what turned out a mistake never was
        (m, fields), backings, stored = stood[-1], self.backings.get((kind, key), ()), self.catalogue.get(kind, {})
        said = tobase64(sha256(asjson({name: texts_of(of) for name, of in fields.items()}).encode()))  # a word is of what it read
        by = lambda means, who: [b[who] for b in backings if b["means"] == means and b["fields"] == said]
        shown = max([level(b["evidence"]) for b in backings if b["means"] == "evidence" or b["fields"] == said] or [0])
        values = {name: self.typed(value, *stored.get(name, ("", None))[:2]) for name, value in fields.items()} | {
            "id": key, "state": m["state"], "tags": sorted(set(m.get("tags", ()))), "marking": m["marking"],
            "evidence": f"E{shown}", "confirmed_by": sorted({*map(self.who, by("confirmed", "org"))}),
            "attested_by": sorted({*by("attested", "by")}), "recorded_by": sorted({one[2]["by"] for one in versions})}
        return Unit(key, values, shown)
    def typed(self, value, kind, leads):  # a stored value as it is compared: days and instants are no texts, a body has one key
        if type(value) is list: return [*dict.fromkeys(self.typed(one, kind, leads) for one in value)]
        found = day_of(value) if kind == "day" else instant_of(value) if kind == "instant" and day_of(value) is None else None
        return self.who(value) if leads == "partner" else value if found is None else found
    def organisation(self, org):  # what the hub knows of it by itself; it is shown as well as the best that came in within a year
        fields = {name: value for name, value in self.partners[org].items() if value or name in ("org", "name")}
        passed = grouped((("last_out", "last_in")[is_in], at // DAY) for at, is_in, *_ in self.passings[org])
        fields |= {name: max(days) for name, days in (self.last[org] | passed).items()}
        for name, kind in (("agreement_until", "partners.agreement"), ("trusted_until", "partners.trust")):
            if (end := self.in_force(kind, org, self.as_of)) is not None:  # what stands open ends never
                fields[name] = day_of("9999-12-31") if end == math.inf else end // DAY - 1
        fields["key_active"] = any(said[-1][1] for said in self.keys[org].values())
        year = [shown for at, is_in, _, shown in self.passings[org] if is_in and at > self.as_of - 365 * DAY]
        return Unit(org, fields, max(year, default=0))
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
        return found
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
        self.day = (self.next("") or self.said["during period by"] or [[None]])[0][0]
        self.sees = bool(self.kinds & {"partner", "action"} or WORDS.intersection(".".join(self.tokens).split(".")))
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
            self.leads, field, _ = (word, ()), self.next(), self.takes("has this") or self.read("is this")
            found = lambda s: s[0].naming(word, field).get(getattr(s[3], "id", s[3]), ())
        else:
            values, (kind, _) = self.path(word), self.leads  # what is linked and not there is not looked at
            linked = lambda s: filter(None, map(s[0].units(kind).get, texts_of(values(s))))
            found = linked if kind not in (None, "partner") else lambda s: several(values(s))
        self.kinds |= {self.leads[0]} - {"partner"}
        if self.takes("where"):
            self.roots["it"] = 3, self.leads
            test, self.roots["it"] = *self.read("( C )"), outer
        return lambda s: [test((*s[:3], thing, s[4])) for thing in found(s)]
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
            return thing.id if type(thing) is Unit else thing
        return value
# ---- from a definition to a figure. An item: its key, its weight, whether it is in the population, whether it counts at E0 to E4
Figure = namedtuple("Figure", "items levels value numerator denominator", defaults=((None,) * 4, None, None, None))
def figure_of(items, least, is_share=False):  # what counts at the least evidence, and at each level
    total, marks = sum(weight for _, weight, is_in, _ in items if is_in), [(key, at[least], is_in) for key, _, is_in, at in items]
    values = [share(n, total) if is_share else rounded(n) for n in (sum(one[1] for one in items if one[3][k]) for k in ALL)]
    return Figure(marks, values[1:], values[least], sum(one[1] for one in marks), sum(one[2] for one in marks))
def period_of(name):  # first and last day of a quarter or a year; the fiscal year FY2026 begins in October 2025
    found = re.fullmatch("(FY)?([0-9]{4})(?:-Q([1-4]))?", name)
    month = int(found[2]) * 12 + 3 * int(found[3] or 1) - 3 - 3 * bool(found[1])
    first, after = (day_of(f"{m // 12:04}-{m % 12 + 1:02}-01") for m in (month, month + (3 if found[3] else 12)))
    return types.SimpleNamespace(first=first, last=after - 1, end=after * DAY - 1, is_year=not found[3])
def counted(program, m, view, period):  # all of the kind that belongs to the period, and what holds of it
    all_hold, found, items = (lambda s, clause: all(test(s) is True for test, in program.said[clause])), [], []
    for unit in view.units(program.each).values():
        entries = program.fans((view, period, unit, unit, None)) if program.fans else [None]
        for entry in entries if type(entries) is list and (program.each != "partner" or unit.id != view.home) else ():
            s = view, period, unit, unit, entry
            day = as_day(program.day(s)) if program.day else period.first
            if day is None or not period.first <= day <= period.last: continue
            values = [path(s) for path, in program.said["once per"] + program.said[","]]  # without a value it is one by itself
            key = ", ".join("; ".join(sorted(texts_of(unit.id if value is None else value))) for value in values)
            is_in = all_hold(s, "where") and all(out(s) is not True for out, _ in program.said["leaving out"])
            weight = ([weight(s) for weight, in program.said["weighing"] if is_in] + [1.0])[0]
            is_in = is_in and type(weight) is float  # what weighs nobody knows what counts not
            holds = is_in and all_hold(s, "counting")
            found.append(types.SimpleNamespace(key=key, shown=unit.evidence, weight=weight, is_in=is_in, holds=holds))
    for key, ones in grouped((one.key, one) for one in found).items():  # of the same the best counts, shown as well as any
        best = max(ones, key=lambda one: (one.is_in, one.holds, one.shown))
        shown = max(best.shown, *(one.shown * one.is_in for one in ones)) if best.holds else -1
        items += [(key, one.weight, one.is_in and one is best, [one is best and shown >= n for n in ALL]) for one in ones]
    return figure_of(items, level(m.get("min_evidence")), m["unit"] == "percent")
def exchanges(m, view, period):  # 1.2.2: partner, topic and week in which something passed, with its best evidence
    found = grouped(((org, topic, "{:04}-W{:02}".format(*date_of(at // DAY).isocalendar())), shown) for org in view.passings
                    for at, _, topic, shown in view.passings[org] if period.first <= at // DAY <= period.last)
    items = [(", ".join(key), 1, is_in := view.is_abroad(key[0]), [is_in and max(found[key]) >= n for n in ALL]) for key in found]
    return figure_of(items, 0)._replace(denominator=None)
def combined_risk(m, view, period):  # 2.1.2: meetings whose exposures carry less 90 days later, and less than others
    def affected(x, at, least):  # what an exposure carries at an instant
        last = [one for one in x.said if one[0] <= at and (one[2] != "M" or one[5] >= least)][-1:]
        return x.weight * (last[0][3] + last[0][4]) / 2 if last and last[0][2] in "AM" else None
    def left(linked, at, least):  # which part is left after of what was open on the day and was real
        both = [(affected(x, at, 0), affected(x, at + 90 * DAY, least)) for x in linked]
        before, after = (sum(one[n] for one in both if one[0] and one[1] is not None) for n in (0, 1))
        return after / before if before > 0 else 1.0
    items = []
    for unit in view.units("engagement").values():
        day = as_day(unit.fields.get("held_on"))
        if unit.fields["state"] != "held" or day is None or not period.first <= day <= period.last: continue
        partners, weak = (set(texts_of(unit.fields.get(of))) for of in ("partners", "vulnerabilities"))
        linked = grouped((x.team in partners, x) for one in sorted(weak) for x in view.exposures.get(one, ()))
        is_old = (at := (day + 1) * DAY - 1) + 90 * DAY <= min(view.as_of, view.known_as_of)
        lowered = [is_old and left(linked[True], at, n) < min(1.0, left(linked[False], at, n)) for n in ALL]
        items.append((unit.id, 1, is_old, lowered))
    return figure_of(items, level(m.get("min_evidence")), True)
def open_at(x, point, least):  # at least and at most so many are open at a place in the order of statements, if that is known
    now = None  # what opens counts always, what closes it or makes it less only where it is shown well enough
    for _, _, state, low, high, shown in (one for one in x.said if one[:2] <= point):
        if state == "A" and (shown >= least or now is None or low > now[0] or high > now[1]): now = low, high
        elif state == "M" and shown >= least: now = now and (low, high)
        elif state == "W": now = None
    return now
def lowest(parts):  # the least weighted mean of (done, least weight, most weight): the worst parts weigh most
    more, parts = [(done, most - least) for done, least, most in sorted(parts)], [(done, least) for done, least, _ in parts]
    totals = itertools.accumulate((done * weight for done, weight in more), initial=sum(done * weight for done, weight in parts))
    return min(map(operator.truediv, totals, itertools.accumulate((n for _, n in more), initial=sum(n for _, n in parts))))
def succeeded(m, view, team, weak, advised):  # whether a team followed advice in time, at E0 to E4; nothing: it had nothing open
    is_real = lambda x: [one[2] for one in x.said if one[2] in "AW"][-1:] != ["W"]
    real = [x for x in view.exposures.get(weak, ()) if x.team == team and is_real(x)]
    opened = lambda point: [(x, now) for x in real if (now := open_at(x, point, 2)) and now[1] > 0]
    later = [one[:2] for x in real for one in x.said if one[2] == "A" and one[4] > 0 and one[:2] > advised]
    set_at = advised if opened(advised) or not later else min(later)  # what was open when it was advised, or the first after
    attack = min((by for by, teams in view.attacks.get(weak, ()) if team in teams), default=math.inf)
    cohort, still = opened(set_at), min(view.as_of, view.known_as_of) - m.get("quiet_days", 180) * DAY
    points = {one[:2] for x, _ in cohort for one in x.said if one[:2] > set_at and one[0] < attack}
    def is_done(point, least):  # whether the mitigated share reaches theta
        parts = [(1 - min(now[1] / max(was[0], 1), 1.0), *(max(x.weight, 1.0) * max(n, 1) for n in was))
                 for x, was in cohort for now in [open_at(x, point, least) or was]]
        return lowest(parts) + 1e-9 >= m.get("theta", 0.8)
    def is_success(least):  # it has done so unbroken since before the attack, or where there is none for long enough
        done = [*itertools.takewhile(lambda point: is_done(point, least), sorted(points, reverse=True))]
        return bool(done) and (attack < math.inf or done[-1][0] <= still)
    return [is_success(n) for n in ALL] if cohort else []
def mitigated_before_attack(m, view, period):  # 2.1.3: partners with enough pairs of team and advice mitigated before an attack
    first, until = period.first * DAY, min(period.end, view.as_of)  # trusted at some time of the period
    begins = lambda team: [at for at in (first, *(one[0] for one in view.spans["partners.trust", team])) if first <= at <= until]
    trusted = {team for team in view.teams if any(view.in_force("partners.trust", team, at) is not None for at in begins(team))}
    pairs, items = grouped((key[0], succeeded(m, view, *key, advised)) for key, advised in sorted(view.advised.items())
                           if period.first <= advised[0] // DAY <= period.last), []
    for team in trusted.union(pairs):
        won = [one for one in pairs[team] if one and team in trusted]
        enough = [sum(some) + 1e-9 >= m.get("half", 0.5) * len(won) for some in zip(*won)]
        items.append((team, 1, bool(won), enough or [False] * 5))
    return figure_of(items, level(m.get("min_evidence", "E2")))
MODELS = {"exchanges": exchanges, "combined-risk": combined_risk, "mitigated-before-attack": mitigated_before_attack}
# ---- the bundle, its packs, its claim and the comparison
PARTNER = dict.fromkeys(["name", "country", "agreement_until", "trusted_until", "key_active", *WORDS], ("", None, ())) | {
    "org": ("", "partner", ()), "kind": ("", None, ("csirt", "operator", "vendor", "agency", "other"))}
HEADER = re.compile("mainstay1 ([!-~]+) [0-9]{1,5} ([!-~]+) ([0-9]{1,18}) (-?[0-9]{1,18}) (-|-?[0-9]{1,18}) (?:-|[0-9a-f]{32})")
def definition(record):  # of each field of a kind how it is stored, to which kind it leads, its options
    kinds = [(one, one["type"].removesuffix("s")) for one in record.get("field", ())]  # of a list that of one
    return dict.fromkeys(("id", "marking", "evidence", "tags", "recorded_by", "attested_by"), ("", None, ())) | {
        "confirmed_by": ("", "partner", ()), "state": ("", None, [state["name"] for state in record.get("state", ())])} | {
        one["name"]: (kind, {"org": "partner", "link": one.get("to")}.get(kind), one.get("options", ())) for one, kind in kinds}
class Bundle:
    """One pass over the file makes the leaves, holds contents against them, keeps what is needed; then come figures."""
    def __init__(self, file, key, older):
        self.events, self.unseen, self.leaves, self.faults, self.unconfirmed = [], [], [], 0, 0
        self.catalogue, self.counts, self.first, self.claim, self.last = {"partner": PARTNER}, Counter(), {}, {}, 0
        rows = iter(lambda: file.readline(LINE_MAX), b"")  # what is longer is cut, and no JSON
        if (head := unjson(next(rows)))["bundle"] != "mainstay-bundle-1": fail("it does not say mainstay-bundle-1")
        self.frozen, (self.name, self.public) = head["frozen"], read_key(key or head["key"])
        if key is None: say(f"remark: the key is the one that the file names; --key {head['key']} pins it")
        heads = [("checkpoint", head["checkpoint"])] + [("older checkpoint", older)] * (older is not None)
        notes = [(which, *read_note(note, self.name, self.public)) for which, note in heads]
        for at, row in enumerate(rows):
            try: self.leaves.append(self.entry(at, *unjson(row)))
            except Exception as e: return self.fault(f"{e}: nothing after it can be placed", "entry", at)
        say(", ".join([f"entries: {len(self.leaves):,}", *(f"{n:,} {why}" for why, n in sorted(self.counts.items()))]))
        for which, size, root in notes:
            is_so = root_of(self.leaves[:size]) == root and size <= len(self.leaves) == notes[0][1]
            if is_so: say(f"proof: the first {size:,} entries give the root of the {which}")
            else: self.fault(f"of {len(self.leaves):,} entries the first {size:,} do not give the root of the {which}", "tree")
    def fault(self, what, rule, entry=None):  # something wrong, by the entry where it stands and its rule
        self.faults += 1
        say(f"fault: {'bundle' if entry is None else f'entry {entry}'}: {what} [{rule}]")
    def entry(self, at, header, leaf, *rest):  # the leaf of header and commitment; the rest: salt and content, a rule, or nothing
        kind, hub, index, known, valid = (HEADER.fullmatch(header) or fail("it has no header")).groups()
        leaf, known, (salt, content) = unbase64(leaf), int(known), map(unbase64, rest if len(rest) == 2 else ("", ""))
        if (f"mainstay/{hub}", int(index)) != (self.name, at) or known < self.last: fail(f"it is {index} of {hub} at {known}")
        # a salt of another length could take in the beginning of a payload, under the same commitment
        self.last, is_held = known, len(salt) == 32 and sha256(salt, content) == leaf
        why = "given" if len(rest) == 2 else rest[0] if rest else "omitted" if kind in GIVEN else "not read"
        wrong = {"given": "not what was committed", "omitted": "neither given nor withheld by a rule"}.get(why)
        if wrong and not is_held: self.fault(f"the content of {kind} is {wrong}", "content", at)
        self.counts[why] += 1
        if at < self.frozen: self.first.setdefault(kind, known)
        self.unseen += [(known, kind)] * (at < self.frozen and kind in GIVEN and not is_held)
        if is_held and kind in GIVEN and at <= self.frozen and (kind == "assure.frozen") == (at == self.frozen):
            body = 4 + int.from_bytes(content[:4], "big")  # a content is the length of its meta, the meta, bytes as received
            meta, valid = unjson(content[4:body]), known if valid == "-" else min(int(valid), known)
            if kind == "assure.record": self.first.setdefault(f"assure.{meta['record']}", known)
            if at == self.frozen: self.claim = meta
            else: self.events.append((at, known, valid, kind, meta, content[body:]))
        return sha256(b"\0", header.encode(), leaf)
    def packs(self):  # the plans and definitions that stand; every pack is held against its signature
        standing = {}
        for at, m, body in ((at, m, body) for at, _, _, kind, m, body in self.events if kind == "ledger.pack"):
            files, signer = unjson(body), unbase64(m["key"])
            words = f"mainstay pack\n{m['kind']}\n{m['name']}\n{m['version']}\n{tobase64(sha256(body))}\n".encode()
            if not is_signed(signer, words, unbase64(m["signature"])): fail(f"the pack of entry {at} is not what its key signed")
            if signer != self.public: say(f"remark: pack {m['name']} (entry {at}) is signed by {m['key']}")
            toml = [files[path] + "\n" for path in sorted(files) if path.endswith(".toml") and path != "pack.toml"]
            standing[m["kind"], m["name"]] = tomllib.loads("".join(toml) * (m["kind"] in ("plan", "records")))
        return sorted(standing.items(), key=lambda item: (item[0][0] == "plan", item[0]))
    def review(self):  # what the claim is held against: the measures, and the events that were known by its date
        self.as_of, self.known_as_of = instant_of(self.claim["as_of"]), instant_of(self.claim["known_as_of"])
        self.period, self.claimed = period_of(self.claim["period"]), {one["id"]: one for one in self.claim["figures"]}
        if not 0 < len(self.claimed) == len(self.claim["figures"]): fail("no figure is claimed, or one stands twice")
        self.events = [event for event in self.events if event[1] <= self.known_as_of]
        packs = self.packs()
        for record in (record for _, pack in packs for record in pack.get("record", ())):
            self.catalogue.setdefault(record["kind"], definition(record))  # the first definition stands
        first = self.view(self.as_of).genesis
        if (f"mainstay/{first.get('hub')}", first.get("public_key")) != (self.name, tobase64(self.public)):
            self.fault("the first entry does not name this hub and this key", "key", 0)
        if first.get("exercise"): say("remark: EXERCISE: this store is one; no figure of it counts")
        return [m for (kind, _), pack in packs if kind == "plan" for m in pack.get("measure", []) + pack.get("indicator", [])]
    view = cache(lambda self, as_of: View(self.events, as_of, self.known_as_of, self.catalogue))
    def recomputed(self, m):  # one figure as it should be claimed, the keys that count, whether what the hub saw lies behind it
        def at(period):
            now = self.view(self.as_of if not program or program.day else min(self.as_of, period.end))
            found = counted(program, m, now, period) if program else MODELS[m["model"]](m, now, period)
            return found if all(self.first.get(kind, math.inf) <= self.known_as_of for kind in needs) else Figure(found.items)
        program = Program(m["count"], self.catalogue, m) if "count" in m else None
        needs = m.get("needs") or [f"assure.{program.each}"] * (program is not None and program.each != "partner")
        found, base = at(self.period), m.get("baseline", {}).get("period")
        base = None if base and self.period.is_year and "-Q" in base else base
        then = at(period_of(base)) if base else Figure([])  # where nothing was looked at there is no value
        value = then.value if any(is_in for *_, is_in in then.items) else None
        keys = [sorted(key for key, counts, _ in found.items if counts is wanted) for wanted in (True, False)]
        digests = [tobase64(sha256(*(key.encode() + b"\n" for key in some))) for some in keys]
        figure = {"definition_version": m.get("definition_version", 0), "value": found.value, "numerator": found.numerator,
                  "denominator": found.denominator, "counted": digests[0], "not_counted": digests[1],
                  "evidence": {f"E{n}": value for n, value in enumerate(found.levels, 1)},
                  "baseline": base and {"period": base, "known_as_of": self.claim["known_as_of"], "value": value}}
        return figure, keys[0], not program or program.sees
    def compare(self, with_sample):  # every figure: what was claimed, what comes out, what differs or could not be seen
        say(", ".join(f"{name}: {self.claim.get(name)}" for name in ("review", "period", "as_of", "known_as_of", "by")))
        try: measures = self.review()
        except Exception as e: return self.fault(f"unreadable: {type(e).__name__} {e}", "claim", self.frozen)
        ids, root = [m.get("id") for m in measures], tobase64(root_of(self.leaves[:self.frozen]))
        for m in measures + [{"id": name} for name in self.claimed if name not in ids]:
            said, found, keys, sees = self.claimed.get(m["id"]), {}, [], True
            try:
                found, keys, sees = self.recomputed(m) if said and m["id"] in ids else fail("no claim, or no plan, has it")
                differs = [f"{name}: {claim} claimed, {value} recomputed" for name in found
                           if (claim := asjson(said.get(name))) != (value := asjson(found[name]))]
            except Exception as e: differs = [f"it cannot be confirmed: {type(e).__name__} {e}"]
            unseen = sum(known <= self.known_as_of and (sees or not kind.startswith(SEEN)) for known, kind in self.unseen)
            verdict = f"not confirmed: {unseen} withheld or purged" if unseen else "DIFFERENT" if differs else "same"
            say(f"{m['id']:16} {asjson(said and said.get('value')):>11} {asjson(found.get('value')):>11}  {verdict}")
            drawn = f"{self.claim.get('seed')}\n{root}\n{m['id']}\n"  # what is to be inspected, which nobody could choose
            for key in sorted(keys, key=lambda key: sha256((drawn + key).encode()))[:5] if with_sample else (): say("    " + key)
            self.unconfirmed += unseen
            for what in differs if not unseen else (): self.fault(f"{m['id']}: {what}", "figure", self.frozen)
def main():  # reads the arguments, says what is found, and returns the exit status
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="the file")
    parser.add_argument("--key", help="the hub's key as you hold it: NAME+ID+BASE64")
    parser.add_argument("--checkpoint", help="a file with an older signed head that you hold: the log grew out of it")
    parser.add_argument("--sample", action="store_true", help="print of each figure what was drawn to be inspected")
    asked, _ = parser.parse_args(), csv.field_size_limit(LINE_MAX)
    if hasattr(signal, "alarm"): signal.alarm(HOURS_MAX * 3600)  # the end: no bundle keeps the reader's machine busy for ever
    try:
        older = open(asked.checkpoint, encoding="utf-8").read(1 << 17) if asked.checkpoint else None
        with open(asked.bundle, "rb") as file: bundle = Bundle(file, asked.key, older)
        bundle.compare(asked.sample)
    except Exception as e: return say(f"not verified: {type(e).__name__} {e}") or 2
    code = 1 if bundle.faults else 3 if bundle.unconfirmed else 0
    say("result: " + {0: "all proofs hold and every figure is the same", 1: f"NOT CONFIRMED: {bundle.faults} faults",
                      3: "nothing differs, but not everything could be confirmed"}[code])
    return code
if __name__ == "__main__": sys.exit(sys.stdout.reconfigure(errors="backslashreplace") or main())
