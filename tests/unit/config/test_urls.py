"""Host URLs: which are accepted, how they are written, and what messages leave out."""

from __future__ import annotations

import pytest

from dockerframe._config.urls import InvalidUrlError, UrlParts, checked_url, joined_url, url_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:///run/docker.sock", "unix:///run/docker.sock"), ("unix://run/docker.sock", "unix:///run/docker.sock"),
        ("/run/docker.sock", "unix:///run/docker.sock"), ("npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine"),
        ("tcp://a", "tcp://a:2375"), ("http://a:80/", "http://a:80"), ("https://a", "https://a:2376"), ("tls://a:1", "tls://a:1"),
        ("tcp://a:02375", "tcp://a:2375"), ("tcp://A.Example", "tcp://a.example:2375"), ("tcp://a.example.", "tcp://a.example.:2375"),
        # As the docker CLI has it.
        ("10.0.0.5:2375", "tcp://10.0.0.5:2375"), ("docker1", "tcp://docker1:2375"), ("  tcp://a:1\n", "tcp://a:1"),
        ("tcp://:2375", "tcp://localhost:2375"), (":2375", "tcp://localhost:2375"),
        ("[::1]:2375", "tcp://[::1]:2375"), ("tcp://[::1]", "tcp://[::1]:2375"), ("tcp://[0:0::1]:1", "tcp://[::1]:1"),
        ("tcp://[fe80::1%25eth0]:2375", "tcp://[fe80::1%25eth0]:2375"), ("tcp://[fe80::1%eth0]:2375", "tcp://[fe80::1%25eth0]:2375"),
        ("ssh://ops@[fe80::1%eth0]", "ssh://ops@[fe80::1%25eth0]"),
        # ssh: names keep their case, a path is a socket.
        ("ssh://u@a:2222", "ssh://u@a:2222"), ("ssh://Edge", "ssh://Edge"), ("ssh://me%40corp.example@h", "ssh://me%40corp.example@h"),
        ("ssh://u@h/run/user/1000/docker.sock", "ssh://u@h/run/user/1000/docker.sock"), ("ssh://CORP%5Cme@h", "ssh://CORP%5Cme@h"),
        # A path of the others is a prefix, and its port that of a web server.
        ("tcp://proxy:8080/docker", "tcp://proxy:8080/docker"), ("tcp://proxy/docker/", "tcp://proxy:2375/docker"),
        ("https://gateway/engines/7/docker", "https://gateway:443/engines/7/docker"), ("http://gateway/d", "http://gateway:80/d"),
        ("agent://10.0.0.5", "agent://10.0.0.5:8890"), ("agent://10.0.0.5:1/", "agent://10.0.0.5:1"),
        ("tcp://Bücher.example:1", "tcp://bücher.example:1"),
    ],
)  # fmt: skip
def test_urls_are_written_in_one_form(text: str, expected: str) -> None:
    assert checked_url(text) == expected
    assert checked_url(expected) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"), (" ", "empty"), ("ftp://a", "must start with one of"), ("TCP://a", "must start with one of"), ("tcp://", "names no host"),
        ("tcp://a:0", "1 to 65535"), ("tcp://a:65536", "1 to 65535"), ("tcp://a:x", "1 to 65535"), ("tcp://a:", "1 to 65535"), ("unix:/x", "1 to 65535"),
        ("tcp://u@a", "only ssh"), ("tcp://a?x", "from the ?"), ("unix://", "needs a path"), ("npipe://", "needs a path"),
        ("tcp://a b", "'a b' is not a host name"), ("tcp://-a", "'-a' is not a host name"), ("tcp://a..b:1", "is not a host name"),
        (f"tcp://{'a' * 64}.com", "is not a host name"), (f"tcp://{'a.' * 127}com", "no more than 253 characters"),
        ("tcp://::1:2375", "in brackets"), ("tcp://[::1", "in brackets"), ("tcp://[::1::]", "is not an IPv6 address"), ("tcp://a:1:2", "in brackets"),
        ("agent://a/x", "takes no path"), ("agent://:8890", "names no host"), ("ssh://:22", "names no host"),
        ("ssh://-oProxyCommand=x@h", "must not start with a hyphen"), ("ssh://%2doProxyCommand=x@h", "must not start with a hyphen"),
        ("ssh://a%0ab@h", "control characters"), ("ssh://-oProxyCommand=x", "is not a host name"),
        ("tcp://\udcff", "not UTF-8"), ("tcp://ab--cd‥.example", "not an international host name"),
    ],
)  # fmt: skip
def test_addresses_that_are_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidUrlError, match=problem):
        checked_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "ssh://u:pa55word@a",
        "tcp://u:pa55word@a:1",
        "u:pa55word@a:1",
        "https://u:pa55/word@a",
        "ftp://u:pa55word@a",
        "tcp:/u:pa55word@a",
        "tcp:u:pa55word@a",
        "tcp://a:x?token=pa55word",
        "pa55word@a?b",
        "tcp://u:p@a@pa55word@b:x",
    ],
)
def test_messages_have_no_credentials(text: str) -> None:
    with pytest.raises(InvalidUrlError) as caught:
        checked_url(text)
    assert "pa55" not in str(caught.value)


def test_a_password_is_refused_with_the_way_to_do_without() -> None:
    with pytest.raises(InvalidUrlError, match=r"'ssh://a': a URL must not hold a password; use keys for ssh"):
        checked_url("ssh://u:secret@a")


def test_tcp_over_tls_has_its_own_default_port() -> None:
    assert checked_url("tcp://a", over_tls=True) == "tcp://a:2376"
    assert checked_url("tcp://a:1", over_tls=True) == "tcp://a:1"


def test_parts_are_decoded_for_those_who_connect() -> None:
    assert url_parts("ssh://me%40corp.example@Edge/run/docker.sock") == UrlParts(
        "ssh", "me@corp.example", "Edge", None, "/run/docker.sock"
    )
    assert url_parts("tcp://[fe80::1%25eth0]:2375") == UrlParts("tcp", None, "fe80::1%eth0", 2375, "")
    assert url_parts("tcp://bücher.example:1").hostname == "xn--bcher-kva.example"
    assert url_parts("https://gateway:443/engines/7") == UrlParts("https", None, "gateway", 443, "/engines/7")
    assert url_parts("unix:///run/docker.sock") == UrlParts("unix", None, "", None, "/run/docker.sock")


def test_urls_from_parts() -> None:
    assert joined_url("tls", "2001:db8::1", None) == "tls://[2001:db8::1]:2376"
    assert joined_url("tcp", "[fe80::1%eth0]", 1) == "tcp://[fe80::1%25eth0]:1"
    assert joined_url("tcp", "fe80::1%eth0", 1) == "tcp://[fe80::1%25eth0]:1"
    assert joined_url("unix", "/run/docker.sock", None) == "unix:///run/docker.sock"
    for host in ("a/b", "user:secret@a", "a:2375x", ""):
        with pytest.raises(InvalidUrlError) as caught:
            joined_url("tcp", host, None)
        assert "secret" not in str(caught.value)
