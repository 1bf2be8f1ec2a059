"""The lock that only one process holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from b24app.alone import Alone

HOLD = """
import sys, time
from pathlib import Path
from b24app.alone import Alone

alone = Alone(Path(sys.argv[1]))
print(alone.enter(), flush=True)
time.sleep(60)
"""


def test_second_waits_until_the_first_is_gone(tmp_path: Path) -> None:
    """Left or killed: the next one gets in at once."""
    first, second = Alone(tmp_path / "lock"), Alone(tmp_path / "lock")
    assert (first.enter(), second.enter()) == (True, False)
    first.leave()
    assert second.enter()
    second.leave()


def test_kill_lets_the_next_one_in(tmp_path: Path) -> None:
    """kill -9 leaves no lock behind."""
    here = Alone(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        while_it_lives = here.enter()
        process.kill()
    assert (said, while_it_lives, here.enter()) == ("True\n", False, True)
    here.leave()
