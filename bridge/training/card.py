"""The card of a model: what people should know of it, written from its manifest."""

from __future__ import annotations

from bridge.model.manifest import Manifest


def write_card(manifest: Manifest) -> str:
    """Markdown for the model's README.md."""
    training = manifest.training
    lines = [f"# {manifest.name}", "", manifest.description, ""]
    if training.is_preliminary:
        lines += ["**Preliminary: trained for a few minutes to prove the way. Its settings are rough.**", ""]
    lines += [
        f"Sets {len(manifest.chain.controls)} controls of {len(manifest.chain.slots)} plugins. With a reference it "
        "comes close to that sound; without one it goes to where well-recorded material of its kind lies, at the "
        "loudness that the track had.",
        "",
        "## Training",
        "",
        f"- Command: `{training.command}`",
        f"- {training.minutes:g} minutes, {training.steps:,} updates of 64 examples, {training.examples:,} examples, "
        f"seed {training.seed}, {training.date}, Bridge {training.bridge_version}",
        f"- Rendered at {training.sample_rate_hz:,} Hz; works at 22,050 to 192,000 Hz, mono and stereo",
        *(f"- Source: {source}" for source in training.sources),
        f"- Learned from {len(training.heard)} recordings; weights and confidence were chosen by "
        f"{len(training.validation)} others: `model.json` names them all. What is in neither list was never heard.",
        "",
        "## Confidence",
        "",
        f"The confidence of a control is the chance that it lies within {manifest.confidence.tolerance:.0%} of its "
        "range from the setting that was hidden, fitted on the validation recordings.",
        "",
        *_scores(manifest),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _scores(manifest: Manifest) -> list[str]:
    uses = manifest.scores.get("test")
    if not uses:
        return []
    lines = [
        "## Scores on songs it never heard",
        "",
        "Mel distance to the true target after / before: median over cases, with 95% intervals by bootstrap over "
        "files. The guard is on. Lower is better; doing nothing is 1.",
        "",
    ]
    for use, table in uses.items():
        lines += [f"### {use}", "", "| method | after / before | interval | made worse | dB before | dB after |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [
            f"| {row['method']} | {row['ratio']:.2f} | {row['ratio_low']:.2f} – {row['ratio_high']:.2f} | "
            f"{row['worse']:.1%} | {row['before_db']:.2f} | {row['after_db']:.2f} |"
            for row in table
        ]
        lines.append("")
    return lines
