"""Runs OpenTAXII with one empty collection in SQLite, on a free port of loopback.

Arguments: a folder of its own, and how many bytes a request has at most, 100,000 unless said; with it, custom properties are taken. Prints
`token TOKEN`, and `collection URL` when it listens.
"""

import json
import os
import sys

folder = sys.argv[1]
configuration = os.path.join(folder, "configuration.yml")


def database(name):
    return "sqlite:///" + os.path.join(folder, name)


with open(configuration, "w") as out:
    accounts = {"db_connection": database("accounts.db"), "create_tables": True, "secret": "of a test"}
    objects = {"db_connection": database("objects.db"), "create_tables": True}
    settings = {
        "domain": "127.0.0.1",
        "support_basic_auth": True,
        "auth_api": {"class": "opentaxii.auth.sqldb.SQLDatabaseAPI", "parameters": accounts},
        "taxii1": None,
        "taxii2": {
            "persistence_api": {"class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI", "parameters": objects},
            "title": "OpenTAXII",
            "description": "of a test",
            "contact": "nobody@example.org",
            "max_content_length": int(sys.argv[2]) if len(sys.argv) > 2 else 100_000,
            "public_discovery": False,
            "allow_custom_properties": len(sys.argv) > 2,
        },
        "logging": {"opentaxii": "critical", "root": "critical"},
    }
    json.dump(settings, out)  # JSON is YAML
os.environ["OPENTAXII_CONFIG"] = configuration

from opentaxii.http import app  # noqa: E402  (reads the configuration when it is imported)
from werkzeug.serving import make_server  # noqa: E402

if len(sys.argv) > 2:
    # the answer to a POST names the job by an object that its JSON does not know, so that each is a 500 after all was taken
    from opentaxii.taxii2.entities import Job

    told = Job.as_taxii2_dict
    Job.as_taxii2_dict = lambda self: {**told(self), "id": str(self.id)}

with app.app_context():
    app.taxii_server.auth.api.create_account("us", os.environ["INTEROP_PASSWORD"], is_admin=True)
    held = app.taxii_server.servers.taxii2.persistence.api
    root = held.add_api_root("root", default=True)
    box = held.add_collection(root.id, "box")
    print("token", app.taxii_server.auth.api.authenticate("us", os.environ["INTEROP_PASSWORD"]), flush=True)
server = make_server("127.0.0.1", 0, app, threaded=False)
print("collection http://127.0.0.1:%d/taxii2/%s/collections/%s/" % (server.port, root.id, box.id), flush=True)
server.serve_forever()
