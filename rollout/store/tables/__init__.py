"""The tables, one class per noun."""

from rollout.store.tables.account import Account, AccountPlan, AccountPlanItem, CloudGroup
from rollout.store.tables.audit import AuditHead, AuditRow
from rollout.store.tables.board import IndicatorFigure, Milestone
from rollout.store.tables.claim import Claim
from rollout.store.tables.command import Command
from rollout.store.tables.control_summary import ControlSummary
from rollout.store.tables.directory_cursor import DirectoryCursor
from rollout.store.tables.evidence import Evidence
from rollout.store.tables.forecast import DayForecast
from rollout.store.tables.gate_override import GateOverride
from rollout.store.tables.host_result import HostResult
from rollout.store.tables.lease import Lease
from rollout.store.tables.licence_stock import LicenceStock
from rollout.store.tables.machine import Machine
from rollout.store.tables.mailbox_move import MailboxBatch, MailboxMove
from rollout.store.tables.nightly_work import NightlyWork
from rollout.store.tables.notice import Notice
from rollout.store.tables.organisation import Department, Person, Site
from rollout.store.tables.own_dates import Absence, MachineDates, PersonDates
from rollout.store.tables.pending_controls import PendingControls
from rollout.store.tables.people_figures import PeopleFigures
from rollout.store.tables.personal_device import DeviceReading, PersonalDevice, StrayDevice
from rollout.store.tables.plan import Plan, PlanSlot
from rollout.store.tables.posting import DepartmentChange, MachineMove, Posting
from rollout.store.tables.retirement import Retirement
from rollout.store.tables.run import Run
from rollout.store.tables.sign_in import SignIn
from rollout.store.tables.spare import SpareLoan
from rollout.store.tables.stop import Stop
from rollout.store.tables.takeout import DiskPin, Takeout, TakeoutEmergency
from rollout.store.tables.training import TrainingRecord
from rollout.store.tables.tranche import Tranche, TrancheMember
from rollout.store.tables.wave import Wave
from rollout.store.tables.worker import Taking, Worker

__all__ = [
    "Absence",
    "Account",
    "AccountPlan",
    "AccountPlanItem",
    "AuditHead",
    "AuditRow",
    "Claim",
    "CloudGroup",
    "Command",
    "ControlSummary",
    "DayForecast",
    "Department",
    "DepartmentChange",
    "DeviceReading",
    "DirectoryCursor",
    "DiskPin",
    "Evidence",
    "GateOverride",
    "HostResult",
    "IndicatorFigure",
    "Lease",
    "LicenceStock",
    "Machine",
    "MachineDates",
    "MachineMove",
    "MailboxBatch",
    "MailboxMove",
    "Milestone",
    "NightlyWork",
    "Notice",
    "PendingControls",
    "PeopleFigures",
    "Person",
    "PersonDates",
    "PersonalDevice",
    "Plan",
    "PlanSlot",
    "Posting",
    "Retirement",
    "Run",
    "SignIn",
    "Site",
    "SpareLoan",
    "Stop",
    "StrayDevice",
    "Takeout",
    "TakeoutEmergency",
    "Taking",
    "TrainingRecord",
    "Tranche",
    "TrancheMember",
    "Wave",
    "Worker",
]
