"""The words, values and exemptions of which the rules are made, as regular expressions of Polars.

Some texts look like secrets and are not: `API_TOKEN_FILE=/run/secrets/x`, `--password $DB_PASSWORD`,
`http://auth:9091`. The patterns of `EXEMPT` run before the rules of `NAMED` and put a `GUARD` character where a
secret would begin. No rule matches a value that begins with a guard. The guards are removed at the end.
"""

from __future__ import annotations

from typing import Final, NamedTuple

REDACTED: Final = "‹redacted›"
"""The text that replaces a secret."""

GUARD: Final = "\ue000"
"""A private-use character that marks what is not a secret while a text is searched; removed from the text first."""

# --- Names -----------------------------------------------------------------------------------------------------------

_ANYWHERE: Final = (
    r"passw(?:or)?[dt]|passwort|passphrase|passcode|pass[_.-]?key|kennwort|secret|token|credential|mnemonic|htpasswd"
    r"|(?:api|access|private|encryption|signing|auth|master|account|license|pre[_.-]?shared)[_.-]?key"
    r"|snmp[_.-]?community|community[_.-]?string"
)
"""Words that make a name secret anywhere in it."""

_LAST: Final = r"key|pwd|pw|pass|auth|psk|jwt|cookie|creds?|salt|authorization|sessionid|pat"
"""Words that make a name secret as its last word."""

_CAMEL: Final = "Key|Pwd|Pw|Pass|Auth|Psk|Jwt|Cookie|Creds?|Salt|Authorization"
"""The same, as the last word of a name in camel case."""

_JOINED: Final = (
    r"(?:db|root|admin|user|require|master|smtp|imap|mail|ftp|ldap|bind|key|store|sql|proxy|login)(?:pass|pwd|pw)"
    r"|masterauth|rpcauth"
)
"""Names that people write in one word. A list, because `bypass` and `compass` end in `pass` too."""

_USER_LISTS: Final = r"(?:basic|digest)[_-]?auth[_.-][^.]*"
"""Last parts of labels that hold users with passwords under Traefik and Caddy."""

_ABOUT: Final = (
    "file", "files", "filename", "path", "dir", "directory", "url", "uri", "endpoint", "host", "hostname", "port",
    "name", "names", "user", "username", "usersfile", "ttl", "expiry", "expires", "expiration", "lifetime", "timeout",
    "length", "size", "count", "limit", "type", "method", "mode", "policy", "algorithm", "format", "header",
    "headerfield", "enabled", "enable", "disabled", "disable", "required", "rule", "issuer", "audience", "scope",
    "scopes", "realm", "version", "rotation", "interval", "prefix", "domain", "samesite", "secure", "httponly",
    "maxage", "stdin", "entrypoints", "middlewares", "tls", "scheme", "icon", "description",
)  # fmt: skip
"""Last words of names that describe a secret, or where it is, and do not hold it."""

_ABOUT_TAIL: Final = (
    rf"(?:[_.-](?i:{'|'.join(_ABOUT)})|(?-i:[a-z0-9](?:{'|'.join(word.capitalize() for word in _ABOUT)})))"
)

_HARMLESS_WORDS: Final = (
    r"(?:public|pub|primary|foreign|unique|sort|partition|cache|routing|group|index|object|hot)[_.-]?keys?"
    r"|(?:max|min|num|total|no|without)[_.-](?:[a-z]+[_.-])?(?:tokens?|password|passwd|secrets?|auth)"
    r"|tokeni[sz][a-z]*|passwordless|secretary"
    r"|sticky[_.]cookie|forward[_.-]?auth"
)
"""Names that hold a secret word and are not secret."""

SECRET_NAME: Final = (
    rf"(?i)(?:{_ANYWHERE})|(?:^|[^a-z0-9])(?:{_LAST})s?$|(?:{_JOINED})$|(?:^|[._-]){_USER_LISTS}$"
    rf"|(?-i:[a-z0-9](?:{_CAMEL})$)"
)
"""Names of secrets, as a regular expression that Polars and Python read alike. `HARMLESS_NAME` has precedence."""

