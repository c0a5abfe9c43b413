"""Ways to the server that can be cut: by the kernel where we may, else by a relay.

As root each way ends in a network namespace of its own. A cut takes the link in it down, as if
somebody had pulled the cable: packets are lost, nobody is told, and connections that outlast it go
on. The server itself is reached by its Unix socket, which no namespace of the network hides.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.engine import make_url

from _torture.server import Server

PIECE = 65_536
NEW_NETWORK = 0x40000000
"""`CLONE_NEWNET` of setns(2)."""


class Way:
    """A TCP port that leads to the server, until it is cut: then nothing passes, nobody is told.

    A cut connection stays open on both sides and silent, as with a network that swallows packets.
    After it is mended the old connections are dead and new ones pass.
    """

    cut_by = "relay"

    def __init__(self, server: Server, listener: socket.socket | None = None) -> None:
        self._target = str(make_url(server.url).query["host"])
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        self._ended = False
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="way", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it begins."""
        return int(self._listener.getsockname()[1])

    def url(self, server: Server) -> str:
        """The database's address by this way."""
        address = make_url(server.url)
        kept = {key: value for key, value in address.query.items() if key != "host"}
        host = str(self._listener.getsockname()[0])
        made = address.set(host=host, port=self.port, query=kept)
        return made.render_as_string(hide_password=False)

    def cut(self) -> None:
        """From now on nothing passes."""
        self._open.clear()

    def mend(self) -> None:
        """New connections pass; what hung is over."""
        hung, self._sockets = self._sockets, set()
        self._open.set()
        for one in hung:
            _shut(one)

    def close(self) -> None:
        """The end."""
        self._ended = True
        self._listener.close()
        self.mend()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self._sockets.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.wait()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(f"{self._target}/.s.PGSQL.5432")
        except OSError:
            _shut(client)
            return
        self._sockets.add(server)
        back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
        back.start()
        self._pass_on(client, server)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                self._open.wait()
                target.sendall(data)
        _shut(source)
        _shut(target)


class Cable(Way):
    """A way that ends in a namespace; cut and mended by its link."""

    cut_by = "namespace"

    def __init__(self, server: Server, number: int) -> None:
        self._space = f"rollout-{os.getpid()}-{number}"
        self._inside = f"ro{os.getpid()}.{number}i"
        outside = f"ro{os.getpid()}.{number}o"
        # Four addresses each, out of 10.213.0.0/16, for so many processes at once.
        base = (os.getpid() * 16 + number) % 16_384 * 4
        ours, theirs = (f"10.213.{(base + n) >> 8}.{(base + n) & 255}" for n in (1, 2))
        _ip("netns", "add", self._space)
        try:
            _ip("link", "add", outside, "type", "veth", "peer", self._inside, "netns", self._space)
            _ip("address", "add", f"{ours}/30", "dev", outside)
            _ip("link", "set", outside, "up")
            _ip("-n", self._space, "address", "add", f"{theirs}/30", "dev", self._inside)
            _ip("-n", self._space, "link", "set", self._inside, "up")
            with ThreadPoolExecutor(1) as thread:
                listener = thread.submit(_listen, self._space, theirs).result()
            super().__init__(server, listener)
        except BaseException:
            _ip("netns", "delete", self._space)
            raise

    def cut(self) -> None:
        """Pull it."""
        _ip("-n", self._space, "link", "set", self._inside, "down")

    def mend(self) -> None:
        """Plug it in again."""
        _ip("-n", self._space, "link", "set", self._inside, "up")

    def close(self) -> None:
        """The end, of the namespace too."""
        super().close()
        _ip("netns", "delete", self._space)


def can_pull_cables() -> str:
    """Empty, or why the kernel cannot cut ways here."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    if shutil.which("ip") is None:
        return "ip is not installed (Debian: iproute2)"
    try:
        _ip("netns", "add", f"rollout-{os.getpid()}")
        _ip("netns", "delete", f"rollout-{os.getpid()}")
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"
    return ""


def way(server: Server, number: int) -> Way:
    """The best way that there is here."""
    return Way(server) if can_pull_cables() else Cable(server, number)


def _listen(space: str, address: str) -> socket.socket:
    """A socket belongs to the namespace of the thread that makes it; this one's ends with it."""
    with Path("/run/netns", space).open("rb") as name:
        if ctypes.CDLL(None, use_errno=True).setns(name.fileno(), NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), f"setns into {space}")
    return socket.create_server((address, 0))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
