"""Headless Chromium, driven over the DevTools protocol, for the tests with the marker browser."""

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from processes import ended, stop

# Seconds until a server, the browser and a page must be there.
DEADLINE = 120


def until(found, process, log: Path, what: str):
    """RETURNS (object): What `found` returns, as soon as that is something; the test fails if it is nothing to the end."""
    last = time.monotonic() + DEADLINE
    while not (value := found()):
        if time.monotonic() > last or ended(process):
            pytest.fail(f"No {what}:\n{log.read_text(encoding='utf8', errors='replace')[-3000:]}")
    return value


class Page:
    """A page in headless Chromium, over the DevTools protocol."""

    def __init__(self, socket, process, log):
        self.socket, self.process, self.log = socket, process, log
        self.numbers, self.events = count(1), []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv(timeout=DEADLINE))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def js(self, code: str) -> object:
        found = self.call("Runtime.evaluate", expression=code, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, code: str, what: str) -> object:
        try:
            return until(lambda: self.js(code), self.process, self.log, what)
        except pytest.fail.Exception as error:
            pytest.fail(f"{error}\n{self.js('document.body.innerText')}")

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def complaints(self) -> list:
        """RETURNS (list): Errors in the console, and exceptions."""
        bad = {
            "Runtime.exceptionThrown": lambda p: True,
            "Log.entryAdded": lambda p: p["entry"]["level"] == "error",
            "Runtime.consoleAPICalled": lambda p: p["type"] in ("error", "assert"),
        }
        return [event for event in self.events if bad.get(event["method"], lambda p: False)(event["params"])]

    def requests(self) -> list[str]:
        """RETURNS (list): The address of everything that was asked for."""
        urls = [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]
        return urls + [event["params"]["url"] for event in self.events if event["method"] == "Network.webSocketCreated"]

    def hosts(self) -> set:
        return {urlsplit(url).netloc for url in self.requests() if urlsplit(url).scheme not in ("data", "blob")}

    def look(self, width: int, height: int = 900, scheme: str = "light", phone: bool = False, media: str = "") -> None:
        """Set the size of the window, in CSS pixels, what its user prefers, and the medium ("print")."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def picture(self, path: Path, whole: bool = False) -> None:
        """Write a PNG of what is seen, or of the whole page."""
        path.write_bytes(b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def pdf(self) -> bytes:
        """RETURNS (bytes): What a printer gets, on A4."""
        return b64decode(
            self.call("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"]
        )


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Open an empty page. Nothing of the browser's own reaches the network either. The test is skipped where there is none.

    folder (Path): Gets the browser's files.
    """
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed: make test-browser")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium (Debian: apt-get install chromium)")
    words = [
        program,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder / 'browser'}",
        "--no-first-run",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-proxy-server",
    ]
    # Chromium refuses to sandbox what root starts. It opens nothing here but pages of the tests.
    words += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    port, log = folder / "browser/DevToolsActivePort", folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*words, "about:blank"], stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "HOME": str(folder)}
        )
    try:
        number = until(lambda: port.exists() and port.read_text().split(), process, log, "browser")[0]
        listed = build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{number}/json/list", timeout=DEADLINE)
        (tab,) = [target for target in json.loads(listed.read()) if target["type"] == "page"]
        with client.connect(tab["webSocketDebuggerUrl"], max_size=None, proxy=None) as socket:
            yield Page(socket, process, log)
    finally:
        stop(process)
