"""From one room to another."""

from textual.message import Message


class MachinesRequested(Message):
    """The operator asked for the machines that match these filter words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class RoomRequested(Message):
    """The operator asked for a room, with filter words or without."""

    def __init__(self, room: str, words: str = "") -> None:
        super().__init__()
        self.room = room
        self.words = words
