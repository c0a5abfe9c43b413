"""Role reimage beside pxe: setup from staged media, Autopilot, Intune's wipe, wake-on-LAN."""

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rollout.lab import remote_wipe
from rollout.lab.graph.world import TenantFiles
from rollout.lab.windows.state import PcFolder
from rollout.lab.wipes import wipes

Until = Callable[[Callable[[], bool]], None]
NO_NETWORK_BOOT, TWICE_KNOWN, WIPE_REFUSED, WRONG_SECRET, IN_CLEAR = range(375, 380)
NO_SETUP, NO_DIGEST, NO_ORDER = 380, 354, 355
PRIVATE, NOT_TOLD = 356, 357
LOST, NOT_AVAILABLE = 358, 359
OURS = {"managedDeviceOwnerType": "company"}
PROFILE = {
    "CloudAssignedTenantId": "11111111-2222-3333-4444-555555555555",
    "CloudAssignedTenantDomain": "pref.example.jp",
    "CloudAssignedOobeConfig": 1310,
    "CloudAssignedDomainJoinMethod": 0,
    "ZtdCorrelationId": "00000000-0000-0000-0000-000000000001",
    "Version": 2049,
    "Comment_File": "プロファイル",
}


class Graph:
    """Intune's part of Microsoft Graph: tokens, devices by serial, wipes that reach the lab."""

    def __init__(self, lab: Path, journal: Path) -> None:
        self.devices: list[dict[str, str]] = []
        self.wiped: list[str] = []
        self.keeps: set[str] = set()
        self.loses: dict[str, int | None] = {}
        graph = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == "/tenant/oauth2/v2.0/token":
                    form = parse_qs(body)
                    right = form["client_secret"] == ["s3cret"] and form["client_id"] == ["app"]
                    self._answer(200 if right else 401, {"access_token": "t0ken"})
                    return
                device = self.path.split("/")[-2]
                self._note(json.loads(body))
                assert self.headers["Authorization"] == "Bearer t0ken"
                if device in graph.keeps:
                    self._answer(403, {"error": {"code": "Forbidden"}})
                    return
                assert json.loads(body) == {"keepEnrollmentData": False, "keepUserData": False}
                graph.wiped.append(device)
                remote_wipe.order(lab, device)
                if device not in graph.loses:
                    self._answer(204, None)
                elif (code := graph.loses[device]) is not None:
                    self._answer(code, {"error": {"code": "ServiceUnavailable"}})
                else:
                    self.close_connection = True

            def _note(self, body: Any) -> None:
                """As the lab's tenant does, for the comparison with Microsoft's description."""
                address = urlsplit(self.path)
                line = {
                    "method": self.command,
                    "path": address.path.removeprefix("/v1.0"),
                    "query": {name: texts[0] for name, texts in parse_qs(address.query).items()},
                    "body": body,
                }
                with journal.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")

            def do_GET(self) -> None:
                self._note(None)
                query = parse_qs(urlsplit(self.path).query)["$filter"][0]
                found = [d for d in graph.devices if f"'{d['serialNumber']}'" in query]
                self._answer(200, {"value": found})

            def _answer(self, code: int, content: Any) -> None:
                text = b"" if content is None else json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def graph(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    files = TenantFiles(tmp_path_factory.mktemp("intune"))
    emulator = Graph(bench.folder, files.requests)
    thread = threading.Thread(target=emulator.server.serve_forever, args=(0.05,))
    thread.start()
    yield emulator
    emulator.server.shutdown()
    emulator.server.server_close()
    thread.join()
    assert files.requests.exists()


@pytest.fixture(scope="module")
def hosts(bench: Any, graph: Graph) -> dict[str, Any]:
    """101 by setup, 102 by setup with an Autopilot profile, 103 and 104 by Intune's wipe.

    105 has the digest of other media.
    """
    media = bench.work / "media"
    (media / "sources").mkdir(parents=True)
    (media / "sources" / "install.wim").write_bytes(b"image")
    (media / "setup.exe").write_bytes(b"MZ")
    secret = bench.work / "graph-secret"
    secret.write_text("s3cret\n")
    graph.devices += [{"id": "TSU-PC103", "serialNumber": "5CD00103"} | OURS]
    staged = {
        "reimage_method": "setup",
        "reimage_media_source": str(media),
        "reimage_media_sha256": hashlib.sha256(b"image").hexdigest(),
    }
    profile = {"reimage_autopilot_managed": False, "reimage_autopilot_profile": PROFILE}
    intune = {
        "reimage_method": "autopilot",
        "reimage_graph_url": graph.url,
        "reimage_login_url": graph.url,
        "reimage_graph_tenant_id": "tenant",
        "reimage_graph_client_id": "app",
        "reimage_graph_secret_file": str(secret),
    }
    other = {"reimage_media_sha256": hashlib.sha256(b"other").hexdigest()}
    found: dict[str, Any] = (
        bench.hosts(101, **staged)
        | bench.hosts(102, **staged | profile | {"reimage_method": "autopilot"})
        | bench.hosts(103, 104, **intune)
        | bench.hosts(105, **staged | other)
    )
    return found


@pytest.fixture(scope="module")
def outcome(bench: Any, hosts: dict[str, Any], until: Until) -> dict[str, Any]:
    bench.daemon.epoch = 10
    plays = {"capture": bench.play("capture", hosts)}
    plays["check"] = bench.play("reimage", hosts, "--check")
    plays["boots after check"] = {n: bench.pc(f"TSU-PC{n}").boot_id for n in range(101, 106)}
    plays["reimage"] = bench.play("reimage", hosts)
    for number in (101, 102, 103):
        until(lambda n=number: bool(bench.daemon.heard("/v1/check-in", f"5CD00{n}")))
    return plays


@pytest.mark.parametrize("number", [101, 102, 103])
def test_a_machine_arrives_by_each_method_and_was_rewritten_once(
    bench: Any, outcome: dict[str, Any], number: int
) -> None:
    report = outcome["reimage"].report(f"m{number}")
    assert report is not None, outcome["reimage"].text
    assert report["armed"] is True
    (arrival,) = bench.daemon.heard("/v1/check-in", f"5CD00{number}")
    assert arrival["image_id"] == "platform-2023.1"
    assert arrival["token"] == f"check-in 5CD00{number}"
    assert arrival["boot_id"] != report["boot_id"]
    assert len(wipes(bench.folder, f"TSU-PC{number}")) == 1


def test_the_autopilot_profile_is_in_the_new_system_exact_and_ascii(
    bench: Any, outcome: dict[str, Any]
) -> None:
    disk = PcFolder(bench.folder / "pcs" / "TSU-PC102").disk
    file = disk / "Windows/Provisioning/Autopilot/AutopilotConfigurationFile.json"
    assert file.read_bytes().isascii()
    assert json.loads(file.read_text()) == PROFILE


def test_other_media_and_unknown_devices_are_refused_before_anything_is_armed(
    bench: Any, outcome: dict[str, Any], graph: Graph
) -> None:
    reimage = outcome["reimage"]
    assert "have digest" in reimage.failure("m105")
    assert "Intune knows no PC with serial 5CD00104" in reimage.failure("m104")
    for number in (104, 105):
        assert reimage.report(f"m{number}") is None
        assert not bench.daemon.heard("/v1/arm", f"5CD00{number}")
        assert wipes(bench.folder, f"TSU-PC{number}") == []
    assert graph.wiped == ["TSU-PC103"]


def test_check_mode_arms_nothing_and_wipes_nothing(outcome: dict[str, Any], bench: Any) -> None:
    check = outcome["check"]
    # 101 to 103, and 105: the digest of media that are not staged yet is not compared.
    assert check.text.count("Check mode ends here. The machine is neither armed") == 4
    for number in (101, 102, 103):
        assert check.report(f"m{number}") is not None, check.text
    assert "Intune knows no PC" in check.failure("m104")
    for number in (101, 102, 103):
        assert len(bench.daemon.heard("/v1/arm", f"5CD00{number}")) == 1
        seen = outcome["reimage"].report(f"m{number}")["boot_id"]
        assert outcome["boots after check"][number] == seen


def test_no_secret_is_in_the_output(outcome: dict[str, Any]) -> None:
    for secret in ("s3cret", "t0ken", "check-in 5CD", "arm-token"):
        assert secret not in outcome["reimage"].text


def test_a_second_run_of_an_order_that_was_used_is_refused_and_wipes_nothing(
    bench: Any, hosts: dict[str, Any], outcome: dict[str, Any]
) -> None:
    again = bench.play("reimage", {name: hosts[name] for name in ("m101", "m103")})
    for number in (101, 103):
        assert "did not arm this machine: this order was used" in again.failure(f"m{number}")
        assert len(wipes(bench.folder, f"TSU-PC{number}")) == 1


@pytest.fixture(scope="module")
def refused(bench: Any, hosts: dict[str, Any], graph: Graph, outcome: dict[str, Any]) -> Any:
    """Each method with one thing that stands against it; no PC of it may be wiped."""
    setup, intune = (
        {k: v for k, v in hosts[name].items() if k.startswith("reimage_")}
        for name in ("m101", "m103")
    )
    bare = bench.work / "bare-media"
    (bare / "sources").mkdir(parents=True)
    (bare / "sources" / "install.wim").write_bytes(b"image")
    wrong = bench.work / "wrong-secret"
    wrong.write_text("guess\n")
    graph.devices += [{"id": f"device-{i}", "serialNumber": "5CD00376"} | OURS for i in (1, 2)]
    graph.devices += [{"id": "kept", "serialNumber": "5CD00377"} | OURS]
    graph.devices += [
        {"id": "TSU-PC356", "serialNumber": "5CD00356", "managedDeviceOwnerType": "personal"},
        {"id": "TSU-PC357", "serialNumber": "5CD00357"},
    ]
    graph.keeps.add("kept")
    with bench.folder_of(NO_NETWORK_BOOT).change() as state:
        state["firmware"]["network_boot"] = False
    asked = bench.hosts(NO_NETWORK_BOOT)
    asked |= bench.hosts(TWICE_KNOWN, WIPE_REFUSED, PRIVATE, NOT_TOLD, **intune)
    asked |= bench.hosts(WRONG_SECRET, **intune | {"reimage_graph_secret_file": str(wrong)})
    asked |= bench.hosts(IN_CLEAR, **intune | {"reimage_graph_url": "http://graph.invalid"})
    asked |= bench.hosts(NO_SETUP, **setup | {"reimage_media_source": str(bare)})
    asked |= bench.hosts(NO_DIGEST, **setup | {"reimage_media_sha256": ""})
    assert bench.play("capture", asked).code == 0
    return bench.play("reimage", asked)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (NO_NETWORK_BOOT, "the firmware lists no network boot entry"),
        (TWICE_KNOWN, "Intune knows 2 PC with serial 5CD00376; it must be one"),
        (PRIVATE, "(owner: personal); a private device is never wiped"),
        (NOT_TOLD, "(owner: not told); a private device is never wiped"),
        (WRONG_SECRET, "/tenant/oauth2/v2.0/token answered 401"),
        (IN_CLEAR, "a token is sent over https only"),
        (NO_SETUP, "have no setup.exe. Nothing was armed"),
        (NO_DIGEST, "reimage_media_sha256 is no SHA-256"),
    ],
)
def test_what_stands_against_a_method_is_found_before_anything_is_armed(
    bench: Any, refused: Any, number: int, why: str
) -> None:
    assert why in refused.failure(f"m{number}")
    assert not bench.daemon.heard("/v1/arm", f"5CD00{number}")
    assert wipes(bench.folder, f"TSU-PC{number}") == []


