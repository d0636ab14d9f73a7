"""Label names and values of caddy-docker-proxy, each distinct one read once.

Its labels are a Caddyfile: a label's name is the way to a directive, its value the directive's arguments, after a Go
template. Source: caddy-docker-proxy d246679, read and not run.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LONGEST_KEY: Final = 4096
"""Longer label names are refused, in bytes."""

LONGEST_VALUE: Final = 65_536
"""Longer values are refused."""

DEEPEST_KEY: Final = 64

UPSTREAMS: Final = "\x01"
"""Stands in an argument for the addresses of the container: between two of them, what is put around each address."""

_PART: Final = re.compile(r"(?:(\d+)_)?(.+?)(?:_(\d+))?")
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s()|]+|[()|]')
_SCHEMES: Final = frozenset({"http", "https", "h2c"})
_KEYWORDS: Final = frozenset(
    """
    if else end range with define template block break continue
    """.split()  # noqa: SIM905 - shorter to read
)
_BUILT_IN: Final = frozenset(
    """
    and call html index slice js len not or print printf println urlquery eq ge gt le lt ne
    """.split()  # noqa: SIM905 - shorter to read
)
_SPRIG: Final = frozenset(
    """
    abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc
    base bcrypt biggest buildCustomCert camelcase cat ceil chunk clean coalesce compact concat contains date
    dateInZone dateModify date_in_zone date_modify decryptAES deepCopy deepEqual default derivePassword dict
    dig dir div divf duration durationRound empty encryptAES env expandenv ext fail first float64 floor
    fromJson genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert
    genSignedCertWithKey get getHostByName has hasKey hasPrefix hasSuffix hello htmlDate htmlDateInZone
    htpasswd indent initial initials int int64 isAbs join kebabcase keys kindIs kindOf last list lower max
    maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact mustDateModify
    mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite
    mustPrepend mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll
    mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToJson
    mustToPrettyJson mustToRawJson mustUniq mustWithout must_date_modify nindent nospace now omit osBase
    osClean osDir osExt osIsAbs pick plural pluck prepend push quote randAlpha randAlphaNum randAscii
    randBytes randInt randNumeric regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll
    regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver semverCompare seq set sha1sum
    sha256sum sha512sum shuffle slice snakecase sortAlpha split splitList splitn squote sub subf substr
    swapcase ternary title toDate toDecimal toJson toPrettyJson toRawJson toString toStrings trim trimAll
    trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep
    untitle upper urlJoin urlParse uuidv4 values without wrap wrapWith
    """.split()  # noqa: SIM905 - shorter to read
)


class Key(NamedTuple):
    """What a label name means.

    Attributes
    ----------
    root
        Its first part, the site that it belongs to.
    name
        The directive; empty for the site itself.
    parents
        The names of the labels of the enclosing blocks, the nearest first; without the site.
    order
        The number in front of the directive; null without one.
    """

    root: str
    name: str
    parents: tuple[str, ...]
    parent_names: tuple[str, ...]
    order: int | None


class Value(NamedTuple):
    """The arguments in a label's value; `problem` is null, `label_error` or `unsupported_template`."""

    arguments: tuple[str, ...]
    problem: str | None = None


def read_key(label: str) -> Key | None:
    r"""What a label name means; null where it is too long.

    Examples
    --------
    >>> read_key("caddy_1.handle_path.0_reverse_proxy")
    Key(root='caddy_1', name='reverse_proxy', parents=('caddy_1.handle_path',), parent_names=('handle_path',), order=0)
    """
    if len(label) > LONGEST_KEY:
        return None
    parts = [part.replace("\0", r"\.") for part in label.replace(r"\.", "\0").split(".")]
    if len(parts) > DEEPEST_KEY:
        return None
    names = [_name(part) for part in parts]
    above = range(len(parts) - 1, 1, -1)
    return Key(
        root=parts[0],
        name=names[-1][1] if len(parts) > 1 else "",
        parents=tuple(".".join(parts[:end]) for end in above),
        parent_names=tuple(names[end - 1][1] for end in above),
        order=names[-1][0],
    )


