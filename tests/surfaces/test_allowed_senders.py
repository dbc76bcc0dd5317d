"""Who is heard: this machine, and who is named; everything else is refused, and said once."""

import logging

import pytest

from bridge.errors import LinkError
from bridge.surfaces.allowed_senders import AllowedSenders, parse_client


@pytest.mark.parametrize(
    ("address", "is_heard"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.168.1.20", True),
        ("192.168.1.21", False),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("not an address", False),
    ],
)
def test_only_named_addresses_and_networks_are_heard(address: str, is_heard: bool) -> None:
    assert AllowedSenders(["192.168.1.20", "10.1.0.0/16"]).is_allowed(address) is is_heard


def test_a_refused_sender_is_named_once_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    senders = AllowedSenders([])
    with caplog.at_level(logging.WARNING, "bridge"):
        for _ in range(1000):
            assert not senders.is_allowed("192.168.1.21")
        for last in range(1, 200):
            senders.is_allowed(f"10.0.0.{last}")
    assert sum("192.168.1.21" in line for line in caplog.messages) == 1
    assert "osc_allow" in caplog.messages[0]
    assert len(caplog.messages) <= 32


@pytest.mark.parametrize(("allowed", "host"), [((), "0.0.0.0"), ((), "192.168.1.5"), (("10.0.0.1",), "example.com")])
def test_an_open_address_needs_names(allowed: tuple[str, ...], host: str) -> None:
    with pytest.raises(LinkError, match=r"127\.0\.0\.1"):
        AllowedSenders(allowed).check_host(host)


def test_an_open_address_with_names_is_taken() -> None:
    AllowedSenders(["192.168.1.20"]).check_host("0.0.0.0")


def test_entries_that_are_no_addresses_are_refused() -> None:
    with pytest.raises(LinkError, match="osc_allow holds 'my tablet'"):
        AllowedSenders(["my tablet"])
    assert parse_client("192.168.1.20:9001") == ("192.168.1.20", 9001)
    for wrong in ("192.168.1.20", "tablet:9001", "192.168.1.20:0", "192.168.1.20:99999", "x" * 10_000):
        with pytest.raises(LinkError, match=r"^.{1,200}$"):
            parse_client(wrong)
