"""A wrong configuration is refused with the place of every fault and what to do."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from rollout.domain.machine import Step
from rollout.settings import OperatorRole, Settings, SettingsError, load

PROGRAMME = "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"
Configure = Callable[[str], Path]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Writes a configuration and makes it the one in force."""

    def write(text: str) -> Path:
        path = tmp_path / "rollout.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("ROLLOUT_CONFIG", str(path))
        return path

    return write


def refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        load()
    return str(refused.value)


def test_the_least_configuration_is_two_dates(configure: Configure) -> None:
    configure(PROGRAMME)

    settings = load()

    assert settings.programme.cutover == date(2023, 5, 1)
    assert settings.limits.blast_radius == 20
    assert settings.deadline(Step.REIMAGE) == timedelta(minutes=60)


def test_a_missing_file_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "nowhere.toml"))

    message = refusal()

    assert str(tmp_path / "nowhere.toml") in message
    assert "rollout init" in message
    assert "ROLLOUT_CONFIG" in message


def test_what_is_no_toml_is_named_with_its_line(configure: Configure) -> None:
    path = configure("[programme]\nstart = yesterday\n")

    message = refusal()

    assert str(path) in message
    assert "not valid TOML" in message
    assert "line 2" in message


def test_what_is_no_utf8_is_refused_by_name(configure: Configure) -> None:
    path = configure(PROGRAMME)
    path.write_bytes('name = "展開"'.encode("cp932"))

    assert str(path) in refusal()


