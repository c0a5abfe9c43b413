"""What somebody needs to work on the new platform from the cutover on."""

from rollout.domain.lifecycle import Described


class Part(Described):
    """One thing that has to be there."""

    PC = "pc", "Every PC that the person has is through."
    ACCOUNT = "account", "Identity, licence and mailbox are ready."
    CHAT = "chat", "The chat is ready."
    TRAINING = "training", "Every demanded course was had."
    NOTICE = "notice", "The person was told of the day."
    BYOD = "byod", "The personal devices applied for are in use, or the application has ended."
