"""What the doctor says of the cloud directory."""

from collections.abc import Callable
from typing import Any

from rollout.application.doctor import accounts
from rollout.application.doctor.finding import Level
from rollout.lab.graph.seed import OFFICE

Found = Callable[..., Any]


def findings(prefecture: Any) -> dict[str, Any]:
    app = prefecture.app
    return {one.key: one for one in accounts.examine(app.settings, app.directory)}


def test_all_is_well_with_the_least_privileges(found: Found) -> None:
    seen = findings(found())

    assert {one.level for one in seen.values()} == {Level.OK}
    assert seen["licences"].found == "SPE_E3: 100 of 100 are free"


def test_missing_roles_are_named_with_the_least_that_is_needed(found: Found) -> None:
    prefecture = found(
        """
[accounts.chat]
provider = "enterprise_app"
service_principal = "x"
app_role = "x"
job = "x"
rule = "x"
""",
        roles=("User.ReadWrite.All", "Organization.Read.All", "Synchronization.ReadWrite.All"),
    )

    seen = findings(prefecture)["directory_roles"]

    assert seen.level is Level.PROBLEM
    assert seen.found == (
        "missing: mailbox: MailboxSettings.ReadWrite, groupware: GroupMember.Read.All, "
        "groupware: Group.Create, groupware: GroupMember.ReadWrite.All, "
        "new names of groups: Group.ReadWrite.All, chat: AppRoleAssignment.ReadWrite.All, "
        "chat: Application.Read.All"
    )


def test_a_wrong_secret_and_a_directory_that_is_away_are_problems(found: Found) -> None:
    prefecture = found()
    prefecture.tenant.secret_file.write_text("wrong")

    seen = findings(prefecture)

    assert list(seen) == ["directory"]
    assert "AADSTS7000215" in seen["directory"].found


def test_a_clock_that_is_off_is_a_problem(found: Found) -> None:
    prefecture = found()
    prefecture.app.directory.sign_in(prefecture.app.settings)
    prefecture.control("advance", {"seconds": 300})

    seen = findings(prefecture)["directory_clock"]

    assert seen.level is Level.PROBLEM
    assert seen.found.startswith("-")


def test_seats_that_ran_out_are_worth_a_look(found: Found) -> None:
    seen = findings(found(skus=[OFFICE | {"enabled": 0}]))["licences"]

    assert seen.level is Level.WARNING
    assert "accounts plan" in seen.remedy