def test_a_wipe_that_graph_does_not_take_is_told_and_nothing_happens(
    bench: Any, refused: Any, graph: Graph
) -> None:
    said = refused.failure(f"m{WIPE_REFUSED}")
    assert "Intune did not take the order to wipe: /v1.0/deviceManagement" in said
    assert "answered 403" in said
    assert graph.wiped == ["TSU-PC103"]


def test_a_wipe_whose_answer_is_lost_is_left_to_the_machines_own_word(
    bench: Any, hosts: dict[str, Any], graph: Graph, until: Until
) -> None:
    intune = {k: v for k, v in hosts["m103"].items() if k.startswith("reimage_")}
    for number, answer in ((LOST, None), (NOT_AVAILABLE, 503)):
        graph.devices += [{"id": f"TSU-PC{number}", "serialNumber": f"5CD00{number}"} | OURS]
        graph.loses[f"TSU-PC{number}"] = answer
    asked = bench.hosts(LOST, NOT_AVAILABLE, **intune)
    assert bench.play("capture", asked).code == 0
    play = bench.play("reimage", asked)
    for number in (LOST, NOT_AVAILABLE):
        # The order may have been taken: whoever called this a failure would void what it needs.
        assert play.report(f"m{number}")["armed"]
        until(lambda n=number: bool(bench.daemon.heard("/v1/check-in", f"5CD00{n}")))


