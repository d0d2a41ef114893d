# test_export_es: records in Elasticsearch, or what is as strict.
# SPDX-License-Identifier: MIT
"""Elasticsearch cannot be installed here. What stands in for it does what its
documentation says of `_bulk` and templates, and fails as it does."""

import base64
import collections
import http.server
import json
import re
import threading
import time

import pytest

from exports import Fed, assert_all, flow_key, key_of
from running import wait_for

USER = "elastic:pa;ss".replace(";", "-")


class Index:
    """What is kept, and how the next answers are to be."""

    def __init__(self, version, distribution=None, user=None):
        self.version, self.distribution = version, distribution
        self.user = user
        self.major = 8 if distribution else int(version.split(".")[0])
        self.documents = {}
        self.indices = collections.Counter()
        self.templates = {}
        self.requests = []
        self.refuse = lambda document, number: None
        self.whole = []  # statuses of the next bulk requests
        self.delay = 0
        self.lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, kind, reason):
        self.answer(status, {"error": {"type": kind, "reason": reason},
                             "status": status})

    def is_welcome(self):
        user = self.server.index.user
        if user is None:
            return True
        wanted = "Basic " + base64.b64encode(user.encode()).decode()
        if self.headers.get("Authorization") == wanted:
            return True
        self.error(401, "security_exception", "unable to authenticate user")
        return False

    def do_GET(self):
        index = self.server.index
        if self.is_welcome():
            version = {"number": index.version}
            if index.distribution:
                version["distribution"] = index.distribution
            assert self.path == "/"
            self.answer(200, {"name": "x", "version": version})

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def do_PUT(self):
        index = self.server.index
        body = json.loads(self.body())
        if not self.is_welcome():
            return
        composable = index.major >= 8
        wanted = "/_index_template/" if composable else "/_template/"
        if not self.path.startswith(wanted):
            self.error(405, "illegal", f"{self.path}")
            return
        assert self.headers["Content-Type"] == "application/json"
        inner = body["template"] if composable else body
        mappings = inner["mappings"]
        if index.major < 7:
            assert list(mappings) == ["flows"], "6 has types"
            mappings = mappings["flows"]
        assert set(mappings) == {"properties"}, "no types since 7"
        with index.lock:
            index.templates[self.path] = (body["index_patterns"],
                                          mappings["properties"])
        self.answer(200, {"acknowledged": True})

    def do_POST(self):
        index = self.server.index
        body = self.body()
        time.sleep(index.delay)
        if not self.is_welcome():
            return
        assert self.path == "/_bulk"
        if self.headers["Content-Type"] != "application/x-ndjson":
            self.error(406, "media_type", "Content-Type is not supported")
        elif index.whole:
            self.refuse_all(index.whole.pop(0), len(body))
        elif not body.endswith(b"\n"):
            self.error(400, "illegal_argument_exception",
                       "The bulk request must be terminated by a newline")
        else:
            self.bulk(body.decode().split("\n")[:-1])

    def refuse_all(self, status, size):
        if isinstance(status, tuple):  # no more than so many bytes
            limit = status[1]
            if size > limit:
                self.server.index.whole.insert(0, status)
                self.send_response(413)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.server.index.whole.clear()
                self.error(503, "unavailable", "come again")
        elif status == "garbage":
            self.answer(200, ["what", {"you": "want"}])
        elif status == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            self.close_connection = True
        else:
            self.error(status, "es_rejected_execution_exception", "busy")

    def bulk(self, lines):
        index = self.server.index
        assert len(lines) % 2 == 0
        items = []
        with index.lock:
            index.requests.append(len(lines) // 2)
            for number, (action, source) in enumerate(
                zip(lines[::2], lines[1::2])
            ):
                items.append({"index": self.put(json.loads(action),
                                                json.loads(source), number)})
        bad = any(item["index"]["status"] >= 300 for item in items)
        self.answer(200, {"took": 1, "errors": bad, "items": items})

    def put(self, action, source, number):
        index = self.server.index
        assert list(action) == ["index"]
        what = action["index"]
        if index.major < 7:
            assert what.get("_type") == "flows", "type is missing"
        else:
            assert "_type" not in what, "unknown parameter [_type]"
        error = index.refuse(source, number)
        if error:
            return {"_id": what["_id"], "status": error,
                    "error": {"type": "mapper_parsing_exception",
                              "reason": f"failed for {error}"}}
        known = what["_id"] in index.documents
        index.documents[what["_id"]] = source
        index.indices[what["_index"]] += 1
        return {"_id": what["_id"], "status": 200 if known else 201}


class StandIn:
    def __init__(self, index, port=0):
        self.index = index
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), Handler
        )
        self.server.daemon_threads = True
        self.server.index = index
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       args=(0.05,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def stand_in():
    running = []

    def start(*words, port=0, index=None, **more):
        index = index or Index(*words, **more)
        running.append(StandIn(index, port))
        return running[-1]

    yield start
    for one in running:
        if one.thread.is_alive():
            one.stop()


@pytest.fixture
def fed(offline, tmp_path):
    running = []

    def start(*exports, **more):
        running.append(Fed(offline, tmp_path, *exports, **more))
        return running[-1]

    yield start
    for one in running:
        one.close()


def spec(port, user=""):
    url = f"http://127.0.0.1:{port}/_bulk"
    return f"es;flows;ntopng-%Y.%m.%d;{url}" + (f";{user}" if user else "")


@pytest.mark.parametrize(
    "version, more",
    [("6.8.23", {}), ("7.17.9", {}), ("8.11.0", {}),
     ("2.11.0", {"distribution": "opensearch"})],
)
def test_versions(fed, stand_in, version, more):
    server = stand_in(version, **more)
    kelvin = fed(spec(server.port))
    kelvin.flows(5000)
    kelvin.finish()
    index = server.index
    documents = list(index.documents.values())
    assert_all(documents, 0, 5000)
    assert set(index.indices) == {time.strftime("ntopng-%Y.%m.%d",
                                                time.gmtime())}
    for document in documents:
        assert document["type"] == "flows"
        assert document["@timestamp"] == document["ntop_timestamp"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.0Z",
                            document["@timestamp"])
    [(patterns, properties)] = index.templates.values()
    assert patterns == ["ntopng-*"]
    kinds = {name: value["type"] for name, value in properties.items()}
    assert kinds["IPV4_SRC_ADDR"] == kinds["IPV6_DST_ADDR"] == "ip"
    assert kinds["SRC_IP_LOCATION"] == "geo_point"
    assert kinds["@timestamp"] == kinds["FIRST_SWITCHED"] == "date"
    assert kinds["L7_PROTO_NAME"] == kinds["HTTP_URL"] == "keyword"
    assert kinds["IN_BYTES"] == "long"
    assert kinds["CLIENT_NW_LATENCY_MS"] == "double"
    assert set(documents[0]) <= set(kinds)


def test_only_bad_items_are_dropped(fed, stand_in):
    server = stand_in("8.11.0")
    server.index.refuse = lambda document, number: (
        400 if document["L4_SRC_PORT"] % 100 == 7 else None
    )
    kelvin = fed(spec(server.port))
    kelvin.flows(3000)
    kelvin.settle()
    bad = {i for i in range(3000) if flow_key(i)[2] % 100 == 7}
    kelvin.wait_sink(lambda now: now["rejected_records_total"] == len(bad))
    kelvin.wait_sink(lambda now: now["exported_records_total"]
                     == 3000 - len(bad))
    kelvin.finish(expect=1)
    keys = {key_of(one) for one in server.index.documents.values()}
    assert keys == {flow_key(i) for i in range(3001) if i not in bad}
    assert kelvin.said().count("mapper_parsing_exception: failed for 400") == 1


def test_busy_items_are_sent_again(fed, stand_in):
    server = stand_in("8.11.0")
    left = [3]

    def refuse(document, number):
        if number == 0:
            left[0] -= 1
        return 429 if left[0] >= 0 and number % 3 == 1 else None

    server.index.refuse = refuse
    kelvin = fed(spec(server.port))
    kelvin.flows(2000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["exported_records_total"] == 2000)
    kelvin.finish()
    assert_all(server.index.documents.values(), 0, 2001)
    assert kelvin.said().count("429 mapper") >= 1


@pytest.mark.parametrize("trouble", [429, 503, 500, "garbage", "cut",
                                     ("no more than", 100_000)])
def test_whole_requests_are_sent_again(fed, stand_in, trouble):
    server = stand_in("7.17.9")
    server.index.whole = [trouble, trouble]
    kelvin = fed(spec(server.port))
    kelvin.flows(2000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["exported_records_total"] == 2000)
    kelvin.finish()
    assert_all(server.index.documents.values(), 0, 2001)


def test_outage_and_restart(fed, stand_in):
    server = stand_in("8.11.0")
    kelvin = fed(spec(server.port))
    kelvin.flows(1000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["exported_records_total"] == 1000)
    server.stop()
    kelvin.flows(20000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["spooled_records"] >= 20000)
    kelvin.kill()
    second = fed(spec(server.port), first=kelvin.fed)
    stand_in(index=server.index, port=server.port)
    second.flows(100)
    second.settle()
    second.wait_sink(lambda now: now["queued_records"]
                     + now["spooled_records"] == 0)
    second.finish()
    keys = {key_of(one) for one in server.index.documents.values()}
    lost = 21001  # it was alive when kelvin was killed
    assert keys == {flow_key(i) for i in range(kelvin.fed + 101) if i != lost}


def test_slow_server_holds_up_nothing(fed, stand_in):
    server = stand_in("8.11.0")
    server.index.delay = 3
    kelvin = fed(spec(server.port))
    kelvin.flows(10000)
    kelvin.settle()
    assert kelvin.sink()["records_total"] == 10000
    kelvin.wait_sink(lambda now: now["spooled_records"] > 0)
    server.index.delay = 0
    kelvin.wait_sink(lambda now: now["exported_records_total"] == 10000)
    kelvin.finish()


def test_credentials_come_from_a_file_and_stay_secret(fed, stand_in, tmp_path):
    server = stand_in("8.11.0", user=USER)
    (tmp_path / "secret").write_text(USER + "\n")
    wrong = fed(spec(server.port, "elastic:nonsense-word"))
    wrong.wait_said("answers 401: unable to authenticate user")
    command = open(f"/proc/{wrong.pid}/cmdline").read()
    wrong.report()
    wrong.kill()
    assert "nonsense-word" not in wrong.said() + command
    right = fed(spec(server.port, f"@{tmp_path}/secret"), first=10)
    right.flows(10)
    right.finish()
    assert_all(server.index.documents.values(), 10, 10)
    assert "pa-ss" not in right.said()
