"""Redaction of any text at all: it never fails, its result is stable, every path agrees, and its work is bounded."""

from __future__ import annotations

import resource
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dockerframe._redaction import (
    REDACTED,
    TEXT_LIMIT,
    TRUNCATED,
    is_secret_name,
    redact_mapping,
    redact_text,
)
from dockerframe._redaction import (
    texts as engine,
)
from dockerframe._redaction.rules import TRIGGER
from dockerframe.tables import redact_tables

MEGABYTE = 2**20
CPU_SECONDS = 60
"""All shapes together take about two seconds; what backtracks takes hours."""

PIECES = st.sampled_from([
    "password", "DB_PASSWORD", "token", "secret", "key", "apiKey", "auth", "pass", "-p", "--token", "--pass", "-u", "mysql", "curl",
    "Authorization", "Cookie", "Bearer", "basic", "=", ":", "=>", ":=", "://", "@", "/", "//", "?", "&", ";", ",", " ", "\t", "\n", "\v",
    "- ", "|", ">", '"', "'", "\\", '\\"', "`", "$", "$$", "${", "}", "{", "[", "]", "(", ")", "<", "</", "%", "#", "‹", "›", REDACTED,
    TRUNCATED, "\ue000", "\x00", "é", "ſ", "K", "😀", "true", "null", "/run/", "$DB", "${DB}", "http://", "user", "db", "5432", "root:root",
    "$2y$05$", "$apr1$", "{SHA}", "ghp_", "AKIA", "eyJ", "xoxb-", "123456789:AA", "a" * 20, "A1b2C3d4" * 5, "0123456789abcdef" * 2, "==",
    "sha256:", "sha512-", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "discord://", "/hooks/", "ntfy.sh/", "?sig=",
    "cloudflare ", "_file", "File", "_url", "max_", "public_", "--no-", "IDENTIFIED BY ", '"name": "', '", "value": "', ":latest", ":1.2",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30)

SHAPES = [
    "a", "password", "token.", "password=", 'password="', "key='\"", 'password=\\"', "://", "http://a:", "http://a:b/", "a:b@", "$2$",
    "-----BEGIN PRIVATE KEY-----", " --token", "password ", "token:\t", "key:\n- ", "token: |\n ", "mysql -x ", " -u a ", "eyJaaaaaaaaaaaaa.",
    "key: [", "key: {", "a,b=", "cookie: a=b; ", "authorization ", "\ue000", REDACTED, "pässwörd", "\n", " ", "//a/hooks/", "<token>",
    "name: token, value:", "MMMMMMMMMMMMMMMMMMMMMMM.", "sk-", "@sha256:", "docker login -", "https://hooks.slack.com/", "password: on ",
]  # fmt: skip
"""Texts whose repetition makes patterns that backtrack quadratic or worse."""


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@example("\ud800password=hunter2")
@example(f"password={REDACTED}tail")
@example(f"password=={REDACTED}")
@example("password=\ue000hunter2")
def test_a_redacted_text_stays_the_same(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=6), st.lists(TEXTS, max_size=6))
def test_texts_mappings_and_columns_agree(names: list[str], texts: list[str]) -> None:
    single = [redact_text(text) for text in texts]
    column = redact_tables({"hosts": pl.DataFrame({"error": texts}, schema={"error": pl.String()})})
    assert column["hosts"]["error"].to_list() == single
    mapping = dict(zip(names, texts, strict=False))
    redacted = redact_mapping(mapping)
    assert redacted == {name: redact_mapping({name: text})[name] for name, text in mapping.items()}
    pairs = pl.DataFrame(
        {"key": list(mapping), "value": list(mapping.values())}, schema=dict.fromkeys(("key", "value"), pl.String())
    )
    assert redact_tables({"labels": pairs})["labels"]["value"].to_list() == list(redacted.values())
    maps = pl.DataFrame({"labels": pl.Series([mapping], dtype=pl.Map(pl.String(), pl.String()))})
    assert redact_tables({"containers": maps})["containers"]["labels"].to_list() == [redacted]
    assert all(
        text == redacted[name] or is_secret_name(name) or redact_text(text) == redacted[name]
        for name, text in mapping.items()
    )


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_a_text_that_is_not_searched_has_no_secret(text: str) -> None:
    column = pl.Series([text.replace("\ue000", "")])
    if not column.str.contains(TRIGGER).item():
        assert engine._settled(column).to_list() == column.to_list()


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_guards_leave_no_trace(text: str) -> None:
    assert "\ue000" not in redact_text("password=x " + text)


@pytest.mark.parametrize(
    "text", ["password=hunter2 " + "x" * MEGABYTE, "x " * MEGABYTE, "x" * MEGABYTE + " password=hunter2"]
)
def test_what_is_past_the_limit_is_cut_and_marked(text: str) -> None:
    redacted = redact_text(text)
    assert redacted.endswith(TRUNCATED)
    assert len(redacted) <= TEXT_LIMIT + len(TRUNCATED)
    assert "hunter2" not in redacted
    assert redact_text(redacted) == redacted


@pytest.mark.parametrize("length", [TEXT_LIMIT - 1, TEXT_LIMIT])
def test_a_text_as_long_as_the_limit_is_shown(length: int) -> None:
    text = ("word " * length)[:length]
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "secret",
    ["ghp_" + "a1B2" * 9, "https://app:hunter2hunter2@host", "--token hunter2hunter2", '--pass "hunter2 hunter2"'],
)
@pytest.mark.parametrize("kept", range(1, 40, 4))
def test_a_secret_across_the_limit_does_not_stay(secret: str, kept: int) -> None:
    before = ("word " * TEXT_LIMIT)[: TEXT_LIMIT - kept - 1] + " "
    redacted = redact_text(before + secret + " word" * 10)
    assert "hunter" not in redacted
    assert "ghp_a1B2" not in redacted


def test_no_text_is_searched_more_often_than_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    search = engine._searched

    def counted(texts: pl.Series) -> pl.Series:
        searched.append(int(texts.str.len_chars().sum()))
        return search(texts)

    monkeypatch.setattr(engine, "_searched", counted)
    for shape in SHAPES:
        searched.clear()
        redact_text((shape * MEGABYTE)[:MEGABYTE])
        assert len(searched) <= engine._ROUNDS + 1
        assert max(searched, default=0) <= TEXT_LIMIT + len(TRUNCATED)


def test_a_text_that_never_settles_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_searched", lambda texts: texts + "x")
    assert redact_text("password=hunter2") == REDACTED


def test_names_of_any_length() -> None:
    assert is_secret_name("a" * MEGABYTE)
    assert not is_secret_name("a" * 1000)
    assert redact_mapping({"x" * MEGABYTE: "y"}) == {"x" * MEGABYTE: REDACTED}


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def test_a_megabyte_of_hostile_text_takes_bounded_time() -> None:
    script = f"""
from dockerframe._redaction import TEXT_LIMIT, redact_mapping, redact_text
for shape in {SHAPES!r}:
    redact_text((shape * {MEGABYTE})[:{MEGABYTE}])
    redact_text((shape * TEXT_LIMIT)[:TEXT_LIMIT])
    redact_text("x " + (shape * TEXT_LIMIT)[:TEXT_LIMIT - 2])
    redact_mapping({{(shape * {MEGABYTE})[:{MEGABYTE}]: "value"}})
print("done")
"""
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, preexec_fn=_limited, timeout=600, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "done"), ran.stderr[-500:]
