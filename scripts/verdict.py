"""What came of the update, in a few plain sentences. No limits are applied here: whether it is enough, the gate decides."""


def verdict(metrics: dict) -> dict:
    """Say what was learnt and what was kept.

    metrics (dict): training/metrics.json.
    RETURNS (dict): "headline", and "sentences" with the figures and their 95 % intervals; "learnt" and "kept", each "good",
        "bad" or "" where the interval does not tell.
    """
    new, gain, kept = " and ".join(metrics["labels"]["new"]), metrics["gain"], metrics["retention"]["kept"]
    learnt = "good" if gain["says"].startswith("better") else "bad" if gain["says"].startswith("worse") else ""
    said = {
        "good": f"It learnt {new}",
        "bad": f"It finds {new} worse than before",
        "": f"It is not measurably better at {new} than before",
    }[learnt]
    low, high = gain["interval"]
    sentences = [
        f"{new} is found with F {gain['f']:.1f} (precision {gain['p']:.1f}, recall {gain['r']:.1f}); the base had "
        f"F {gain['base_f']:.1f}. The difference is {low:+.1f} to {high:+.1f}."
    ]
    if not kept:
        return {"headline": f"{said}. There was nothing to retain.", "sentences": sentences, "learnt": learnt, "kept": ""}
    (low, high), share = kept["interval"], f"{kept['percent']:.1f} %"
    held = "bad" if high < 100 else "good" if low >= 99 else ""
    # Agreement has no annotation behind it, and is not called anything that sounds like accuracy.
    if "plain" in metrics["retention"]:
        headline = f"{said}, and kept {share} of what the base knew."
        sentences.append(f"On the base's own test texts F of the old labels is {share} of what it was ({low:.1f} to {high:.1f}), where each "
                         f"{new} that nobody annotated counts as an error.")
    else:
        headline = f"{said}, and agrees with the base by {share} on the old labels."
        sentences.append(f"There is no annotation of the old labels, so this is agreement with what the base says, not accuracy: {share} "
                         f"({low:.1f} to {high:.1f}) outside new entities.")
    return {"headline": headline, "sentences": sentences, "learnt": learnt, "kept": held}