def test_setup_does_not_start_without_an_order_of_the_deployment_server(
    bench: Any, hosts: dict[str, Any], outcome: dict[str, Any]
) -> None:
    setup = {k: v for k, v in hosts["m101"].items() if k.startswith("reimage_")}
    asked = bench.hosts(NO_ORDER, **setup)
    bench.play("capture", asked)
    bench.daemon.gives_no_order = True
    try:
        play = bench.play("reimage", asked)
    finally:
        bench.daemon.gives_no_order = False
    assert "gave no order to install: no install is armed" in play.failure(f"m{NO_ORDER}")
    assert wipes(bench.folder, f"TSU-PC{NO_ORDER}") == []
    assert bench.pc(f"TSU-PC{NO_ORDER}").powered


def test_an_incomplete_profile_is_refused(bench: Any, hosts: dict[str, Any]) -> None:
    short = {k: v for k, v in PROFILE.items() if k != "Version"}
    changed = {"m105": hosts["m102"] | hosts["m105"] | {"reimage_autopilot_profile": short}}
    changed["m105"]["reimage_method"] = "autopilot"
    assert "lacks Version" in bench.play("reimage", changed).failure("m105")


def test_a_sleeping_machine_is_woken_by_its_own_address(bench: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(60)
        wake = {"reimage_wake_on_lan": True, "reimage_wake_broadcast": "127.0.0.1"}
        wake["reimage_wake_port"] = listener.getsockname()[1]
        play = bench.play("preflight", bench.hosts(104, rollout_epoch=11, **wake))
        assert play.code == 0, play.text
        assert listener.recv(200).startswith(b"\xff" * 6 + bytes.fromhex("02005e000068") * 16)
