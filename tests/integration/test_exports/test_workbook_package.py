"""A workbook with its stamp is a whole package: spreadsheets call one damaged that is not."""

import zipfile
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from export_fleet import NOW

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.machines import open_machines
from rollout.settings import Settings
from rollout.store.database import Database

TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
LINKS = "{http://schemas.openxmlformats.org/package/2006/relationships}"


def test_each_part_has_a_type_and_each_reference_a_part(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "m.xlsx"
    with open_machines(fleet, configuration, now=NOW) as extract:
        write(path, extract, Form.XLSX)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in names}  # noqa: S314
    assert "docProps/rollout.xml" in names
    # Names of parts are the same whatever their case.
    assert len({name.lower() for name in names}) == len(names)
    types = trees.pop("[Content_Types].xml")
    endings = {one.get("Extension") for one in types.iter(f"{TYPES}Default")}
    overrides = {str(one.get("PartName"))[1:] for one in types.iter(f"{TYPES}Override")}
    assert overrides <= {*names}
    assert {
        name for name in trees if name not in overrides and name.rpartition(".")[2] not in endings
    } == set()
    for name, tree in trees.items():
        if not name.endswith(".rels"):
            continue
        folder = PurePosixPath(name).parent.parent
        for link in tree.iter(f"{LINKS}Relationship"):
            if link.get("TargetMode") != "External":
                assert _inside(folder / str(link.get("Target"))) in names


def _inside(path: PurePosixPath) -> str:
    """The name of a part without `..` and without a slash before it."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != "/":
            parts.append(part)
    return "/".join(parts)
