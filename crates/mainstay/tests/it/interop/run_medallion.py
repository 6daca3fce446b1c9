"""Runs medallion with one empty collection in memory, on a free port of loopback.

Arguments: a folder of its own, and how many objects a page has at most: 20, as its makers set it, unless said. Prints `collection URL` when it
listens.
"""

import json
import os
import sys

import medallion
from werkzeug.serving import make_server

BOX = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
folder = sys.argv[1]
page = int(sys.argv[2]) if len(sys.argv) > 2 else 20
data = os.path.join(folder, "data.json")
with open(data, "w") as out:
    information = {"title": "root", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 5_000 * page}
    box = {"id": BOX, "title": "box", "can_read": True, "can_write": True, "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": []}
    root = {"information": information, "status": [], "collections": [box]}
    json.dump({"/discovery": {"title": "medallion", "default": "/root/", "api_roots": ["/root/"]}, "root": root}, out)
backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": data}
configuration = os.path.join(folder, "configuration.json")
with open(configuration, "w") as out:
    json.dump({"backend": backend, "users": {"us": os.environ["INTEROP_PASSWORD"]}, "taxii": {"max_page_size": page}}, out)

server = make_server("127.0.0.1", 0, medallion.load_app(configuration), threaded=True)
print("collection http://127.0.0.1:%d/root/collections/%s/" % (server.port, BOX), flush=True)
server.serve_forever()
