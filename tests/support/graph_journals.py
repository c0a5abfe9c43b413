"""The journals that the tenants of tests leave, beside what Microsoft describes."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from graph_contract import Contract

from rollout.lab.graph.world import TenantFiles


def journals(folders: Iterable[Path]) -> list[Path]:
    """Of every tenant in these folders, whichever process brought it up."""
    return [
        files.requests
        for folder in folders
        if not folder.is_symlink()  # pytest's own, to what is walked anyhow
        for at, _folders, _names in os.walk(folder)
        if (files := TenantFiles(Path(at))).requests.exists()
    ]


def findings(found: Collection[Path], contract: Contract) -> list[str]:
    """A line each, with the journal, whose path names the test.

    The parts of a batch stand in a journal as requests of their own.
    """
    return [
        f"{journal}: {finding}"
        for journal in found
        for finding in contract.findings(map(json.loads, _whole_lines(journal)))
    ]


def _whole_lines(journal: Path) -> list[str]:
    # What follows the last line break is nothing, or a part that a killed tenant left.
    return journal.read_text(encoding="utf-8").split("\n")[:-1]
