"""`bridge midi`: which controls of a MIDI surface stand for which commands."""

from __future__ import annotations

import queue
from typing import Any, cast

import click

from bridge.cli.output import json_option, print_table, settings_of, write_json

LEARN_LIMIT_S = 30.0
REST_S = 1.0


@click.group()
def midi() -> None:
    """MIDI control surfaces: their ports, and what their controls do."""


@midi.command()
@json_option
def ports(json_file: Any) -> None:
    """List the MIDI ports of this machine."""
    from bridge.surfaces.midi.ports import input_names, output_names

    inputs, outputs = input_names(), output_names()
    rows = [{"name": n, "input": n in inputs, "output": n in outputs} for n in dict.fromkeys([*inputs, *outputs])]
    if write_json(rows, json_file):
        marks = {True: "yes", False: ""}
        shown = [(str(row["name"]), marks[bool(row["input"])], marks[bool(row["output"])]) for row in rows]
        print_table("MIDI ports", ("name", "input", "output"), shown)


@midi.command()
@json_option
@click.pass_context
def show(context: click.Context, json_file: Any) -> None:
    """Show what the controls do."""
    from bridge.surfaces.commands import COMMANDS
    from bridge.surfaces.midi.bindings import load_bindings

    layout = load_bindings(settings_of(context).home)
    if write_json(layout, json_file):
        rows = [(b.name, f"{b.command} {b.value or ''}".strip(), COMMANDS[b.command].meaning) for b in layout.control]
        print_table("MIDI controls", ("control", "command", "meaning"), rows)


@midi.command()
@click.argument("command", type=click.Choice(["automix", "amount", "compare", "undo", "style", "next"]))
@click.option("--port", metavar="NAME", help="The surface, or a part of its name (default: midi_input in config.toml).")
@click.option("--style", metavar="NAME", help="For the command style: which one.")
@click.option("--track", type=click.IntRange(1), metavar="N", help="For the command automix: which track.")
@click.pass_context
def learn(context: click.Context, command: str, port: str | None, style: str | None, track: int | None) -> None:
    """Bind COMMAND to the control that you move next."""
    from bridge.errors import SettingsError
    from bridge.surfaces.commands import Name
    from bridge.surfaces.midi import bindings
    from bridge.surfaces.midi.learn import MidiLearner

    settings = settings_of(context)
    if (command == "style") != (style is not None) or (track is not None and command != "automix"):
        raise SettingsError(
            "Give --style NAME with the command style, --track N with automix, and neither with others."
        )
    wanted = port or settings.midi_input
    if not wanted:
        raise SettingsError("No MIDI surface is chosen: give --port NAME, or set midi_input in config.toml.")
    learner = MidiLearner(cast("Name", command), value=style if style is not None else track)
    before = bindings.load_bindings(settings.home)
    is_default = before is bindings.DEFAULT
    binding = _learn_binding(wanted, learner)
    kept = bindings.without_command(before, command) if is_default else before
    file = bindings.save_bindings(bindings.with_binding(kept, binding), settings.home)
    click.echo(f"{command} is {binding.name}{f' ({binding.relative})' if binding.relative else ''}: {file}")
    if settings.midi_input:
        click.echo("A daemon that runs uses it at once.")
    else:
        click.echo(f'To use it, set midi_input = "{wanted}" in {settings.home / "config.toml"} and restart the daemon.')


@midi.command()
@click.argument("command", type=click.Choice(["automix", "amount", "compare", "undo", "style", "next"]))
@click.pass_context
def forget(context: click.Context, command: str) -> None:
    """Unbind COMMAND from all controls."""
    from bridge.surfaces.midi import bindings

    home = settings_of(context).home
    file = bindings.save_bindings(bindings.without_command(bindings.load_bindings(home), command), home)
    click.echo(f"No control is bound to {command} now: {file}")


def _learn_binding(wanted: str, learner: Any) -> Any:
    """The binding that the user's movement leads to."""
    from bridge.surfaces.midi import ports as midi_ports

    messages: queue.Queue[Any] = queue.Queue()
    name = midi_ports.find_port(wanted, midi_ports.input_names())
    port = midi_ports.open_input(name, messages.put)
    click.echo(f"Move the control on {name} now; turn an encoder slowly, one way and back.", err=True)
    try:
        limit_s = LEARN_LIMIT_S
        while True:
            try:
                binding = learner.feed(messages.get(timeout=limit_s))
            except queue.Empty:
                return learner.finish()
            if binding is not None:
                return binding
            limit_s = REST_S
    finally:
        midi_ports.close(port)
