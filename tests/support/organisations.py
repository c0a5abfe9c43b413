"""Small organisations for tests of plans in a database."""

from datetime import date, datetime

from sqlmodel import Session

from rollout.store.tables import Department, Machine, Site


def twelve_machines(session: Session, *, at: datetime) -> None:
    """Twelve machines of one department at one site, registered `at`."""
    site = Site(key="本庁")
    department = Department(bureau="総務部", division="人事課", valid_from=date(2022, 4, 1))
    session.add_all([site, department])
    session.flush()
    session.add_all(
        Machine(
            asset_tag=f"DK20-{number:06}",
            serial=f"S{number}",
            computer_name=f"PC{number}",
            generation="DK20",
            site_id=site.id,
            department_id=department.id,
            state_since=at,
        )
        for number in range(1, 13)
    )
