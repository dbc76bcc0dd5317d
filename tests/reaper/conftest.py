"""A desk that builds tracks, for all tests of this room."""

import pytest
from snapshot_builder import SnapshotBuilder


@pytest.fixture(scope="session")
def desk() -> SnapshotBuilder:
    return SnapshotBuilder()
