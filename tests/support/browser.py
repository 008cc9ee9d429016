"""A headless Chromium that tests look at pages with, spoken to in its own protocol. `make test-browser` fetches it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.paths import ROOT

CHROMIUM = ROOT / ".venv" / "browser" / "chromium"
FLAGS = ("--headless", "--no-sandbox", "--no-zygote", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0")
PATIENCE = 30.0
"""Seconds."""


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number, self._session = socket, 0, None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        self.complaints: list[str] = []
        """What the browser wrote into its log."""

    def open(self, url: str, width: int = 1100, is_dark: bool = False) -> None:
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])
        self._ask("Page.navigate", url=url)
        self._wait_for("Page.loadEventFired")

    def click_through(self, script: str) -> None:
        """Runs a script that leads to another page."""
        self.says(script)
        self._wait_for("Page.loadEventFired")

    def says(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        result = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def photograph(self, path: Path) -> None:
        """The whole page, however long it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _wait_for(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE))
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with a profile in `folder`, gone at the end."""
    assert CHROMIUM.exists(), "make test-browser fetches the browser"
    home = {**os.environ, "HOME": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={folder}"], stderr=log, stdout=log, env=home)
    try:
        with connect(_address(folder, process), max_size=None) as socket:
            yield Page(socket)
    finally:
        process.kill()
        process.wait()


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    end, port_file = time.monotonic() + PATIENCE, folder / "DevToolsActivePort"
    while time.monotonic() < end and process.poll() is None:
        lines = port_file.read_text().splitlines() if port_file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise AssertionError(f"the browser does not start: {(folder / 'log').read_text()[-500:]}")
