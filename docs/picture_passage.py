"""How machines of the pictures get through their steps: claims, runs, results, evidence."""

from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.domain.machine import PASSAGE, MachineVerb, Step
from rollout.domain.run import RunVerb
from rollout.domain.wave import WaveVerb
from rollout.store import claims, transitions
from rollout.store.tables import Claim, Evidence, HostResult, Machine, Run, Wave

_STEPS = list(PASSAGE)


class Passage:
    """Moves machines on, a few seconds after each other."""

    def __init__(self, session: Session, begun: datetime) -> None:
        self._session = session
        self._at = begun
        self._runs: dict[tuple[int, Step], int] = {}

    def _pass(self, machine: Machine, steps: int, wave: int) -> None:
        for step in _STEPS[:steps]:
            self._begin(machine, step, wave)
            self._result(machine, self._run(wave, step), "ok", "Report what was done")
            claim = self._claim_of(machine, step)
            claim.outcome, claim.ended_at = "done", self._at
            if step is Step.VERIFY:
                self._prove(machine, claim)
            self._move(machine, MachineVerb.FINISH, "daemon")

    def _begin(self, machine: Machine, step: Step, wave: int) -> None:
        run_id = self._run(wave, step)
        self._session.get_one(Run, run_id).size += 1
        self._move(machine, MachineVerb.BEGIN, "daemon", run_id=run_id)
        self._session.add(
            Claim(
                machine_id=machine.id or 0,
                step=step.value,
                attempt=1,
                run_id=run_id,
                created_at=self._at,
                deadline_at=self._at + timedelta(hours=1),
            )
        )
        self._session.flush()

    def _fail(self, machine: Machine, step: Step, cause: str) -> None:
        claim = self._claim_of(machine, step)
        claim.outcome, claim.ended_at = "failed", self._at
        self._result(machine, claim.run_id, "failed", "Refuse a full disk", cause)
        self._move(machine, MachineVerb.FAIL, "daemon", cause)

    def _prove(self, machine: Machine, claim: Claim) -> None:
        for control, value in (
            ("edr", "稼働中 (4.18.2210.6)"),
            ("disk_encryption", "XtsAes256"),
            ("proxy", "なし"),
        ):
            self._session.add(
                Evidence(
                    machine_id=machine.id or 0,
                    control=control,
                    value=value,
                    verdict="pass",
                    source="verify.yml",
                    epoch=claim.id or 0,
                    run_id=claim.run_id,
                    measured_at=self._at,
                )
            )
        machine.image_id, machine.last_seen_at = "win11-23h2-r1", self._at

    def _run(self, wave: int, step: Step) -> int:
        known = self._runs.get((wave, step))
        if known is not None:
            run = self._session.get_one(Run, known)
            return known
        run = Run(
            ident=f"picture-{wave}-{step}",
            step=step.value,
            wave_id=wave,
            site_id=1,
            size=0,
            lease_epoch=1,
            created_at=self._at,
            started_at=self._at,
            state_since=self._at,
        )
        self._session.add(run)
        self._session.flush()
        self._transition(Run, run.id or 0, RunVerb.START, "daemon")
        self._runs[(wave, step)] = run.id or 0
        return run.id or 0

    def _end_run(self, run_id: int) -> None:
        run = self._session.get_one(Run, run_id)
        run.ended_at = self._at
        self._session.flush()
        self._transition(Run, run_id, RunVerb.FINISH, "daemon")

    def _result(
        self, machine: Machine, run_id: int, status: str, task: str, message: str | None = None
    ) -> None:
        self._session.add(
            HostResult(
                run_id=run_id,
                machine_id=machine.id or 0,
                counter=machine.id or 0,
                task=task,
                status=status,
                message=message,
                at=self._at,
                seconds=1.5,
            )
        )

    def _claim_of(self, machine: Machine, step: Step) -> Claim:
        found = claims.latest(self._session, machine.id or 0, step)
        if found is None:
            raise LookupError(f"{machine.asset_tag} has no claim of {step}")
        return found

    def _move(
        self,
        machine: Machine,
        verb: MachineVerb,
        actor: str = "daemon",
        reason: str | None = None,
        run_id: int | None = None,
    ) -> None:
        self._at += timedelta(seconds=13)
        self._session.flush()
        transitions.apply(
            self._session,
            Machine,
            [machine.id or 0],
            verb,
            actor=actor,
            at=self._at,
            reason=reason,
            run_id=run_id,
        )

    def _transition(
        self, table: type[Wave] | type[Run], id_: int, verb: WaveVerb | RunVerb, actor: str
    ) -> None:
        self._at += timedelta(seconds=7)
        self._session.flush()
        transitions.apply(self._session, table, [id_], verb, actor=actor, at=self._at)
