"""No private device can be wiped whole, retired, deleted or reset: proof layer by layer.

1. Every order that the product can give becomes one of a list of requests, none of which names a
   device. 2. The transport sends nothing that changes anything and is not in that list, however it
   is spelled, alone or in a batch. 3. Nothing else in the product speaks to the device management;
   where its name stands in the sources, it is read. 4. The port to private devices has no verb that
   could. 5. The roles that are asked for let the service itself refuse it, over real HTTPS.
The playbooks' own credential, which may wipe, is tested in `tests/playbooks/test_reimage_methods`.
"""

import ast
import dataclasses
import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.graph.calls import call
from rollout.adapters.graph.permissions import needed_for_devices
from rollout.adapters.graph.permitted import CHANGES, Forbidden, must_be_permitted
from rollout.application.accounts.orders import Order, SingleOrder
from rollout.application.byod.devices import Devices
from rollout.domain.personal_device import DeviceVerb
from rollout.lab.graph.routes import RouteTable

ROOT = Path(__file__).parents[2]
BASE = "https://graph.microsoft.com/v1.0"
VALUES: dict[str, Any] = {"int": 1, "str": "x", "str | None": "x", "tuple[str, ...]": ("x",)}
#: Actions of the device management that destroy, and the one that ends a device's registration.
DESTROYING = (
    *("wipe", "retire", "cleanWindowsDevice", "deleteUserFromSharedAppleDevice", "disable"),
    *("bypassActivationLock", "resetPasscode", "remoteLock", "shutDown", "rebootNow"),
)
COULD_WIPE = {
    "DeviceManagementManagedDevices.PrivilegedOperations.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
    "Device.ReadWrite.All",
    "Directory.ReadWrite.All",
}


def every_order() -> Iterator[Order]:
    # Questions that are asked of many at once only read.
    for kind in typing.get_args(SingleOrder):
        hints = typing.get_type_hints(kind)
        values = {
            field.name: VALUES.get(str(field.type), {} if "Mapping" in str(field.type) else "x")
            for field in dataclasses.fields(kind)
        }
        assert set(hints) == set(values)
        yield kind(**values)


@pytest.mark.parametrize("order", list(every_order()), ids=lambda order: type(order).__name__)
def test_no_order_names_a_device_and_each_is_in_the_list(order: Order) -> None:
    request = call(order, BASE)

    assert "device" not in request.path.lower() or request.path.endswith("ByDeviceTag")
    must_be_permitted(request.method, request.path, request.body)


def test_the_list_of_changes_leads_to_no_device() -> None:
    assert [path for _, path in CHANGES if re.search("device", path, re.IGNORECASE)] == [
        "/users/*/wipeManagedAppRegistrationsByDeviceTag"
    ]
    assert not [path for method, path in CHANGES if method == "DELETE" and "members" not in path]


SPELLINGS = st.sampled_from(
    [
        "/deviceManagement/managedDevices/{}/{}",
        "/deviceManagement/managedDevices('{}')/{}",
        "/deviceManagement/managedDevices/{}/microsoft.graph.{}",
        "/DEVICEMANAGEMENT/manageddevices/{}/{}",
        "/users/x/managedDevices/{}/{}",
        "/users/x/../../deviceManagement/managedDevices/{}/{}",
        "/users/x%2F..%2F..%2FdeviceManagement%2FmanagedDevices%2F{}%2F{}%3F/sendMail",
        "/users/..%252F..%252FdeviceManagement%252FmanagedDevices%252F{}%252F{}/sendMail",
        "/users/../sendMail",
        "/users/x/sendMail/../../../deviceManagement/managedDevices/{}/{}",
        "//deviceManagement/managedDevices/{}/{}",
        "https://graph.microsoft.com/v1.0/deviceManagement/managedDevices/{}/{}",
        "/deviceManagement/comanagedDevices/{}/{}",
        "/deviceAppManagement/managedAppRegistrations/{}/{}",
        "/devices/{}",
        "/$batch/../deviceManagement/managedDevices/{}/{}",
    ]
)


