"""Words of the history that are no move of a transition table."""

from rollout.domain.lifecycle import Described


class RecordedVerb(Described):
    """What is noted of somebody or something beside the moves of its state."""

    REGISTER = "register", "The ledger named it for the first time."
    CREATE = "create", "A list named it for the first time."
    AMEND = "amend", "What a list says of it changed."
    TRAIN = "train", "Somebody had a course."
    APPLY = "apply", "An application came in."
    REPORT = "report", "Whoever moves mailboxes said how far one is."
    APPROVE = "approve", "It may go on."
    ALARM = "alarm", "Something that a person has to look at was seen."
    FORGET = "forget", "Texts on a person were taken out."
    MEASURE = "measure", "A figure of the programme was said."
    HALT = "halt", "Nothing begins any more."
    RESUME = "resume", "A stop was ended."
    RESTORE = "restore", "A backup took the place of the database."
    OPEN_TRANCHE = "open_tranche", "The next machines of a wave may begin."
    OVERRIDE_GATE = "override_gate", "A gate was passed by once."


class RecordedNoun(Described):
    """What the history is about beside what has a table of moves."""

    SITE = "site", "Where machines stand."
    DEPARTMENT = "department", "Whose they are."
    MAILBOX = "mailbox", "What is moved for a person."
    MAILBOX_BATCH = "mailbox_batch", "Mailboxes that are moved together."
    INDICATOR = "indicator", "A figure that the programme promised."
    STOP = "stop", "Where nothing begins."
    DATABASE = "database", "All that is kept."
