"""What came of the update, in a few plain sentences. No limits are applied here: whether it is enough, the gate decides."""


def verdict(metrics: dict) -> tuple[str, list[str]]:
    """Say what was learnt and what was kept, by the figures that the gate looks at.

    metrics (dict): training/metrics.json.
    RETURNS (tuple): A headline, and sentences with the figures and their 95 % intervals.
    """
    new, gain, kept = " and ".join(metrics["labels"]["new"]), metrics["gain"], metrics["retention"]["kept"]
    if gain["says"].startswith("better"):
        headline = f"It learnt {new}"
    elif gain["says"].startswith("worse"):
        headline = f"It finds {new} worse than before"
    else:
        headline = f"It is not measurably better at {new} than before"
    sentences = [
        f"{new} is found with F {gain['f']:.1f} (precision {gain['p']:.1f}, recall {gain['r']:.1f}). "
        f"The base had F {gain['base_f']:.1f}: {gain['says']}."
    ]
    if mixed := metrics.get("mixed_texts"):
        place = max(("before", "after"), key=lambda name: mixed[name]["lost"])
        row = mixed[place]
        sentences.append(
            f"With names of old labels {place} the same texts, {new} has F {row['mixed']['f']:.1f} instead of {row['plain']['f']:.1f}."
        )
    if not kept:
        return f"{headline}. There was nothing to retain.", sentences
    (low, high), share = kept["interval"], f"{kept['percent']:.1f} %"
    if "plain" in metrics["retention"]:
        headline += f", and kept {share} of what the base knew."
        sentences.append(
            f"On the base's own test texts F of the old labels is {share} of what it was ({low:.1f} to {high:.1f}); "
            "each new entity that nobody annotated there counts as an error."
        )
    else:
        headline += f", and agrees with the base on the old labels by {share}."
        sentences.append(
            "No old label is annotated in the base's test texts, so this is agreement with what the base says, not accuracy: "
            f"{share} ({low:.1f} to {high:.1f}) outside new entities."
        )
    return headline, sentences