HARMLESS_NAME: Final = rf"{_ABOUT_TAIL}$|(?i:(?:^|[_.-])(?:{_HARMLESS_WORDS})$)"
"""Names that hold a secret word and are not secret, as a regular expression that Polars and Python read alike."""

CHOSEN_NAME: Final = (
    r"(?i)^(?:traefik\.(?:http|tcp|udp)\.[a-z]+\.[^.]+\.|kuma\.[^.]+\.|(?:proxy\.[^.]+\.)?middlewares\.[^.]+\."
    r"|proxy\.[^.]+\.)"
)
"""The beginning of a label up to a name that its author chose, such as that of a router: it decides nothing."""

# --- Parts of texts --------------------------------------------------------------------------------------------------

NAME: Final = rf"(?:(?:{_ANYWHERE})[[:word:].-]*|(?:(?-u:\b)|_)(?:{_LAST})s?|(?:{_JOINED})|(?-i:[a-z0-9](?:{_CAMEL})))"
"""A secret name, up to its end."""

CLOSED: Final = r"""(?:\[[[:word:]]*\])?\\{0,3}["']?[ \t]*"""
"""The characters that may separate a name from its assignment sign."""

ASSIGNED: Final = rf"""{CLOSED}(?:[:=]=?>?)[ \t\v]*"""
"""From the end of a name to its value."""

_BARE: Final = (
    rf"""(?:\\.|[^\s"'\\=>{GUARD}‹]|[=>]+[^\s"'\\=>{GUARD}‹]|{REDACTED}[^\s"'\\,;&)}}\]{GUARD}‹])"""
    rf"""(?:\\.|[^\s"'\\{GUARD}]|["'][a-zA-Z0-9])*"""
)
"""A value without quotes. What follows an earlier replacement belongs to it."""

WORD: Final = rf"""[^\s"'{GUARD}‹-](?:\\.|[^\s"'\\])*"""
"""An argument of a command; one that begins with `-` is the next option."""

QUOTED: Final = (
    rf"""\\+"[^"\\{GUARD}‹][^"\\]*(?:\\+"|\z)"""
    rf"""|"(?:\\.|[^"\\{GUARD}‹])(?:\\.|[^"\\])*(?:"|\z)|'(?:\\.|[^'\\{GUARD}‹])(?:\\.|''|[^'\\])*(?:'|\z)"""
)
VALUE: Final = rf"(?:{QUOTED}|\[[^\]\s{GUARD}‹][^\]]*(?:\]|\z)|\{{[^}}\s{GUARD}‹][^{{}}]*(?:\}}|\z)|{_BARE})"
"""The value of an assignment: quoted, a list, a mapping, or up to white space or a guard."""

DNS_PROVIDERS: Final = (
    "cloudflare|duckdns|digitalocean|hetzner|gandi|ovh|linode|vultr|namecheap|porkbun|desec|netlify|dnspod|alidns"
    "|godaddy|dnsimple|powerdns|ionos|netcup|inwx|acmedns|acme-dns|scaleway|vercel|njalla|bunny|dynu|route53|infomaniak"
)

_PLACEHOLDER: Final = (
    r"\$[A-Z_][A-Z0-9_]+|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$\(cat [^()\s]+\)|\{\{[^{}]*\}\}"
    r"|\{(?:env|file|\$)[.A-Za-z0-9_/]*\}"
)
"""The whole of a value that names a variable."""

_PATHS: Final = (
    r"/(?:run|var|etc|home|app|data|config|secrets?|certs?|ssl|keys|opt|srv|mnt|usr|root|tmp|workspace|proc|dev)(?-u:\b)"
    r"|\.{1,2}/|~/|file://"
)
"""The beginning of a path; only well-known ones, because secrets in Base64 may begin with a slash."""

_BOOLEANS: Final = "true|false|yes|no|on|off|null|none|nil|undefined|enabled?|disabled?|required|optional"
_KINDS: Final = "basic|digest|bearer|oauth2?|oidc|ldap|saml"
"""Kinds of authentication, as values of `auth`."""

