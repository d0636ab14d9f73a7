"""The rules: each kind of secret in a text, how it is written and what it means.

Order matters: the rules of `SHAPES` run before the exemptions of `patterns`, and those of `NAMED` after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockerframe._redaction.patterns import ASSIGNED, CLOSED, DNS_PROVIDERS, GUARD, NAME, QUOTED, VALUE, WORD
from dockerframe._redaction.tokens import NOTIFIERS, OPAQUE, SHAPE_TRIGGER, TOKEN_SHAPES, WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM: Final = r"""(?:^|[\s"'/])"""
"""What stands before the name of a program."""

_WORD_TRIGGER: Final = (
    "(?i:pass|pwd|pw|secret|token|kennwort|credential|mnemonic|key|community|auth|psk|jwt|cookie|creds?|salt|session"
    "|_pat|pat=)"
)


class Form(NamedTuple):
    """How a secret is written: regular expressions of what stays before it, of itself, and of what stays after it."""

    before: str
    secret: str
    after: str = ""


class Rule(NamedTuple):
    """A kind of secret in a text.

    Attributes
    ----------
    name
        Name of the kind, unique.
    meaning
        What it recognises, for the documentation.
    trigger
        A text without a match of this simple pattern has no such secret. Cheap, because every text is tried.
    forms
        How the secret is written; the first that matches counts.
    flags
        Flags of the forms. Case does not matter, except for what has a shape.
    """

    name: str
    meaning: str
    trigger: str
    forms: tuple[Form, ...]
    flags: str = "(?i)"


SHAPES: Final = (
    Rule(
        "private key",
        "PEM blocks of private keys, also without their end, and PEM in Base64",
        "-----BEGIN|LS0tLS1CRUdJTi",
        (
            Form(
                r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", r"[^‹].*?(?:-----END [A-Z0-9 ]{0,40}-----|\z)"
            ),
            Form("", "LS0tLS1CRUdJTi[a-zA-Z0-9+/=]{16,}"),
        ),
        flags="(?s)",
    ),
    Rule(
        "password hash",
        "crypt, bcrypt, Apache MD5, Argon2, scrypt, PBKDF2, LDAP and SCRAM hashes, also with the `$$` of Compose",
        r"\$[a-zA-Z0-9]+[$-]|\{[A-Z0-9]*SHA|SCRAM-SHA|pbkdf2",
        (
            Form(
                "",
                r"\$\$?(?:2[abxy]?|apr1|1|5|6|7|y|gy|argon2[id]{0,2}|scrypt|s[0-9]|pbkdf2[a-z0-9-]*|bcrypt[a-z0-9-]*|P|H|S)"
                r"\$[[:word:]./+=$,-]{8,}",
            ),
            Form("", r"\{S?SHA[0-9]*\}[a-zA-Z0-9+/=]{16,}"),
            Form("", r"""(?:SCRAM-SHA-|pbkdf2_sha)[0-9]+\$[^\s"']{16,}"""),
        ),
        flags="",
    ),
    Rule(
        "URL password",
        "user and password of a URL: `postgres://user:password@host`",
        "//[^@]*@",
        (
            Form(
                "//",
                # A slash in the password is one if the text before it is not a port.
                rf"""[^\s/?#"'@:\[‹]*:(?:[^\s"'@/?#{GUARD}]*[^\s"'@/?#0-9{GUARD}][^\s"'@/?#{GUARD}]*[/?#][^\s"'@]*"""
                rf"""|[^\s/?#"'@{GUARD}]+)(?:@[^\s/?#"'@]*)*""",
                "@",
            ),
            Form("https?://", "[[:word:]-]{16,}", "@"),
        ),
    ),
    Rule(
        "connection string",
        "user and password before a host without a scheme: `root:password@tcp(db:3306)/x`, `user:password@db:5432`",
        ":[^@]+@",
        (
            Form(
                r"""(?:^|[\s"'=(,])[[:word:].%+-]*:""",
                rf"""[^\s/@:"'{GUARD}‹][^\s/"'{GUARD}]*""",
                r"@(?:(?:tcp6?|udp|unix|cloudsql)\(|[[:word:]-]+(?:\.[[:word:]-]+)*(?::[0-9]{1,5}|/))",
            ),
        ),
    ),
    Rule(
        "notification URL",
        "URLs of Apprise and Shoutrrr, which are made of tokens: `discord://token@id`",
        "://",
        (Form(rf"(?-u:\b)(?:{NOTIFIERS})://", r"""[^\s"'‹]+"""),),
    ),
    Rule(
        "webhook",
        "webhook URLs of Slack, Discord, Teams, Telegram, ntfy, Zapier, IFTTT, PagerDuty, Healthchecks and others, and"
        " URLs with a part after `/hook/`, `/webhooks/` or `/api/push/`",
        r"(?i:hook|ntfy|hc-ping|ifttt|spaces|cronitor|pagerduty|heartbeat|telegram|day\.app|azure|/api/push)",
        (Form(rf"""{WEBHOOKS}|//[^\s"']*?/(?:(?:web)?hooks?|api/push)/""", r"""[^\s"'‹/][^\s"']*"""),),
    ),
    Rule(
        "signed URL",
        "signatures and long codes in the query of a URL",
        "(?i:[?&](?:sig|code|x-amz|hmac|sas))",
        (Form("[?&](?:sig|signature|hmac|sas|x-amz-signature|x-amz-credential|code)=", "[[:word:]%+/.=~-]{16,}"),),
    ),
)
"""Secrets that are recognised whatever stands around them."""

NAMED: Final = (
    Rule(
        "header",
        "the headers `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie` and `X-…-Key`",
        r"(?i:authorization|cookie|x-[a-z-]*(?:key|token|secret|auth))",
        (
            Form(rf"""authorization{ASSIGNED}\\*["']?""", r"""(?:digest|aws4-hmac-sha256)[ \t][^\n"']*"""),
            Form(
                rf"""authorization{ASSIGNED}\\*["']?""",
                rf"""(?:[a-z][[:word:]-]*[ \t]+)?[^\s"'\\{GUARD}‹][^\s"']*""",
            ),
            Form(
                r"""(?-u:\b)(?:set-)?cookie\\*["']?:[ \t]*\\*["']?""",
                rf"""[^\s"';{GUARD}‹][^\s"';]*(?:;[ \t]*[^\s"';]+)*""",
            ),
            Form(r"""(?-u:\b)x-[a-z-]*(?:key|token|secret|auth)[ \t]+["']?""", OPAQUE),
        ),
    ),
    Rule(
        "block",
        "block scalars and lists in YAML under a secret name",
        rf"{_WORD_TRIGGER}[^\n]*\n",
        (
            Form(rf"{NAME}{CLOSED}:[ \t]*", r"[|>][+-]?[0-9]?[ \t]*(?:\n+[ \t]+[^\n]*)+"),
            Form(rf"{NAME}{CLOSED}:[ \t]*", r"(?:\n[ \t]*- [^\n]*)+"),
        ),
    ),
    Rule(
        "line",
        "several words after a secret name and a colon at the beginning of a line: `password: correct horse`",
        _WORD_TRIGGER,
        (Form(rf"^[ \t]*(?:- )?[[:word:].-]*{NAME}:[ \t]+", rf"""[^\s"'\[{{|>{GUARD}‹][^\n]*"""),),
        flags="(?im)",
    ),
    Rule(
        "assignment",
        "what is assigned to a secret name in a command, an environment, YAML, JSON or a query: `DB_PASSWORD=…`,"
        ' `{"name": "DB_PASSWORD", "value": "…"}`',
        _WORD_TRIGGER,
        (
            Form(
                rf"""(?:name|key)["']?[ \t]*:[ \t]*["']?[[:word:].-]*{NAME}["']?{GUARD}?,"""
                r"""\s*["']?value["']?[ \t]*:[ \t]*""",
                VALUE,
            ),
            Form(rf"{NAME}{ASSIGNED}", VALUE),
        ),
    ),
    Rule(
        "element",
        "XML elements of a secret name: `<password>…</password>`",
        _WORD_TRIGGER,
        (Form(rf"<[[:word:].-]*{NAME}>", r"[^<>\s‹][^<>]*"),),
    ),
    Rule(
        "option",
        "the value of an option of a secret name: `--token …`, `--requirepass …`",
        _WORD_TRIGGER,
        (
            Form(
                rf"""(?:^|[\s"'(\[=])(?:--?[[:word:].-]*{NAME}|requirepass|masterauth|authtoken)[ \t\v]+""",
                rf"(?:{QUOTED}|{WORD})",
            ),
            Form(rf"""["']--?[[:word:].-]*{NAME}["']{GUARD}?,\s*""", rf"(?:{QUOTED})"),
        ),
    ),
    Rule(
        "password option",
        "short options for a password: `mysql -p…`, `redis-cli -a …`, `sshpass -p …`, `-u … -p …`",
        r"(?-u:[ \t\x0b]-[a-zA-Z])",
        (
            Form(
                rf"""{_PROGRAM}(?:mysql[a-z_]*|maria[a-z_-]*|mycli|7z[az]?|rar|unrar|sshpass|cqlsh)\b"""
                r"""[^\n|;]*?[ \t\v]-p["']?""",
                rf"""[^\s"'{GUARD}‹][^\s"']*""",
            ),
            Form(
                rf"""{_PROGRAM}(?:sshpass|mongo[a-z]*|(?:docker|podman)[ \t\v]+login|mosquitto_[a-z]+|sqlcmd|zip"""
                rf"""|unzip|(?:redis|keydb|valkey)-cli|ldap[a-z]+)\b[^\n|;]*?[ \t\v]-[paw][ \t\v]*["']?""",
                WORD,
            ),
            Form(rf"""{_PROGRAM}htpasswd[ \t\v]+-[a-z]*b[a-z]*[ \t\v]+[^\s-]\S*[ \t\v]+""", r"[^\n|;&‹]+"),
            Form(rf"{_PROGRAM}consul[ \t\v][^\n|;]*?-encrypt[ \t\v=]+", WORD),
            Form(r"""[ \t\v]-u[ \t\v]*[[:word:].@-]+[ \t\v]+-p[ \t\v]*["']?""", WORD),
        ),
    ),
    Rule(
        "user option",
        "user and password in one option: `--auth user:…`, `curl -u user:…`, `smbclient -U user%…`",
        "(?i:-u|--auth|--user|--proxy-user|--basic|--cred|--login)",
        (
            Form(
                r"""(?:^|[\s"'])(?:--(?:auth|user|proxy-user|basic-?auth|credentials?|userpass|login)|-u)"""
                r"""[ \t\v=]*["']?[[:word:].@\\-]+[:%]""",
                rf"""[^\s"'{GUARD}‹/][^\s"']*""",
            ),
        ),
    ),
    Rule(
        "SQL password",
        "passwords in SQL: `IDENTIFIED BY '…'`",
        "(?i:identified|password)",
        (
            Form(
                r"(?:identified[ \t]+by|password)[ \t]+",
                rf"""'[^'{GUARD}‹][^']*(?:'|\z)|"[^"{GUARD}‹][^"]*(?:"|\z)""",
            ),
        ),
    ),
    Rule(
        "credentials",
        "`Bearer …`, `Basic …` and `Token …`",
        "(?i:bearer|basic|token)",
        (
            Form(
                r"(?-u:\b)(?:bearer|basic|token)[ \t]+",
                "[a-z._~+/-]*[0-9=][a-z0-9._~+/=-]{7,}|[a-z0-9._~+/-]{7,}[0-9=][a-z0-9._~+/=-]*|[a-z0-9+/_-]{24,}=*",
            ),
        ),
    ),
    Rule(
        "DNS provider",
        "a token after the name of a DNS provider, as in Caddy's `tls.dns`: `cloudflare …`",
        rf"(?i:{DNS_PROVIDERS})",
        (Form(rf"(?-u:\b)(?:{DNS_PROVIDERS})[ \t]+", OPAQUE),),
    ),
    Rule(
        "token",
        f"tokens of a known shape: {', '.join(TOKEN_SHAPES)}",
        SHAPE_TRIGGER,
        (Form(f"^|bot|[^a-zA-Z0-9{GUARD}]", "|".join(shape for shapes in TOKEN_SHAPES.values() for shape in shapes)),),
        flags="",
    ),
)
"""Secrets that are recognised by what stands before them, and tokens, which may be a part of such a secret."""

RULES: Final = (*SHAPES, *NAMED)

RECOGNISED: Final[Mapping[str, str]] = {
    "secret name": "the whole value of a label, variable or field whose name says that it is secret",
    **{rule.name: rule.meaning for rule in RULES},
}
"""Every kind of secret that is recognised, with its meaning."""

TRIGGER: Final = "|".join(f"(?:{trigger})" for trigger in dict.fromkeys(rule.trigger for rule in RULES))
"""What a text without any secret does not match."""
