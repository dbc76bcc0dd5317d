"""The OSC surface over real sockets: answers at once, tolerates what surfaces send, survives what nobody should."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder, build_msg

from bridge.daemon.service import SWITCH_INTERVAL_S
from bridge.errors import LinkError
from bridge.surfaces.commands import Command
from bridge.surfaces.osc import OscServer, is_valid_packet


class Client:
    """A control surface: sends datagrams, reads what comes back."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)

    def send(self, packet: bytes) -> None:
        self.socket.sendto(packet, ("127.0.0.1", self.port))

    def read(self) -> tuple[str, list[object]]:
        message = OscMessage(self.socket.recv(65536))
        return message.address, list(message.params)

    def ping(self) -> float:
        """Seconds until the answer; whatever else arrives is passed over."""
        start_s = time.perf_counter()
        self.send(build_msg("/bridge/ping").dgram)
        while self.read()[0] != "/bridge/status":
            pass
        return time.perf_counter() - start_s


@dataclass
class Heard:
    commands: list[Command] = field(default_factory=list)

    def __call__(self, command: Command) -> None:
        if command.name == "undo":
            raise LinkError("undo is done in REAPER.")
        self.commands.append(command)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def surface(heard: Heard) -> Iterator[OscServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        feedback_port = free.getsockname()[1]
    made = OscServer("127.0.0.1", 0, feedback_port, handle=heard, status=lambda: "ready")
    made.open()
    yield made
    made.close()


@pytest.fixture
def client(surface: OscServer) -> Iterator[Client]:
    made = Client(surface.port)
    yield made
    made.socket.close()


def test_a_ping_is_answered_to_who_asked(client: Client) -> None:
    client.send(build_msg("/bridge/ping").dgram)
    assert client.read() == ("/bridge/status", ["ready"])


def test_feedback_also_goes_to_the_feedback_port(heard: Heard) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        surface = OscServer("127.0.0.1", 0, listener.getsockname()[1], handle=heard, status=lambda: "ready")
        surface.open()
        try:
            surface.send("/bridge/result", "id", "apply", "7 controls", 7)
            message = OscMessage(listener.recv(65536))
        finally:
            surface.close()
    assert (message.address, message.params) == ("/bridge/result", ["id", "apply", "7 controls", 7])


def test_commands_arrive_checked(client: Client, heard: Heard) -> None:
    for address, value in (("amount", 0.25), ("compare", 1), ("style", "warm"), ("automix", 1), ("automix", 1.0)):
        client.send(build_msg(f"/bridge/{address}", [value]).dgram)
    client.ping()
    assert heard.commands == [
        Command("amount", 0.25),
        Command("compare", 1),
        Command("style", "warm"),
        Command("automix", 1),
        Command("automix"),
    ]


def test_a_button_let_go_starts_nothing(client: Client, heard: Heard) -> None:
    client.send(build_msg("/bridge/automix", [0.0]).dgram)
    client.send(build_msg("/bridge/undo", [0]).dgram)
    client.ping()
    assert heard.commands == []


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (build_msg("/bridge/amount", ["loud"]).dgram, "needs a number"),
        (build_msg("/bridge/amount").dgram, "needs a value"),
        (build_msg("/bridge/style", [3]).dgram, "needs a text"),
        (build_msg("/bridge/frobnicate", [3]).dgram, "unknown"),
        (build_msg("/bridge/undo").dgram, "done in REAPER"),
    ],
)
def test_what_is_wrong_is_answered_with_an_error(client: Client, packet: bytes, said: str) -> None:
    client.send(packet)
    address, (text,) = client.read()
    assert address == "/bridge/error"
    assert said in str(text)


def test_a_bundle_dated_ahead_holds_nothing_up(client: Client, heard: Heard) -> None:
    bundle = OscBundleBuilder(time.time() + 3600)  # type: ignore[arg-type]
    bundle.add_content(build_msg("/bridge/amount", [0.5]))
    client.send(bundle.build().dgram)
    assert client.ping() < 2
    assert heard.commands == [Command("amount", 0.5)]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_cut_float_is_dropped_and_not_read_as_another_number(client: Client, heard: Heard, cut: int) -> None:
    client.send(build_msg("/bridge/amount", [0.8]).dgram[:-cut])
    client.ping()
    assert heard.commands == []


def test_wildcards_reach_nothing(client: Client, heard: Heard) -> None:
    client.send(build_msg("/bridge/am*", [0.5]).dgram)
    client.send(build_msg("/" + "*" * 400 + "!", [0.5]).dgram)  # would keep a pattern matcher busy for ages
    assert client.ping() < 2
    assert heard.commands == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packet=st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"/bridge/amount\0\0,f\0\0" + tail)
       | st.binary(max_size=100).map(lambda tail: b"#bundle\0" + tail))  # fmt: skip
def test_no_datagram_ends_the_server(client: Client, packet: bytes) -> None:
    client.send(packet)
    assert client.ping() < 5


@given(
    values=st.lists(
        st.integers(-(2**31), 2**31 - 1) | st.floats(width=32) | st.text(max_size=9) | st.booleans(), max_size=5
    )
)
def test_every_whole_message_is_sound_and_no_cut_one_is(values: list[object]) -> None:
    builder = OscMessageBuilder("/bridge/amount")
    for value in values:
        if not (isinstance(value, str) and "\0" in value):
            builder.add_arg(value)  # type: ignore[arg-type]
    packet = builder.build().dgram
    assert is_valid_packet(packet)
    assert not any(is_valid_packet(packet[:-cut]) for cut in (1, 2, 3))


def test_a_text_that_is_no_utf_8_is_dropped() -> None:
    """python-osc fails on it, and each such packet would leave a trace in the log."""
    packet = build_msg("/bridge/style", ["warm"]).dgram
    assert is_valid_packet(packet)
    assert not is_valid_packet(packet.replace(b"warm", b"w\x84rm"))


@pytest.mark.alone
def test_pings_are_answered_within_20_ms_while_another_thread_computes(client: Client) -> None:
    """What a job does to the interpreter: Python code that never pauses, at the switch interval of the daemon."""
    stop = threading.Event()

    def compute() -> None:
        total = 0
        while not stop.is_set():
            total += sum(range(1000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    worker = threading.Thread(target=compute)
    worker.start()
    try:
        times_s = sorted(client.ping() for _ in range(50))
    finally:
        stop.set()
        worker.join()
        sys.setswitchinterval(before)
    assert times_s[45] < 0.020


# ---------------------------------------------------------------- opening


def test_a_taken_port_is_said_with_the_remedy(surface: OscServer, heard: Heard) -> None:
    second = OscServer("127.0.0.1", surface.port, 9, handle=heard, status=lambda: "ready")
    with pytest.raises(LinkError, match="--osc-port"):
        second.open()
    second.close()  # feedback goes out of it all the same


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", ""])
def test_only_this_machine_is_listened_to(host: str, heard: Heard) -> None:
    with pytest.raises(LinkError, match=r"127\.0\.0\.1"):
        OscServer(host, 0, 9, handle=heard, status=lambda: "ready").open()


def test_a_closed_surface_frees_its_port_and_drops_feedback(heard: Heard) -> None:
    first = OscServer("127.0.0.1", 0, 9, handle=heard, status=lambda: "ready")
    first.open()
    port = first.port
    first.close()
    first.send("/bridge/status", "nobody hears this")
    second = OscServer("127.0.0.1", port, 9, handle=heard, status=lambda: "ready")
    second.open()
    second.close()
