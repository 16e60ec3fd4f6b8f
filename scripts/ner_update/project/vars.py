"""Change one value under vars: in project.yml and nothing else, comments and layout included."""

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ner_update.project.vars_model import LONGEST, SPECIAL, problems, read_vars


def set_var(text: str, name: str, value: str) -> str:
    """Replace the value of one var in the text of a project.yml.

    `dvc exp run -S project.yml:vars.x=5` must not be used for this: it would resolve every ${vars.y} in the file.

    text (str): The file's content.
    name (str): A key that stands under vars.
    value (str): As it would stand in YAML: 5, 0.3, true, or text, which gets quotes.
    RETURNS (str): The new content.
    RAISES (KeyError): If there is no such var.
    RAISES (ValueError): If the value holds a character with a meaning in a command line, of which it becomes part, or is none
        that scripts/ner_update/project/vars_model.py allows.
    """
    if len(value) > LONGEST:
        raise ValueError(f"vars.{name}: a value of more than {LONGEST:,} characters")
    if not value.isprintable() or set(value) & set(SPECIAL):
        raise ValueError(f"vars.{name}: {value!r} holds one of {SPECIAL} or a character that cannot be printed")
    block = re.search(r"^vars:\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)
    line = re.search(rf"^(  {re.escape(name)}:[ ]*)(.*)$", block[1], re.MULTILINE) if block else None
    if block is None or line is None:
        raise KeyError(name)
    try:
        parsed = YAML(typ="safe").load(value) if value else ""
    except YAMLError:
        parsed = value
    bare = isinstance(parsed, (bool, int, float)) and not line[2].startswith('"')
    shown = value if bare else f'"{value}"'
    start = block.start(1) + line.start(2)
    made = text[:start] + shown + text[start + len(line[2]) :]
    # Other vars that are bad already must not keep this one from being corrected.
    known = problems(read_vars(text))
    if new := [said for said in problems(read_vars(made)) if said not in known]:
        raise ValueError("; ".join(new))
    return made
