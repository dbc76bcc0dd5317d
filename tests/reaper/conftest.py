"""A desk that builds tracks, for all tests of this room."""

import pytest
from fx_desk import Desk


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk()