_END: Final = r"""(?:[\s"'`;,&|)}\]]|$)"""
_LINE_END: Final = r"""(?:["'`;,&|)}\]]|[ \t]*(?:\r?\n|$|#))"""
"""What may follow the whole of a value: as a word, and after a colon, where a value may have several words."""

HARMLESS_VALUE: Final = (
    rf"^(?:(?i:bearer|basic|token|{DNS_PROVIDERS})[ \t]+)?(?:{_PLACEHOLDER})$|^(?:{_PATHS})\S*$"
    rf"|^(?i:{_BOOLEANS}|{_KINDS})$|^{REDACTED}$|^[^\s,:]+@(?:file|docker)$"
)
"""Values that are not secret under any name: booleans, names of variables, paths."""

_TAG: Final = r"v?[0-9][0-9.]*(?:-[a-z0-9.]+)?|latest|stable|edge|main|master|nightly|dev|lts|alpine"
"""Tags of images, as they are often called."""

_SYSTEM: Final = "[0-9]+|root|www-data|nobody|nogroup|node|nginx|app|daemon|users|docker"
"""Users and groups that containers run as."""

# --- Exemptions -------------------------------------------------------------------------------------------------------


class Exemption(NamedTuple):
    """A text that looks like a secret and is not: a guard keeps its two parts from being read as one."""

    meaning: str
    before: str
    after: str


DIGESTS: Final = (
    Exemption("digests of images", r"[^\s@]", "@(?:sha256|sha512):"),
    Exemption("integrities", "sha(?:256|384|512)-", "[a-zA-Z0-9+/]"),
)

EXEMPT: Final = (
    (
        Exemption("names that describe", rf"""(?i:{NAME})[[:word:].-]*?{_ABOUT_TAIL}["'\\]*""", r"[ \t]*[=:]|[ \t]"),
        Exemption("harmless names", rf"""(?i:(?:(?-u:\b)|_)(?:{_HARMLESS_WORDS}))["'\\]*""", r"[ \t]*[=:]|[ \t]"),
        Exemption("options that switch off", r"(?:^|\s)--(?:no|without|skip)-[[:word:].-]*", r"[ \t]|$"),
    ),
    (
        Exemption("variables", r"""[= \t\v(]["']?|-p["']?""", rf"(?:{_PLACEHOLDER}){_END}"),
        Exemption("variables in lines", r""":[ \t]*["']?""", rf"(?:{_PLACEHOLDER}){_LINE_END}"),
        Exemption("paths", r"""[:= \t\v]["']?""", _PATHS),
        Exemption("booleans", r"""=[ \t]*["']?""", rf"(?i:{_BOOLEANS}){_END}"),
        Exemption("booleans in lines", r""":[ \t]*["']?""", rf"(?i:{_BOOLEANS}|{_KINDS}){_LINE_END}"),
        Exemption("modes of binds", "[[:word:]]:", rf"r[ow]{_END}"),
        Exemption("hosts with a port", r"//(?:[^\s/@]*@)?[[:word:].-]+", r":[0-9]{1,5}(?:[^0-9[:word:]@]|$)"),
        Exemption("binds", r"/[[:word:].-]+", ":/"),
        Exemption("tags", r"/[a-z0-9][a-z0-9._-]*", rf":(?:{_TAG})(?:{GUARD}@|{_END})"),
        Exemption("versions", r"(?:^|\s)[a-z0-9][a-z0-9._-]*", rf":v?[0-9]+(?:\.[0-9]+)+(?:[@-]|{_END})"),
        Exemption("Compose dependencies", "[[:word:]-]", ":service_[a-z]"),
        Exemption("user and group", "(?:-u|--user)[= ]*", rf"(?:{_SYSTEM}):(?:{_SYSTEM})(?:\s|$)"),
    ),
    (
        Exemption(
            "what follows a value", r"[^\s,;&}\])]", r"""[,;&}\])]+(?:\s|$|["'{\[]|[[:word:].-]+["']?[ \t]*[=:])"""
        ),
    ),
)
"""Exemptions in three steps, because those of one step must not overlap: names, values, ends of values."""
