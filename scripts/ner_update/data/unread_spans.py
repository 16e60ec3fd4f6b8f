"""Find annotation that no reader read: a text is one without an entity only if nothing in its record looks like one.

if not entities and (key := unread_key(value)): ...                           # refuse the record, and name the key
"""

from collections.abc import Collection, Iterator
from typing import Any

from ner_update.data.tag_schemes import TAG

# Keys of a known format that hold something other than entities, or suggestions of a program.
OTHER = frozenset("tokens options accept versions relations arcs pos_tags chunk_tags predictions drafts".split())
# The same, where another key says that a person found no entity.
BESIDE = frozenset({"data", "meta", "metadata", "metrics", "prediction", "comments", "updated_by"})
# Where entities are, in one of the formats.
ANNOTATION = frozenset("annotation annotations completions entities ents label labels ner_tags spans tags".split())
# What else is known of a token in the JSON of spaCy and Prodigy.
OF_TOKENS = frozenset("text orth start end id ws disabled tag pos morph lemma dep head".split())


def unread_key(value: dict, passed_over: Collection[str] = ()) -> str:
    """Look for annotation in a record in which no entity was found.

    value (dict): The record, as its tool wrote it.
    passed_over (Collection): More keys that hold no entities.
    RETURNS (str): The first key that holds something like spans, or a tag for each token; empty if there is none.
    """
    said = "annotation_id" in value or any(isinstance(value.get(key), list) for key in ANNOTATION)
    known = OTHER.union(passed_over, BESIDE if said else ())
    tokens = value.get("tokens")
    if not isinstance(tokens, list):
        tokens = []
    for key, inner in (*value.items(), *_of_tokens(tokens)):
        if key not in known and (_has_spans(inner, not said) or _has_tags(inner, len(tokens), not said)):
            return key
    return ""


def _of_tokens(tokens: list) -> Iterator[tuple[str, list]]:
    """List what else each token has.

    YIELDS (tuple): The name, and the values of all tokens.
    """
    if tokens and all(isinstance(token, dict) for token in tokens):
        for key in sorted(tokens[0].keys() - OF_TOKENS):
            yield f"tokens.{key}", [token.get(key) for token in tokens]


def _has_tags(value: Any, tokens: int, any_kind: bool) -> bool:
    """Check whether a value holds a tag for each token.

    any_kind (bool): Whether any string or number for each token is a tag, and not only B-PERSON and the like.
    """
    if isinstance(value, dict):
        return any(_has_tags(inner, tokens, any_kind) for inner in value.values())
    if not isinstance(value, list) or not value:
        return False
    for_each = len(value) == tokens and all(_kind(item) for item in value)
    named = all(isinstance(item, str) and TAG.fullmatch(item) for item in value) and {*value} != {"O"}
    return (named and (for_each or "O" in value)) or (for_each and any_kind)


def _has_spans(value: Any, pairs: bool) -> bool:
    """Check whether a value holds something like spans.

    pairs (bool): Whether two numbers alone are a span, too. In an object they are: its key may be the label.
    """
    if isinstance(value, dict):
        places = all(any(word in key.lower() for key in value) for word in ("start", "end"))
        return (places and _is_span(value, False)) or any(_has_spans(inner, True) for inner in value.values())
    if not isinstance(value, list):
        return False
    return any(_is_span(item, pairs) or _has_spans(item, pairs) for item in value if isinstance(item, (dict, list)))


def _is_span(item: Any, pairs: bool) -> bool:
    kinds = [_kind(leaf) for leaf in _leaves(item)]
    return kinds.count("number") >= 2 and ("text" in kinds or (pairs and isinstance(item, list) and len(kinds) == 2))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _kind(value: Any) -> str:
    """Classify a value.

    RETURNS (str): "number" for a whole one, also as text or as 3.0; "text"; empty for anything else.
    """
    if isinstance(value, str):
        return "number" if value.isdecimal() else "text"
    whole = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and value.is_integer()
    )
    return "number" if whole else ""