@given(SPELLINGS, st.sampled_from(DESTROYING), st.text(min_size=1), st.booleans())
def test_the_transport_sends_no_such_request_however_it_is_spelled(
    spelling: str, action: str, device: str, batched: bool
) -> None:
    path = spelling.format(quote(device, safe=""), action)
    for method in ("POST", "PATCH", "PUT", "DELETE", "post"):
        request: tuple[Any, ...] = (method, path)
        if batched:
            part = {"id": "1", "method": method, "url": path}
            harmless = {"id": "0", "method": "GET", "url": "/users"}
            request = ("POST", "/$batch", {"requests": [harmless, part]})
        with pytest.raises(Forbidden):
            must_be_permitted(*request)


def test_every_request_of_the_transport_goes_by_the_list() -> None:
    file = ROOT / "rollout/adapters/graph/transport.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    (send,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "send"
    ]
    names = [
        node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for node in ast.walk(send)
        if isinstance(node, ast.Call)
    ]
    assert "must_be_permitted" in names
    # The kit's way out is used in one place of the whole product: here, behind the list.
    assert [
        str(path.relative_to(ROOT))
        for path in _sources("rollout", "tui")
        if "send_primitive_async" in path.read_text(encoding="utf-8")
        or re.search(
            r"^\s*(import|from) (msgraph|kiota\w*)\b", path.read_text(encoding="utf-8"), re.M
        )
    ] == ["rollout/adapters/graph/transport.py"]


def _sources(*rooms: str) -> list[Path]:
    return sorted(
        path
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        # The lab answers such requests as the service does; nothing of the product imports it.
        if "lab" not in path.relative_to(ROOT).parts
    )


def test_the_device_management_is_spoken_to_in_two_places_and_one_of_them_only_reads() -> None:
    found = {
        str(path.relative_to(ROOT)): {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "/" in node.value
            and re.search("managedDevices|deviceManagement", node.value, re.IGNORECASE)
        }
        for path in _sources("rollout", "tui", "playbooks")
    }

    speaking = {path: texts for path, texts in found.items() if texts}

    assert set(speaking) == {
        "rollout/adapters/graph/devices.py",
        "playbooks/roles/reimage/action_plugins/intune_wipe.py",
    }
    # It speaks through a reader that knows one method.
    assert _methods("devices.py") == set()
    assert _methods("reading.py") == {"GET"}


def _methods(name: str) -> set[str]:
    tree = ast.parse((ROOT / "rollout/adapters/graph" / name).read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node.value in ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
    }


def test_no_playbook_speaks_to_the_device_management_but_by_the_plugin() -> None:
    texts = [
        path
        for path in (ROOT / "playbooks").rglob("*")
        if path.suffix in (".yml", ".ps1", ".j2", ".py")
        and re.search("managedDevices", path.read_text(encoding="utf-8"), re.IGNORECASE)
        and path.name not in ("intune_wipe.py", "argument_specs.yml")
    ]

    assert texts == []


def test_the_port_to_private_devices_and_their_lifecycle_have_no_verb_that_could() -> None:
    assert {name for name, _ in inspect.getmembers(Devices, inspect.isfunction)} - {
        "__init__",
        "_no_init_or_replace_init",
        "__subclasshook__",
    } == {"standing", "group", "reading", "restrictions", "autopilot", "close"}
    assert {"wipe", "retire", "erase", "reset", "delete"} & {
        verb.value for verb in DeviceVerb
    } == set()


def test_the_roles_that_are_asked_for_let_the_service_refuse_it() -> None:
    from rollout.lab.graph import devices as intune

    asked = {role.roles[0] for role in needed_for_devices()}
    routes = vars(intune)["table"]

    assert isinstance(routes, RouteTable)
    assert asked & COULD_WIPE == set()
    destroying = [
        route
        for route in routes.routes
        if route.method != "GET" and "managedDevices" in route.template
    ]
    assert len(destroying) >= 2
    assert [route.template for route in destroying if set(route.roles) & asked] == []
