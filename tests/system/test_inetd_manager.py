"""`pgsteer inetd` under a service manager: passed sockets, notifications, reload and end."""

import os
import signal
import socket

import pytest
from harness.inetd import PGSTEER, Inetd, received, service
from harness.process import Process, free_port
from harness.waits import STRETCH, wait_until


@pytest.fixture
def script(folder):
    def write(word):
        return folder.write("script", f"#!/bin/sh\necho {word}\n", 0o755)
    return write


def test_a_passed_socket_is_served_and_the_manager_hears_of_it(folder, ending, script):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(f"\0inetd-test-{os.getpid()}")
    manager.settimeout(20 * STRETCH)
    with manager, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        path = folder.write("passed.conf", service(port, script("passed")))
        shell = (f"exec 3<&{listener.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1 "
                 f"NOTIFY_SOCKET=@inetd-test-{os.getpid()} WATCHDOG_USEC=200000; "
                 f"exec {folder.pgsteer()} inetd -f {path}")
        program = ending(Process("inetd", ["/bin/bash", "-c", shell], folder,
                                 pass_fds=[listener.fileno()]))
        assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        listener.close()
        assert received(port) == b"passed\n"
        program.send(signal.SIGHUP)
        heard = []
        while b"READY=1" not in heard:
            heard.append(manager.recv(100))
        assert any(message.startswith(b"RELOADING=1") for message in heard)
        program.send(signal.SIGTERM)
        while manager.recv(100) != b"STOPPING=1":
            pass
        assert program.wait_end() == 0


def test_a_reload_changes_what_is_answered_and_closes_what_is_gone(folder, ending, script):
    first, second = free_port(), free_port()
    text = service(first, script("old")) + service(second, script("gone"), name="other")
    inetd = ending(Inetd(PGSTEER, folder, text, [first, second]))
    assert received(first) == b"old\n"
    inetd.path.write_text(service(first, script("new")))
    inetd.process.send(signal.SIGHUP)
    wait_until("the new script answers", lambda: received(first) == b"new\n")
    with pytest.raises(ConnectionRefusedError):
        received(second)


def test_files_without_a_service_that_can_run_change_nothing(folder, ending, script):
    port = free_port()
    inetd = ending(Inetd(PGSTEER, folder, service(port, script("still")), [port]))
    inetd.path.write_text("service broken\n{\n")
    inetd.process.send(signal.SIGHUP)
    wait_until("it says so", lambda: "stays as it was" in inetd.process.output())
    assert received(port) == b"still\n"


def test_servers_end_with_it(folder, ending):
    port = free_port()
    inetd = ending(Inetd(PGSTEER, folder, service(port, "/bin/cat"), [port]))
    with socket.create_connection(("127.0.0.1", port), timeout=10 * STRETCH) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        inetd.process.send(signal.SIGTERM)
        assert client.recv(1) == b""
        assert inetd.process.wait_end() == 0
