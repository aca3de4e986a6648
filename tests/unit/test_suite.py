"""What the suites themselves rely on."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("one-process")
def test_tests_of_a_group_share_a_process(request: pytest.FixtureRequest) -> None:
    """Else each process loads each model, and nobody is told: pytest-xdist writes the group into the test's name."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("runs in one process")
    assert request.node.nodeid.endswith("@one-process")
