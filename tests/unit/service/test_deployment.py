"""What PCs that boot from the network get over HTTP, and what a faulty folder is told."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters import deployment_folder
from rollout.adapters.clock import SystemClock
from rollout.adapters.deployment_folder import DeploymentError
from rollout.application.deployment import boot_script
from rollout.domain.errors import RolloutError
from rollout.service.deployment import PIECE
from rollout.service.endpoint import Endpoint
from rollout.settings import DeploymentSettings, Settings
from rollout.store.database import Database

IMAGE = "win11-23h2-r1"
CONTENT = {"vmlinuz": b"kernel", "initrd.gz": b"initrd", "new.img": b"image" * PIECE}


def entry(name: str) -> dict[str, Any]:
    content = CONTENT[name]
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "kernel": entry("vmlinuz"),
        "initrd": entry("initrd.gz"),
        "images": {IMAGE: entry("new.img")},
        "arguments": "console=ttyS0",
        "local_kernel": True,
    }


@pytest.fixture
def folder(tmp_path: Path, manifest: dict[str, Any]) -> Path:
    place = tmp_path / "deployment"
    place.mkdir()
    for name, content in CONTENT.items():
        (place / name).write_bytes(content)
    write(place, manifest)
    return place


def write(folder: Path, manifest: Any) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def port(database: Database, settings: Settings, folder: Path) -> Iterator[int]:
    served = settings.model_copy(update={"deployment": DeploymentSettings(folder=folder)})
    endpoint = Endpoint(database, served, SystemClock())
    endpoint.start()
    yield endpoint._server.servers[0].sockets[0].getsockname()[1]
    endpoint.stop()


def get(
    port: int, path: str, body: dict[str, Any] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, body=json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize(
    "query", ["", "?mac=", "?mac=none", "?mac=02:00:00:00:00:01", "?mac=02:00:00:00:00:01&serial=x"]
)
def test_a_pc_that_nobody_ordered_starts_from_its_own_disk(port: int, query: str) -> None:
    status, text, _headers = get(port, f"/v1/boot.ipxe{query}")
    assert status == 200
    assert text.startswith(b"#!ipxe\n")
    assert b"rollout.mode=local" in text
    assert b"install" not in text


def test_a_script_names_the_server_as_the_pc_knows_it(port: int) -> None:
    text = get(port, "/v1/boot.ipxe?mac=02:00:00:00:00:01")[1].decode()
    assert f"kernel http://127.0.0.1:{port}/v1/deployment/kernel initrd=initrd" in text
    assert f"rollout.service=http://127.0.0.1:{port} console=ttyS0\n" in text


def test_the_installers_script_differs_by_its_mode_alone(folder: Path) -> None:
    deployment = deployment_folder.read(folder)
    local = boot_script(deployment, install=False, service_url="http://s")
    install = boot_script(deployment, install=True, service_url="http://s")
    assert install == local.replace("rollout.mode=local", "rollout.mode=install")


def test_disks_with_a_boot_loader_are_left_to_the_firmware(
    folder: Path, manifest: dict[str, Any]
) -> None:
    write(folder, {**manifest, "local_kernel": False})
    deployment = deployment_folder.read(folder)
    assert boot_script(deployment, install=False, service_url="http://s") == "#!ipxe\nexit\n"
    assert "rollout.mode=install" in boot_script(deployment, install=True, service_url="http://s")


@pytest.mark.parametrize(
    ("path", "name"),
    [("kernel", "vmlinuz"), ("initrd", "initrd.gz"), (f"images/{IMAGE}", "new.img")],
)
def test_files_come_whole_with_their_size_and_digest(port: int, path: str, name: str) -> None:
    status, content, headers = get(port, f"/v1/deployment/{path}")
    assert (status, content) == (200, CONTENT[name])
    assert headers["content-length"] == str(len(content))
    assert headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'


@pytest.mark.parametrize("image", ["other", "..%2Fvmlinuz", "%2Fetc%2Fpasswd", "new.img"])
def test_nothing_but_the_manifests_images_is_handed_out(port: int, image: str) -> None:
    assert get(port, f"/v1/deployment/images/{image}")[0] == 404


def test_without_a_folder_nothing_is_handed_out(database: Database, settings: Settings) -> None:
    endpoint = Endpoint(database, settings, SystemClock())
    endpoint.start()
    try:
        own = endpoint._server.servers[0].sockets[0].getsockname()[1]
        assert get(own, "/v1/boot.ipxe")[0] == 404
        assert get(own, "/v1/deployment/kernel")[0] == 404
    finally:
        endpoint.stop()


FAILED = {"token": "t", "serial": "s", "disk_touched": False, "reason": "r"}


def test_an_installer_that_nobody_ordered_is_not_believed(port: int) -> None:
    status, text, _headers = get(port, "/v1/deploy-failed", FAILED)
    assert (status, json.loads(text)) == (403, {"error": "unknown token"})


@pytest.mark.parametrize("name", list(FAILED))
@pytest.mark.parametrize("instead", [None, "", 7, ["x"]])
def test_a_report_without_a_field_is_a_bad_request(port: int, name: str, instead: Any) -> None:
    status, text, _headers = get(port, "/v1/deploy-failed", {**FAILED, name: instead})
    assert (status, json.loads(text)["error"]) == (400, f"{name} is missing")


def test_a_folder_without_a_manifest_is_refused(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    served = settings.model_copy(update={"deployment": DeploymentSettings(folder=tmp_path)})
    with pytest.raises(RolloutError, match=r"manifest\.json cannot be read"):
        Endpoint(database, served, SystemClock())


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("kernel", None, "kernel"),
        ("images", {"../x": {}}, "images"),
        ("images", {IMAGE: {"file": "../../etc/passwd", "sha256": "0" * 64, "size": 1}}, "file"),
        ("images", {IMAGE: {"file": "new.img", "sha256": "short", "size": 1}}, "sha256"),
        ("images", {IMAGE: {"file": "new.img", "sha256": "0" * 64, "size": 1}}, "bytes"),
        ("images", {IMAGE: {"file": "absent.img", "sha256": "0" * 64, "size": 1}}, "0 bytes"),
        ("initrd", {"file": "initrd.gz", "sha256": "0" * 64, "size": 6}, "digest"),
        ("kernel", {"file": "absent", "sha256": "0" * 64, "size": 6}, "digest"),
        ("arguments", "a\nimgfree", "arguments"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_faulty_manifest_is_refused_with_the_place(
    folder: Path, manifest: dict[str, Any], key: str, value: Any, why: str
) -> None:
    write(folder, {**manifest, key: value})
    with pytest.raises(DeploymentError, match=why):
        deployment_folder.read(folder)


def test_a_manifest_that_is_no_json_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text("kernel: vmlinuz")
    with pytest.raises(DeploymentError, match="JSON"):
        deployment_folder.read(folder)
