"""The daemon's side of personal devices: who works on them, and what an outage does to that."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rollout.application.byod.work import DevicesWork
from rollout.bootstrap import Application
from rollout.domain.errors import LeaseHeld
from rollout.lab.graph import world
from rollout.service.daemon import Daemon
from rollout.service.devices import devices_thread
from rollout.store.database import Database
from tests.integration.test_accounts.test_daemon import Ahead, NoEngine, await_that, restart
from tests.integration.test_byod.conftest import Office


def _work(office: Office) -> DevicesWork:
    settings = office.app.settings
    return Application(settings, Database(settings.database_url), Ahead()).devices_work


def _daemon(office: Office, make: Callable[[], DevicesWork]) -> Daemon:
    app = office.app
    return Daemon(app.database, app.settings, Ahead(), NoEngine(), devices=make)


@contextmanager
def _running(office: Office) -> Iterator[None]:
    daemon = _daemon(office, lambda: _work(office))
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield
    finally:
        daemon.stop()
        thread.join()


def _asked_for(office: Office) -> str:
    """Somebody who is to be invited."""
    person = office.hire()
    assert office.ask(office.approved(person)).refused == []
    return person


def test_only_the_holder_of_the_lease_works_on_devices(office: Office) -> None:
    person = _asked_for(office)
    began: list[bool] = []

    def make() -> DevicesWork:
        began.append(True)
        return _work(office)

    with _running(office):
        await_that(lambda: person in office.members())
        with pytest.raises(LeaseHeld):
            _daemon(office, make).run()

    assert not began


def test_an_outage_is_said_once_and_outlived(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(tmp_path_factory.mktemp("outage"))
    person, failures = _asked_for(office), list[Exception]()
    world.down(office.folder)
    thread = devices_thread(lambda: _work(office), Ahead(), failures.append, away_seconds=0.1)

    with caplog.at_level(logging.WARNING, logger="rollout.service.beside"):
        thread.start()
        try:
            await_that(lambda: "devices wait" in caplog.text)
            restart(office.folder)
            await_that(lambda: "devices go on" in caplog.text)
        finally:
            thread.stop()

    assert person in office.members()
    ours = [one for one in caplog.records if one.name == "rollout.service.beside"]
    said = [record.getMessage() for record in ours]
    assert [text.partition(",")[0] for text in said] == ["devices wait", "devices go on"]
    assert "cannot be reached" in said[0]
    assert not failures
    office.close()
