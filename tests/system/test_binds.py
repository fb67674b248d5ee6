"""Where the router can listen: inherited sockets, unix paths, every address."""

import socket

from harness import client
from harness.process import free_port
from harness.proxy import Proxy, plain
from harness.waits import wait_until


def text_with_bind(cluster, bind):
    node = cluster.primary
    return plain([f"pg {node.address}:{node.port}"], 0).replace("bind 127.0.0.1:0", f"bind {bind}")


def test_an_inherited_socket_is_served_by_number_and_by_variable(cluster, folder, ending):
    for written, env in (("fd@{}", {}), ("\"fd@${{INHERITED}}\"", {"INHERITED": "{}"})):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            number, port = listener.fileno(), listener.getsockname()[1]
            env = {name: value.format(number) for name, value in env.items()}
            ending(Proxy("pgsteer", folder, text_with_bind(cluster, written.format(number)), [port],
                         env=env, pass_fds=(number,)))
            assert client.ask(port).address == cluster.primary.address


def test_a_unix_path_is_served(cluster, folder, ending):
    # libpq finds a socket by folder and "port"; the name is PostgreSQL's own.
    home = folder.make("run")
    ending(Proxy("pgsteer", folder, text_with_bind(cluster, f"{home}/.s.PGSQL.6432"), []))
    wait_until("the socket is there", (home / ".s.PGSQL.6432").exists)
    reached = wait_until("it answers", lambda: client.try_ask(6432, host=str(home)))
    assert reached.address == cluster.primary.address


def test_the_star_and_several_binds_are_served(cluster, folder, ending):
    star, second = free_port(), free_port()
    text = text_with_bind(cluster, f"*:{star}\n    bind 127.0.0.1:{second}")
    ending(Proxy("pgsteer", folder, text, [star, second]))
    assert client.ask(star) == client.ask(second)


def test_ipv6_and_ipv4_share_a_port_with_v4v6(cluster, folder, ending):
    port = free_port()
    ending(Proxy("pgsteer", folder, text_with_bind(cluster, f"[::]:{port} v4v6"), [port]))
    assert client.ask(port) == client.ask(port, host="::1")
