"""The hits process, for the tests that talk to it over real HTTP."""

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest
from django.conf import settings
from django.db import connection

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


class Host:
    def __init__(self, port):
        self.port = port

    def __call__(self, method, path, body=None, **headers):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            line.request(method, path, body, {**FIREFOX, **{k.replace("_", "-"): v for k, v in headers.items()}})
            answer = line.getresponse()
            answer.text = answer.read().decode("utf-8", "replace")
            return answer


@pytest.fixture(scope="module")
def process(django_db_setup, django_db_blocker):
    """One hits process on the tests' database, as `up` would start it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
    base, _, query = settings.DATABASE_URL.partition("?")
    url = f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "POSTHOUSE_ROLE": "daemon",
        "DJANGO_SETTINGS_MODULE": "posthouse.settings",
    }
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    running = subprocess.Popen(
        [*command, "--no-ws", "--log-level", "warning", "posthouse.hits:application"], env=environ
    )
    host = Host(port)
    for _ in range(200):
        try:
            if host("GET", "/livez").status == 200:
                break
        except OSError:
            time.sleep(0.1)
    yield host
    running.terminate()
    running.wait(20)


@pytest.fixture
def hits(process):
    return process
