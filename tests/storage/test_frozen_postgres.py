"""The PostgreSQL of the tests stands still and goes on, whatever becomes of its processes meanwhile."""

import subprocess
import sys

import pytest
import service_processes
from service_processes import PostgresServer


def states(postgres: PostgresServer) -> set[str]:
    """Of the server and its children, what they do: `T` stands still."""
    assert postgres._process is not None
    processes = [postgres._process.pid, *service_processes._children(postgres._process.pid)]
    assert len(processes) > 3
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", ",".join(map(str, processes))], capture_output=True, text=True, check=True
    )
    return {state[0] for state in listed.stdout.split()}


@pytest.fixture
def ended_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends right after it was listed as a child."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(30)
    children = service_processes._children
    monkeypatch.setattr(service_processes, "_children", lambda parent: [gone.pid, *children(parent)])


def test_a_child_may_end_meanwhile(postgres: PostgresServer, ended_child: None) -> None:
    with postgres.frozen():
        assert states(postgres) == {"T"}
    assert "T" not in states(postgres)
    assert postgres.execute("SELECT 1") == "1"


def test_what_goes_wrong_in_the_block_leaves_none_that_stands_still(postgres: PostgresServer) -> None:
    with pytest.raises(ZeroDivisionError), postgres.frozen():
        raise ZeroDivisionError
    assert "T" not in states(postgres)


def test_one_that_stands_still_can_be_killed(postgres: PostgresServer) -> None:
    with postgres.frozen():
        postgres.kill()
        assert not postgres.running
    postgres.start()
    assert postgres.execute("SELECT 1") == "1"
