"""Both kinds of jobs database, in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import running_postgres


@pytest.fixture(params=("sqlite", "postgresql"))
def jobs_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of the jobs database, of both kinds in turn."""
    if request.param == "sqlite":
        yield ""
    else:
        with running_postgres() as url:
            yield url