def test_an_unknown_key_is_named_with_the_page_that_lists_them(configure: Configure) -> None:
    configure(PROGRAMME + "[limits]\nblast_radios = 5\n")

    message = refusal()

    assert "limits.blast_radios is not a known key" in message
    assert "docs/configuration.md" in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[limits]\nblast_radius = 0\n", "limits.blast_radius"),
        ('[generations.DK20]\npath = "format"\n', "generations.DK20.path"),
        ("[steps.reimage]\nminutes = 0\n", "steps.reimage.minutes"),
        ("[steps.polish]\nminutes = 5\n", "steps.polish"),
        ('[sites."本庁"]\nmachines_per_day = -1\n', "sites.本庁.machines_per_day"),
        ("[service]\nport = 70000\n", "service.port"),
        ('[calendar]\nclosed = ["2023-02-30"]\n', "calendar.closed.0"),
        ("[gates]\nsucceeded_share = 0\n", "gates.succeeded_share"),
        ("[gates]\nfailed_share = 1.5\n", "gates.failed_share"),
        ("[gates]\nsilent_share = nan\n", "gates.silent_share"),
        ("[gates]\nfailed = -1\n", "gates.failed"),
        ("[gates]\nfailed = 2.5\n", "gates.failed"),
        ("[gates]\nsilent_minutes = inf\n", "gates.silent_minutes"),
        ("[gates]\nsoak_minutes = -1\n", "gates.soak_minutes"),
        ("[tranches]\nshare = 0\n", "tranches.share"),
        ("[steps.capture]\nattempts = 0\n", "steps.capture.attempts"),
        ('[steps.capture]\nretry_matching = ["("]\n', "steps.capture.retry_matching.0"),
        ('[steps.capture]\nretry_on = ["unknown"]\n', "steps.capture.retry_on.0"),
        ("[steps.capture]\nserial = 0\n", "steps.capture.serial: 0 is no size"),
        ('[steps.capture]\nserial = [1, "200%"]\n', "'200%' is no size of a batch"),
        ("[steps.capture]\nmax_fail_percentage = 100\n", "steps.capture.max_fail_percentage"),
        ('[windows]\nhours = ["18-22"]\n', "windows.hours.0"),
        ('[windows]\nexempt = ["reimage"]\n', "windows: exempt: reimage"),
        ('[windows.sites."津"]\nweekdays = ["月"]\n', "windows.sites.津.weekdays.0"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(configure: Configure, text: str, place: str) -> None:
    configure(PROGRAMME + text)

    assert place in refusal()


@pytest.mark.parametrize(
    ("written", "meant"), [("5", (5,)), ('"10%"', ("10%",)), ('[1, 5, "50%"]', (1, 5, "50%"))]
)
def test_batches_are_one_size_or_several(
    configure: Configure, written: str, meant: tuple[object, ...]
) -> None:
    configure(PROGRAMME + f"[steps.capture]\nserial = {written}\n")

    assert load().step(Step.CAPTURE).serial == meant


def test_every_fault_is_told_at_once(configure: Configure) -> None:
    configure(PROGRAMME + "[limits]\nblast_radius = 0\nmachines_per_run = 0\n")

    message = refusal()

    assert "limits.blast_radius" in message
    assert "limits.machines_per_run" in message


def test_a_reversed_range_is_refused(configure: Configure) -> None:
    configure(PROGRAMME + '[calendar]\nfreeze = ["2023-04-14/2023-03-20"]\n')

    message = refusal()

    assert "calendar.freeze.0" in message
    assert "ends on 2023-03-20, before it begins on 2023-04-14: swap the two days" in message


def test_a_cutover_before_the_start_is_refused(configure: Configure) -> None:
    configure("[programme]\nstart = 2023-05-01\ncutover = 2023-05-01\n")

    assert "cutover 2023-05-01 is not after start 2023-05-01" in refusal()


def test_an_unknown_time_zone_is_refused_with_an_example(configure: Configure) -> None:
    configure(PROGRAMME + 'timezone = "Asia/Tsu"\n')

    message = refusal()

    assert "'Asia/Tsu' is unknown" in message
    assert "Asia/Tokyo" in message


def test_the_environment_has_the_last_word(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(PROGRAMME + "[service]\nport = 8780\nhost = '127.0.0.1'\n")
    monkeypatch.setenv("ROLLOUT_SERVICE__PORT", "9000")
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", "sqlite:////srv/rollout.db")

    settings = load()

    assert settings.service.address == "http://127.0.0.1:9000"
    assert settings.database_url == "sqlite:////srv/rollout.db"


def test_a_wrong_value_of_the_environment_is_refused_too(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(PROGRAMME)
    monkeypatch.setenv("ROLLOUT_SERVICE__PORT", "many")

    assert "service.port" in refusal()


def test_variables_that_name_no_setting_do_not_stop_the_program(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(PROGRAMME)
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    monkeypatch.setenv("ROLLOUT_NOW", "2022-11-01T09:00+09:00")

    load()


def test_relative_paths_start_at_the_folder_of_the_file(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configure(PROGRAMME + '[ansible]\ngroup_vars = "vars"\ncollections = ["/opt/c", "c"]\n')
    monkeypatch.chdir("/")

    settings = load()

    assert settings.ansible.group_vars == path.parent / "vars"
    assert settings.ansible.collections == (Path("/opt/c"), path.parent / "c")
    assert settings.ansible.artifacts == path.parent / "state" / "runs"
    assert settings.database_url == f"sqlite:///{path.parent}/state/rollout.db"


def test_relative_files_of_the_service_start_there_too(configure: Configure) -> None:
    path = configure(PROGRAMME + '[service]\ntls_certificate = "a.pem"\ntls_key = "a.key"\n')

    service = load().service

    assert service.tls_certificate == path.parent / "a.pem"
    assert service.tls_key == path.parent / "a.key"


def test_without_names_everybody_may_approve_and_with_names_nobody_else(
    configure: Configure,
) -> None:
    configure(PROGRAMME)
    assert load().roles.of("anybody") is OperatorRole.APPROVER

    configure(PROGRAMME + '[roles]\noperators = ["sato"]\napprovers = ["suzuki"]\n')
    roles = load().roles
    assert roles.of("suzuki") is OperatorRole.APPROVER
    assert roles.of("sato") is OperatorRole.OPERATOR
    assert roles.of("anybody") is OperatorRole.VIEWER


def test_a_range_holds_its_first_and_last_day(configure: Configure) -> None:
    configure(PROGRAMME + '[calendar]\nclosed = ["2022-12-29/2023-01-03", 2023-02-01]\n')

    year_end, one_day = load().calendar.closed

    assert date(2022, 12, 29) in year_end
    assert date(2023, 1, 3) in year_end
    assert date(2023, 1, 4) not in year_end
    assert one_day.first == one_day.last == date(2023, 2, 1)


SAMPLE = Path(__file__).parents[2] / "inventory" / "sample" / "rollout.toml"


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ROLLOUT_CONFIG", str(SAMPLE))
    return load()


def test_the_sample_holds_the_programme_of_fiscal_2022(sample: Settings) -> None:
    assert (sample.programme.start, sample.programme.cutover) == (
        date(2022, 11, 1),
        date(2023, 5, 1),
    )
    assert [f"{days.first}/{days.last}" for days in sample.calendar.freeze] == [
        "2023-03-20/2023-04-14"
    ]
    assert {name: policy.take_home for name, policy in sample.generations.items()} == {
        "DK21": True,
        "DK20": True,
        "DK19": "after-refresh",
        "DK18": "after-refresh",
        "DK17": "after-refresh",
    }
    assert set(sample.steps) == set(Step)


def test_the_sample_knows_sites_by_the_ledgers_names(sample: Settings) -> None:
    from rollout.lab.ledger_places import HEAD_OFFICE, REGIONAL_SITES

    assert set(sample.sites) <= {HEAD_OFFICE, *REGIONAL_SITES}
    assert sample.site("尾鷲").machines_per_day < sample.site(HEAD_OFFICE).machines_per_day


def test_what_the_product_ships_is_found(sample: Settings) -> None:
    assert os.access(sample.ansible.playbooks / "preflight.yml", os.R_OK)
    assert os.access(sample.ansible.group_vars, os.R_OK)
