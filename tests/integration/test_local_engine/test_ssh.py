"""Over SSH a machine is known by the key that it reported, and no connection outlives its run."""

import asyncio
import threading
from dataclasses import replace

import asyncssh
import pytest

RAW = """\
    - name: First word
      ansible.builtin.raw: echo first
    - name: Second word
      ansible.builtin.raw: echo second
"""


class Server:
    """An SSH server with a key of its own that answers every command; counts connections."""

    def __init__(self):
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.commands = []
        self.opened = 0
        self.open = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self):
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self):
        server = self

        class Connection(asyncssh.SSHServer):
            def connection_made(self, conn):
                server.opened += 1
                server.open += 1

            def connection_lost(self, exc):
                server.open -= 1

            def begin_auth(self, username):
                return False

        def answer(process):
            server.commands.append(process.command)
            process.stdout.write("done\n")
            process.exit(0)

        self._stop = asyncio.Event()
        listener = await asyncssh.create_server(
            Connection, "127.0.0.1", 0, server_host_keys=[self.key], process_factory=answer
        )
        self.port = listener.get_port()
        self._ready.set()
        await self._stop.wait()
        listener.close()
        await listener.wait_closed()

    @property
    def public(self):
        return self.key.export_public_key().decode().strip() + " a comment"


@pytest.fixture
def server():
    with Server() as server:
        yield server


def test_a_machine_must_show_the_key_that_it_reported(world, engine, recorder, server):
    world.playbook("raw", world.HEAD + RAW)
    # A configuration that shares sockets with everybody and trusts everything must not win.
    shared = world.root / "shared sockets"
    (world.settings.group_vars / "all.yml").write_text(
        "ansible_connection: ssh\n"
        f"ansible_port: {server.port}\n"
        "ansible_user: root\n"
        f"ansible_control_path_dir: {shared}\n"
        "ansible_ssh_common_args: -o StrictHostKeyChecking=no\n"
    )
    wrong = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    hosts = [
        replace(world.host(number), address="127.0.0.1", host_key=key)
        for number, key in {1: server.public, 2: wrong, 3: None, 4: "not a key"}.items()
    ]
    order = world.order("raw", hosts)
    engine.start(order, recorder)
    assert recorder.wait().how == "failed"
    for machine in (1, 3):
        assert recorder.of(machine) == [("First word", "changed"), ("Second word", "changed")]
    for machine in (2, 4):
        assert [status for _task, status in recorder.of(machine)] == ["unreachable"]
    said = {e.machine_id: e.message for e in recorder.events if e.message}
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in said[2]
    assert "checked in again" in said[4]
    known = (world.folder(order.ident).path / "known_hosts").read_text().splitlines()
    assert sorted(line.split()[0] for line in known) == ["m1", "m2", "m3"]
    # One connection served both tasks (the third is the refused one), and is gone with the run.
    assert len(server.commands) == 4
    assert server.opened == 3
    world.wait_for(lambda: server.open == 0, "every connection is closed", 5)
    assert world.processes(order.ident) == {}
    assert not shared.exists()
