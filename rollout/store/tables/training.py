"""Training that people have had."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class TrainingRecord(SQLModel, table=True):
    """A person's training in one course on one day.

    `course` is its name as the file has it, `course_key` the same as names are compared. `passed`
    is None where the file does not say; a record without `score` is one of attendance.
    """

    __tablename__ = "training_records"
    __table_args__ = (
        UniqueConstraint("person_id", "course_key", "taken_on", name="ux_training_records"),
        CheckConstraint("course_key <> ''", name="ck_training_records_course"),
        CheckConstraint("score >= 0", name="ck_training_records_score"),
        Index("ix_training_records_course", "course_key", "person_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="people.id")
    course: str
    course_key: str
    taken_on: date
    score: float | None = None
    passed: bool | None = None
