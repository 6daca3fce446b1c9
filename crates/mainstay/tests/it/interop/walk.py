"""Walks a hub with taxii2-client, and reads all that it serves with stix2.

Arguments: the address of the hub, the id of a collection that `ines` may read and write, her token, a folder with certificates or
nothing. Her password is in the environment. Prints how many things were looked at; the first that is not so ends the walk.
"""

import json
import os
import sys
import uuid

import requests
import stix2
from taxii2client.common import TokenAuth
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

TAXII = "application/taxii+json;version=2.1"
BASE, BOX, TOKEN = sys.argv[1], sys.argv[2], sys.argv[3]
CERTIFICATES = sys.argv[4] if len(sys.argv) > 4 else None
PASSWORD = os.environ["INTEROP_PASSWORD"]
# What the system trusts is never asked: the authority of a test is its own.
VERIFY = os.path.join(CERTIFICATES, "ca.pem") if CERTIFICATES else True
looked = 0


def check(what, got, expected):
    global looked
    looked += 1
    if got != expected:
        sys.exit("%s: %r, and not %r" % (what, got, expected))


def holds(what, fact):
    check(what, bool(fact), True)


def refused(what, status, call):
    """The call ends in this status with an error resource (section 3.6.1)."""
    try:
        call()
    except requests.HTTPError as error:
        answer(what, status, error.response)
        return
    sys.exit("%s: went well, and %d was due" % (what, status))


def answer(what, status, response):
    check(what, response.status_code, status)
    check(what + ": media type", response.headers["Content-Type"].replace(" ", ""), TAXII)
    resource = response.json()
    holds(what + ": title", resource["title"])
    check(what + ": http_status", resource["http_status"], str(status))


def objects():
    """Something of most kinds, made by the library so that ids and forms are its own."""
    maker = stix2.Identity(name="Interop Works", identity_class="organization")
    made = [maker]
    for n in range(250):
        made.append(stix2.Tool(name="tool %d" % n, created_by_ref=maker.id))
    malware = stix2.Malware(name="Rope", is_family=False, created_by_ref=maker.id)
    address = stix2.IPv4Address(value="198.51.100.7")
    name = stix2.DomainName(value="interop.example", resolves_to_refs=[address.id])
    indicator = stix2.Indicator(
        pattern="[ipv4-addr:value = '198.51.100.7']",
        pattern_type="stix",
        valid_from="2024-01-01T00:00:00Z",
        object_marking_refs=[stix2.TLP_WHITE],
        created_by_ref=maker.id,
    )
    file = stix2.File(name="rope.bin", hashes={"SHA-256": "ab" * 32})
    report = stix2.Report(
        name="What was seen", published="2024-02-01T00:00:00Z", object_refs=[indicator.id, malware.id], created_by_ref=maker.id
    )
    made += [malware, address, name, indicator, file, report]
    made.append(stix2.Relationship(indicator, "indicates", malware))
    made.append(stix2.Sighting(sighting_of_ref=indicator.id, count=3))
    made.append(
        stix2.ObservedData(
            first_observed="2024-01-01T00:00:00Z", last_observed="2024-01-02T00:00:00Z", number_observed=2, object_refs=[address.id, name.id]
        )
    )
    return made


def plain(made):
    """An object of the library as JSON."""
    return json.loads(made.serialize())


def session(**more):
    made = requests.Session()
    made.trust_env = False
    made.verify = VERIFY
    made.headers["Accept"] = TAXII
    for key, value in more.items():
        setattr(made, key, value)
    return made


class Bearer(TokenAuth):
    """A token as RFC 6750 writes it."""

    def __call__(self, request):
        request.headers["Authorization"] = "Bearer " + self.key
        return request


def discover():
    server = Server(BASE + "taxii2/", user="ines", password=PASSWORD, verify=VERIFY)
    holds("discovery has a title", server.title)
    check("the default is one of the roots", server.default.url in [root.url for root in server.api_roots], True)
    root = server.default
    check("versions", root.versions, [TAXII])
    holds("max_content_length", root.max_content_length >= 1_000_000)
    boxes = [box for box in root.collections if box.id == BOX]
    check("the collection is listed once", len(boxes), 1)
    ids = [box.id for box in root.collections]
    check("collections are listed by id", ids, sorted(ids))
    box = boxes[0]
    check("rights", (box.can_read, box.can_write), (True, True))
    check("media types", box.media_types, ["application/stix+json;version=2.1"])
    return root, box


def add(root, box, made):
    envelope = {"objects": [plain(one) for one in made]}
    status = box.add_objects(envelope)
    check("all were taken", (status.status, status.success_count, status.failure_count), ("complete", len(made), 0))
    again = root.get_status(status.id)
    check("the status can be asked for again", (again.total_count, again.success_count), (len(made), len(made)))
    check("a second time is no error", box.add_objects(envelope).success_count, len(made))
    bad = dict(envelope["objects"][1], id="tool--%s" % uuid.uuid4(), modified="2001-01-01T00:00:00.000Z")
    good = dict(envelope["objects"][1], id="tool--%s" % uuid.uuid4())
    mixed = box.add_objects({"objects": [bad, good]})
    check("one bad, one good", (mixed.success_count, mixed.failure_count), (1, 1))
    check("the bad one is named", mixed.failures[0]["id"], bad["id"])
    holds("and why", mixed.failures[0]["message"])
    return [good["id"]] + [one.id for one in made]


