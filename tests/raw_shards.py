"""Raw texts in shards, and a pipeline by rule that finds something in them."""

import spacy

NAMES = ["Ines", "Tomasz", "nobody", "Abena", "somebody"]


def pipeline(folder, people=("Ines", "Abena")):
    """A pipeline that finds people and the Zune by rule."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": name} for name in people] + [{"label": "GADGET", "pattern": "Zune"}]
    )
    nlp.to_disk(folder)
    return nlp


def texts(shard, number=6):
    return [
        {"text": f"{NAMES[(n + shard) % 5]} 🙁 lost Zune {shard}.{n}", "id": f"{shard}-{n}", "meta": {"n": n}}
        for n in range(number)
    ]