def _name(part: str) -> tuple[int | None, str]:
    """A part without the numbers that give order and keep directives apart."""
    found = _PART.fullmatch(part)
    if found is None:
        return None, part
    order = int(found.group(1)[:9]) if found.group(1) else None
    return order, found.group(2).replace(r"\.", ".")


def read_value(text: str) -> Value:
    r"""The arguments in a label's value, with a mark for the addresses of the container.

    Examples
    --------
    >>> read_value('/api/* "a b" {{upstreams 80}}').arguments
    ('/api/*', 'a b', '\x01\x02:80\x01')
    >>> read_value("{{invalid}}").problem, read_value("{{upper .Image}}").problem
    ('label_error', 'unsupported_template')
    """
    if len(text) > LONGEST_VALUE:
        return Value((), "label_error")
    pieces: list[str] = []
    end = 0
    while (start := text.find("{{", end)) >= 0:
        stop = text.find("}}", start)
        if stop < 0:
            return Value((), "label_error")
        output = _output(text[start + 2 : stop].strip("-").strip())
        if output.problem:
            return output
        pieces += [text[end:start], *output.arguments]
        end = stop + 2
    return Value(tuple(split_arguments("".join([*pieces, text[end:]]))))


def _output(action: str) -> Value:
    """What one action of a template gives."""
    words: list[str] = _WORD.findall(action)
    if not words:
        return Value((), "label_error")
    if words[0] == "upstreams":
        return _upstreams(words[1:])
    if len(words) == 1 and words[0][0] in '"`':
        return Value((words[0][1:-1],))
    if len(words) == 1 and words[0] in _SCHEMES:
        return Value((words[0],))
    names = [word for word in words if re.match(r"[A-Za-z_]", word)]
    known = _KEYWORDS | _BUILT_IN | _SPRIG | _SCHEMES | {"upstreams", "true", "false", "nil"}
    if any(name not in known for name in names):
        return Value((), "label_error")
    return Value((), "unsupported_template")


def _upstreams(options: list[str]) -> Value:
    """`upstreams [scheme] [port]`: what stands in front of each address and behind it."""
    before, after = "", ""
    for option in options:
        if option in _SCHEMES:
            before = f"{option}://{before}"
        elif option.isdigit():
            after += f":{int(option)}"
        elif option[0] in '"`':
            before = f"{option[1:-1]}://{before}"
        else:
            return Value((), "unsupported_template" if option in _SPRIG or option in "()|" else "label_error")
    return Value((f"{UPSTREAMS}{before}\x02{after}{UPSTREAMS}",))


def split_arguments(text: str) -> list[str]:
    r"""The arguments in a line of a Caddyfile: separated by white space; `"…"` and backticks quote, `#` comments.

    Examples
    --------
    >>> split_arguments('a "b \\"c\\"" `d e` # f')
    ['a', 'b "c"', 'd e']
    """
    found: list[str] = []
    position, length = 0, len(text)
    while position < length:
        letter = text[position]
        if letter.isspace():
            position += 1
        elif letter == "#":
            line = text.find("\n", position)
            position = length if line < 0 else line
        elif letter == "`":
            end = text.find("`", position + 1)
            end = length if end < 0 else end
            found.append(text[position + 1 : end])
            position = end + 1
        else:
            argument, position = _quoted(text, position + 1) if letter == '"' else _bare(text, position)
            found.append(argument)
    return found


def _quoted(text: str, start: int) -> tuple[str, int]:
    """The text up to the closing quotation mark, where a backslash takes a mark in, and the position behind it."""
    found = re.compile(r'((?:[^"\\]|\\.)*)("?)', re.DOTALL).match(text, start)
    if found is None:
        return "", len(text)
    return found.group(1).replace('\\"', '"'), max(found.end(), start + 1)


def _bare(text: str, start: int) -> tuple[str, int]:
    found = re.compile(r"\S+").match(text, start)
    end = found.end() if found else len(text)
    return text[start:end], end