def read(box, expected):
    pages = list(as_pages(box.get_objects, per_request=100))
    came = [one for page in pages for one in page.get("objects", [])]
    check("pages", [len(page["objects"]) for page in pages], [100, 100, len(expected) - 200])
    check("each object once", sorted(one["id"] for one in came), sorted(expected))
    for one in came:
        stix2.parse(one, allow_custom=False)
    records = [one for page in as_pages(box.get_manifest, per_request=90) for one in page["objects"]]
    check("manifest and objects have one order", [one["id"] for one in records], [one["id"] for one in came])
    dates = [one["date_added"] for one in records]
    check("dates rise", dates, sorted(set(dates)))
    tail = box.get_objects(added_after=dates[-3])
    check("added_after is exclusive", [one["id"] for one in tail["objects"]], [one["id"] for one in came[-2:]])
    check("nothing is an empty envelope", box.get_objects(added_after=dates[-1]), {})
    kinds = box.get_objects(type=["indicator", "malware"])["objects"]
    check("match[type]", sorted(one["type"] for one in kinds), ["indicator", "malware"])
    some = [came[0]["id"], came[5]["id"]]
    check("match[id]", sorted(one["id"] for one in box.get_objects(id=some)["objects"]), sorted(some))
    check("match[spec_version]", len(box.get_objects(spec_version="2.1", limit=7)["objects"]), 7)
    return came


def versions(box, made):
    first = next(one for one in made if one["type"] == "tool")
    parsed = stix2.parse(first)
    newer = stix2.new_version(parsed, description="seen again")
    box.add_objects({"objects": [plain(newer)]})
    spelled = box.object_versions(first["id"])["versions"]
    check("two versions, oldest first", spelled, [first["modified"], plain(newer)["modified"]])
    check("the last one", box.get_object(first["id"])["objects"][0]["description"], "seen again")
    check("the first one", "description" in box.get_object(first["id"], version="first")["objects"][0], False)
    check("all of them", len(box.get_object(first["id"], version="all")["objects"]), 2)
    check("one by its time", box.get_object(first["id"], version=first["modified"])["objects"][0]["modified"], first["modified"])
    gone = newer.revoke()
    check("a revocation is a version", box.add_objects({"objects": [plain(gone)]}).success_count, 1)
    late = dict(first, modified="2999-01-01T00:00:00.000Z")
    check("nothing after a revocation", box.add_objects({"objects": [late]}).failure_count, 1)
    box.delete_object(first["id"], version="first")
    check("one version is deleted", len(box.get_object(first["id"], version="all")["objects"]), 2)
    box.delete_object(first["id"])
    refused("a deleted object", 404, lambda: box.get_object(first["id"]))
    refused("its versions", 404, lambda: box.object_versions(first["id"]))


def errors(root, box):
    refused("another collection", 404, lambda: Collection(root.url + "collections/%s/" % uuid.uuid4(), user="ines", password=PASSWORD, verify=VERIFY).refresh())
    refused("another root", 404, lambda: ApiRoot(BASE + "taxii2/nowhere/", user="ines", password=PASSWORD, verify=VERIFY).refresh())
    refused("an unknown status", 404, lambda: root.get_status(str(uuid.uuid4())))
    refused("an unknown object", 404, lambda: box.get_object("tool--%s" % uuid.uuid4()))
    asked = session(auth=("ines", PASSWORD))
    url = box.objects_url
    for query in ["limit=0", "limit=x", "added_after=yesterday", "match[version]=all,last", "next=made-up", "match[id]=x", "limit=1&limit=2", "added_after=%zz"]:
        answer(query, 400, asked.get(url + "?" + query))
    answer("a page in another form", 406, asked.get(url, headers={"Accept": "text/html"}))
    answer("an object in another form", 415, asked.post(url, data="{}", headers={"Content-Type": "text/plain"}))
    for body in ["", "{", "[]", '{"objects":3}', '{"objects":[]} x', '{"objects":[],"objects":[]}', '{"objects":[' + "[" * 9000]:
        answer("a body %r" % body[:20], 422, asked.post(url, data=body.encode(), headers={"Content-Type": TAXII}))
    answer("a method", 405, asked.put(url, data="{}", headers={"Content-Type": TAXII}))
    wrong = session(auth=("ines", "wrong")).get(url)
    answer("a wrong password", 401, wrong)
    holds("how to sign in", "basic" in wrong.headers["WWW-Authenticate"].lower())
    answer("nobody", 401, session().get(url))


def sign_in_otherwise(root, box):
    for how, auth in [("a bearer token", Bearer(TOKEN)), ("a token as taxii2-client writes it", TokenAuth(TOKEN))]:
        held = Collection(box.url, auth=auth, verify=VERIFY)
        check(how, (held.id, held.can_write), (BOX, True))
    answer("a made-up token", 401, session(auth=Bearer("made-up")).get(box.objects_url))
    if CERTIFICATES:
        shown = tuple(os.path.join(CERTIFICATES, name) for name in ("client.pem", "client.key"))
        held = Collection(box.url, cert=shown, verify=VERIFY)
        check("a certificate", (held.id, held.can_write), (BOX, True))
        try:
            session(verify=True).get(BASE + "taxii2/")
            sys.exit("an authority that nobody trusts was taken")
        except requests.exceptions.SSLError:
            holds("an authority that nobody trusts", True)


def main():
    root, box = discover()
    expected = add(root, box, objects())
    came = read(box, expected)
    versions(box, came)
    errors(root, box)
    sign_in_otherwise(root, box)
    print("%d things were looked at" % looked)


main()
