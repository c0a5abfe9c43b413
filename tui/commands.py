"""What the command palette offers: rooms, waves by number, machines by tag, and the keys of the
screen."""

from collections.abc import Iterator
from functools import partial

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from rollout.i18n import _
from tui.rooms import KEYS, room_key, room_name
from tui.screens.help import ours
from tui.screens.live import LiveScreen

Command = tuple[str, IgnoreReturnCallbackType, str]


class _Commands(Provider):
    """Commands that are known without asking anybody."""

    def offered(self) -> Iterator[Command]:
        """What it is called, what it does, and the help beside it."""
        raise NotImplementedError

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, run, help_ in self.offered():
            yield DiscoveryHit(name, run, help=help_)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for name, run, help_ in self.offered():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, text=name, help=help_)


class RoomCommands(_Commands):
    """Go somewhere."""

    def offered(self) -> Iterator[Command]:
        """Every room."""
        for room in KEYS:
            run = partial(self.app.run_action, f"app.open_room('{room}')")
            yield room_name(room), run, _("room, key {key}").format(key=room_key(room))

    async def search(self, query: str) -> Hits:
        """Rooms, and the machines for which any other text can be looked."""
        async for hit in super().search(query):
            yield hit
        words = query.strip()
        if words:
            run = partial(self._machines, words)
            name = _("machines: {words}").format(words=words)
            yield Hit(0.1, name.replace("[", "\\["), run, text=name)

    async def _machines(self, words: str) -> None:
        from tui.jumps import MachinesRequested

        self.app.post_message(MachinesRequested(words))


class KeyCommands(_Commands):
    """Do what a key of the screen below does; what is not possible now is not offered."""

    def offered(self) -> Iterator[Command]:
        """The keys that have a description."""
        screen = self.screen
        if not isinstance(screen, LiveScreen):
            return
        for active in screen.active_bindings.values():
            binding = active.binding
            if not active.enabled or not binding.description or "open_room" in binding.action:
                continue
            if not isinstance(active.node, LiveScreen | App) or not ours(active):
                continue
            run = partial(self.app.run_action, binding.action, default_namespace=active.node)
            yield binding.description, run, binding.tooltip or self.app.get_key_display(binding)
