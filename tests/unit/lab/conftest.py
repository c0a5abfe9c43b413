"""One lab PC on disk, without a supervisor."""

from pathlib import Path

import pytest

from rollout.lab.pcs import LabPc, create
from rollout.lab.windows.state import PcFolder


@pytest.fixture
def pc(tmp_path: Path) -> PcFolder:
    (tmp_path / "requests").mkdir()
    machine = LabPc("PC-1", "DK20-000001", "SN1", "02:00:5e:00:00:01", "DK20")
    create(tmp_path / "pcs", machine)
    return PcFolder(tmp_path / "pcs" / "PC-1")
