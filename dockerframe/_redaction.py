"""Secrets in labels, commands, URLs and messages: what counts as one, and its removal.

A value is secret because of its name (`DB_PASSWORD`, `oidc.client_secret`), or because of a part of its text: the
password of a URL, what is assigned to a secret name, a password hash, a token of a known shape. `RECOGNISED` lists
every kind. The secret is replaced by `REDACTED`; the text around it stays readable.

Notes
-----
There is one set of patterns and one engine. Single texts, mappings and columns all pass through Polars, whose regular
expressions never backtrack, so that they give the same answer and no text takes more than linear time per match.
Few texts hold a secret: one cheap pattern (`_TRIGGER`) selects those that may, and each distinct one is searched once.

A text is redacted in rounds until a round changes nothing, which makes the result stable: redacting it again gives
the same text. At most `TEXT_LIMIT` characters of a text are searched, and the rest is never shown.

Some texts look like secrets and are not: `API_TOKEN_FILE=/run/secrets/x`, `--password $DB_PASSWORD`,
`http://auth:9091`. The patterns of `_EXEMPT` run before the rules of `_NAMED` and put a `_GUARD` character where a
secret would begin. No rule matches a value that begins with a guard. The guards are removed at the end.

A table declares its columns in `SECRET_COLUMNS`. A table that declares none is searched in full, so that a new table
is safe before anyone thinks of its secrets.

What is not recognised: a secret without a telling name, shape or option, such as `login bob hunter2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._budget import SEARCHED_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REDACTED: Final = "‹redacted›"
"""The text that replaces a secret."""

TRUNCATED: Final = "‹truncated›"
"""The text that replaces what is past `TEXT_LIMIT`."""

TEXT_LIMIT: Final = SEARCHED_CHARACTERS
"""Characters of one text that are searched, and shown.

Docker cuts log lines at 16 KiB, and labels and commands of real containers are shorter than that. The bound keeps the
time for a hostile text below a second. A text is cut at the last white space before it, so that no part of a secret
is left at the end.
"""

_ROUNDS: Final = 8
"""Rounds after which a text that still changes is replaced as a whole. Ordinary texts need two."""

_GUARD: Final = "\ue000"
"""A private-use character that marks what is not a secret while a text is searched; removed from the text first."""

_NAME_LIMIT: Final = 2**12
"""Characters of a name that are searched; a longer name counts as secret."""

_LIST: Final = pl.List(pl.String())
_MAP: Final = pl.Map(pl.String(), pl.String())

_BETWEEN: Final = "\v"
"""What joins the arguments of a command while they are searched: white space that hardly any argument has."""

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

_CHOSEN_NAME: Final = (
    r"(?i)^(?:traefik\.(?:http|tcp|udp)\.[a-z]+\.[^.]+\.|kuma\.[^.]+\.|(?:proxy\.[^.]+\.)?middlewares\.[^.]+\."
    r"|proxy\.[^.]+\.)"
)
"""The beginning of a label up to a name that its author chose, such as that of a router: it decides nothing."""

# --- Parts of texts --------------------------------------------------------------------------------------------------

_NAME: Final = rf"(?:(?:{_ANYWHERE})[[:word:].-]*|(?:(?-u:\b)|_)(?:{_LAST})s?|(?:{_JOINED})|(?-i:[a-z0-9](?:{_CAMEL})))"
"""A secret name, up to its end."""

_CLOSED: Final = r"""(?:\[[[:word:]]*\])?\\{0,3}["']?[ \t]*"""
"""The characters that may separate a name from its assignment sign."""

_ASSIGNED: Final = rf"""{_CLOSED}(?:[:=]=?>?)[ \t\v]*"""
"""From the end of a name to its value."""

_BARE: Final = (
    rf"""(?:\\.|[^\s"'\\=>{_GUARD}‹]|[=>]+[^\s"'\\=>{_GUARD}‹]|{REDACTED}[^\s"'\\,;&)}}\]{_GUARD}‹])"""
    rf"""(?:\\.|[^\s"'\\{_GUARD}]|["'][a-zA-Z0-9])*"""
)
"""A value without quotes. What follows an earlier replacement belongs to it."""

_WORD: Final = rf"""[^\s"'{_GUARD}‹-](?:\\.|[^\s"'\\])*"""
"""An argument of a command; one that begins with `-` is the next option."""

_QUOTED: Final = (
    rf"""\\+"[^"\\{_GUARD}‹][^"\\]*(?:\\+"|\z)"""
    rf"""|"(?:\\.|[^"\\{_GUARD}‹])(?:\\.|[^"\\])*(?:"|\z)|'(?:\\.|[^'\\{_GUARD}‹])(?:\\.|''|[^'\\])*(?:'|\z)"""
)
_VALUE: Final = rf"(?:{_QUOTED}|\[[^\]\s{_GUARD}‹][^\]]*(?:\]|\z)|\{{[^}}\s{_GUARD}‹][^{{}}]*(?:\}}|\z)|{_BARE})"
"""The value of an assignment: quoted, a list, a mapping, or up to white space or a guard."""

_DNS_PROVIDERS: Final = (
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
    rf"^(?:(?i:bearer|basic|token|{_DNS_PROVIDERS})[ \t]+)?(?:{_PLACEHOLDER})$|^(?:{_PATHS})\S*$"
    rf"|^(?i:{_BOOLEANS}|{_KINDS})$|^{REDACTED}$|^[^\s,:]+@(?:file|docker)$"
)
"""Values that are not secret under any name: booleans, names of variables, paths."""

_TAG: Final = r"v?[0-9][0-9.]*(?:-[a-z0-9.]+)?|latest|stable|edge|main|master|nightly|dev|lts|alpine"
"""Tags of images, as they are often called."""

_SYSTEM: Final = "[0-9]+|root|www-data|nobody|nogroup|node|nginx|app|daemon|users|docker"
"""Users and groups that containers run as."""


class Exemption(NamedTuple):
    """A text that looks like a secret and is not: a guard keeps its two parts from being read as one."""

    meaning: str
    before: str
    after: str


_DIGESTS: Final = (
    Exemption("digests of images", r"[^\s@]", "@(?:sha256|sha512):"),
    Exemption("integrities", "sha(?:256|384|512)-", "[a-zA-Z0-9+/]"),
)

_EXEMPT: Final = (
    (
        Exemption("names that describe", rf"""(?i:{_NAME})[[:word:].-]*?{_ABOUT_TAIL}["'\\]*""", r"[ \t]*[=:]|[ \t]"),
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
        Exemption("tags", r"/[a-z0-9][a-z0-9._-]*", rf":(?:{_TAG})(?:{_GUARD}@|{_END})"),
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

_PROGRAM: Final = r"""(?:^|[\s"'/])"""
"""What stands before the name of a program."""

_NOTIFIERS: Final = (
    "discord|slack|telegram|tgram|pushover|pover|gotifys?|teams|msteams|ntfys?|pushbullet|pbul|ifttt|bark|opsgenie"
    "|rocketchat|rocket|rockets|mattermost|mmosts?|zulip|matrixs?|googlechat|gchat|signals?|twilio|webex|wxteams"
    "|workflows?|schan|dingtalk|lark|feishu|wecombot|pagerduty|prowl|simplepush|spush|notica|notifiarr|kumulos|hassios?"
)
"""Schemes of notification URLs (Apprise, Shoutrrr): what follows is made of tokens."""

_WEBHOOKS: Final = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|(?:ptb\.|canary\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/"
    r"|[[:word:].-]+\.webhook\.office\.com/|outlook\.office(?:365)?\.com/webhook/|[[:word:].-]+\.logic\.azure\.com[^\s\"']*/triggers/"
    r"|ntfy\.sh/|hc-ping\.com/|hooks\.zapier\.com/hooks/|maker\.ifttt\.com/trigger/|chat\.googleapis\.com/v1/spaces/"
    r"|cronitor\.link/|events\.pagerduty\.com/integration/|uptime\.betterstack\.com/api/v1/heartbeat/"
    r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/|api\.telegram\.org/bot|api\.day\.app/|hook\.[a-z0-9.]*make\.com/"
)
"""Hosts and paths of services whose webhook URL is all that a sender needs."""

_OPAQUE: Final = "[[:word:]-]*[0-9][[:word:]-]{9,}|[[:word:]-]{9,}[0-9][[:word:]-]*|[[:word:]-]{20,}"
"""A string that is not a word: ten characters with a digit near an end, or twenty."""

_TOKEN_SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "1Password": (r"ops_eyJ[[:word:]+/=-]{16,}",),
    "age": (r"AGE-SECRET-KEY-1[0-9A-Z]{8,}",),
    "AWS": (r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{12,}",),
    "Anthropic, OpenAI": (r"sk-[a-zA-Z0-9_-]{20,}",),
    "Atlassian": (r"AT(?:ATT|CTT|BB)[[:word:]=-]{16,}",),
    "Azure": (
        r"[a-zA-Z0-9_~.]{3}[0-9]Q~[[:word:]~.-]{30,}",
        r"[a-zA-Z0-9+/]{86}==",
    ),
    "Cloudflare": (
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{40,}",
        r"cf(?:ut|at|k)_[[:word:]-]{30,}",
    ),
    "Databricks": (r"dapi[0-9a-f]{32}",),
    "DigitalOcean": (r"do[opr]_v1_[0-9a-f]{32,}",),
    "Discord": (r"[MNO][[:word:]-]{22,27}\.[[:word:]-]{6}\.[[:word:]-]{27,}",),
    "Docker": (
        r"dckr_[a-z]+_[[:word:]-]{12,}",
        r"SWMTKN-[[:word:]-]{16,}",
    ),
    "Doppler": (r"dp\.(?:pt|st|ct|sa|scim|audit)\.[[:word:].-]{20,}",),
    "Facebook": (r"EAA[a-zA-Z0-9]{60,}",),
    "Fly.io": (
        r"fo1_[[:word:]-]{30,}",
        r"fm[12][ar]?_[a-zA-Z0-9+/=]{40,}",
    ),
    "GitHub": (
        r"gh[pousr]_[a-zA-Z0-9]{20,}",
        r"github_pat_[[:word:]]{20,}",
    ),
    "GitLab": (
        r"gl[a-z]{2,8}-[[:word:]-]{16,}",
        r"GR1348941[[:word:]-]{16,}",
    ),
    "Google": (
        r"AIza[[:word:]-]{30,}",
        r"GOCSPX-[[:word:]-]{20,}",
        r"ya29\.[[:word:]-]{16,}",
        r"1//0[[:word:]-]{20,}",
    ),
    "Grafana": (r"gl(?:sa|c)_[[:word:]+/=]{20,}",),
    "Groq, Hugging Face": (
        r"gsk_[[:word:]]{20,}",
        r"hf_[a-zA-Z0-9]{20,}",
    ),
    "Perplexity, Replicate, xAI": (
        r"pplx-[[:word:]]{20,}",
        r"r8_[[:word:]]{20,}",
        r"xai-[[:word:]]{20,}",
    ),
    "JSON Web Token": (r"eyJ[[:word:]+/-]{12,}=*(?:\.[[:word:]+/-]*=*)*",),
    "Linear, Notion": (
        r"lin_(?:api|oauth)_[[:word:]]{16,}",
        r"ntn_[[:word:]]{30,}",
        r"secret_[a-zA-Z0-9]{40,}",
    ),
    "Mailchimp, Mailgun": (
        r"[0-9a-f]{32}-us[0-9]{1,2}",
        r"key-[0-9a-f]{32}",
    ),
    "SendGrid, Twilio": (
        r"SG\.[[:word:]-]{16,}\.[[:word:]-]{16,}",
        r"SK[0-9a-f]{32}",
    ),
    "NetBird, Portainer, Tailscale": (
        r"nbp_[[:word:]]{20,}",
        r"ptr_[[:word:]+/=]{20,}",
        r"tskey-[[:word:]-]{10,}",
    ),
    "New Relic": (r"NR(?:AK|II|JS|RA)-[[:word:]-]{16,}",),
    "npm, PyPI, RubyGems": (
        r"npm_[a-zA-Z0-9]{30,}",
        r"pypi-Ag[[:word:]-]{20,}",
        r"rubygems_[0-9a-f]{32,}",
    ),
    "PlanetScale, Supabase": (
        r"pscale_[a-z]+_[[:word:].=-]{20,}",
        r"sbp_[0-9a-f]{30,}",
        r"sb_secret_[[:word:]-]{16,}",
    ),
    "Plex": (r"claim-[[:word:]-]{16,}",),
    "Postman, Pulumi, Sentry": (
        r"PMAK-[0-9a-f-]{40,}",
        r"pul-[0-9a-f]{40}",
        r"sntry[su]_[[:word:]+/=]{20,}",
    ),
    "Shopify, Square": (
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
        r"sq0[a-z]{3}-[[:word:]-]{20,}",
        r"EAAA[[:word:]-]{40,}",
    ),
    "Slack": (
        r"xox[a-z](?:\.xox[a-z])?-[[:word:]-]{8,}",
        r"xapp-[0-9]-[[:word:]-]{8,}",
    ),
    "Stripe": (
        r"[sr]k_(?:live|test|prod)_[[:word:]]{8,}",
        r"whsec_[[:word:]+/=]{16,}",
    ),
    "Telegram": (r"[0-9]{6,12}:AA[[:word:]-]{30,}",),
    "Terraform, Vault": (
        r"[a-zA-Z0-9]{14}\.atlasv1\.[[:word:]-]{30,}",
        r"hv[sbr]\.[[:word:]-]{20,}",
    ),
}
"""Tokens that are recognised by their shape alone, by who issues them."""


_SHAPE_TRIGGER: Final = (
    r"eyJ|AGE-S|A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])[A-Z0-9]|sk-|AT(?:ATT|CTT|BB)|[0-9]Q~|[a-zA-Z0-9+/]==|v1\.0-|cf(?:ut|at|k)_"
    r"|dapi[0-9a-f]|do[opr]_v1|[MNO][[:word:]-]{22,27}\.|dckr_|SWMTKN|dp\.(?:pt|st|ct|sa|sc|au)|EAA|fo1_|fm[12]|gh[pousr]_"
    r"|github_pat|gl[a-z]{2,8}-|GR13|AIza|GOCSPX|ya29|1//0|gl(?:sa|c)_|gsk_|hf_|pplx-|r8_|xai-|lin_|ntn_|secret_|-us[0-9]"
    r"|key-|SG\.|SK[0-9a-f]{32}|nbp_|ptr_|tskey|NR(?:AK|II|JS|RA)|npm_|pypi-|rubygems_|pscale_|sbp_|sb_s|claim-|PMAK"
    r"|pul-|sntry|shp(?:at|ca|pa|ss)_|sq0|xox[a-z]|xapp-|[sr]k_|whsec_|:AA|atlasv1|hv[sbr]\."
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


_WORD_TRIGGER: Final = (
    "(?i:pass|pwd|pw|secret|token|kennwort|credential|mnemonic|key|community|auth|psk|jwt|cookie|creds?|salt|session"
    "|_pat|pat=)"
)

_SHAPES: Final = (
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
                rf"""[^\s/?#"'@:\[‹]*:(?:[^\s"'@/?#{_GUARD}]*[^\s"'@/?#0-9{_GUARD}][^\s"'@/?#{_GUARD}]*[/?#][^\s"'@]*"""
                rf"""|[^\s/?#"'@{_GUARD}]+)(?:@[^\s/?#"'@]*)*""",
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
                rf"""[^\s/@:"'{_GUARD}‹][^\s/"'{_GUARD}]*""",
                r"@(?:(?:tcp6?|udp|unix|cloudsql)\(|[[:word:]-]+(?:\.[[:word:]-]+)*(?::[0-9]{1,5}|/))",
            ),
        ),
    ),
    Rule(
        "notification URL",
        "URLs of Apprise and Shoutrrr, which are made of tokens: `discord://token@id`",
        "://",
        (Form(rf"(?-u:\b)(?:{_NOTIFIERS})://", r"""[^\s"'‹]+"""),),
    ),
    Rule(
        "webhook",
        "webhook URLs of Slack, Discord, Teams, Telegram, ntfy, Zapier, IFTTT, PagerDuty, Healthchecks and others, and"
        " URLs with a part after `/hook/`, `/webhooks/` or `/api/push/`",
        r"(?i:hook|ntfy|hc-ping|ifttt|spaces|cronitor|pagerduty|heartbeat|telegram|day\.app|azure|/api/push)",
        (Form(rf"""{_WEBHOOKS}|//[^\s"']*?/(?:(?:web)?hooks?|api/push)/""", r"""[^\s"'‹/][^\s"']*"""),),
    ),
    Rule(
        "signed URL",
        "signatures and long codes in the query of a URL",
        "(?i:[?&](?:sig|code|x-amz|hmac|sas))",
        (Form("[?&](?:sig|signature|hmac|sas|x-amz-signature|x-amz-credential|code)=", "[[:word:]%+/.=~-]{16,}"),),
    ),
)
"""Secrets that are recognised whatever stands around them."""

_NAMED: Final = (
    Rule(
        "header",
        "the headers `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie` and `X-…-Key`",
        r"(?i:authorization|cookie|x-[a-z-]*(?:key|token|secret|auth))",
        (
            Form(rf"""authorization{_ASSIGNED}\\*["']?""", r"""(?:digest|aws4-hmac-sha256)[ \t][^\n"']*"""),
            Form(
                rf"""authorization{_ASSIGNED}\\*["']?""",
                rf"""(?:[a-z][[:word:]-]*[ \t]+)?[^\s"'\\{_GUARD}‹][^\s"']*""",
            ),
            Form(
                r"""(?-u:\b)(?:set-)?cookie\\*["']?:[ \t]*\\*["']?""",
                rf"""[^\s"';{_GUARD}‹][^\s"';]*(?:;[ \t]*[^\s"';]+)*""",
            ),
            Form(r"""(?-u:\b)x-[a-z-]*(?:key|token|secret|auth)[ \t]+["']?""", _OPAQUE),
        ),
    ),
    Rule(
        "block",
        "block scalars and lists in YAML under a secret name",
        rf"{_WORD_TRIGGER}[^\n]*\n",
        (
            Form(rf"{_NAME}{_CLOSED}:[ \t]*", r"[|>][+-]?[0-9]?[ \t]*(?:\n+[ \t]+[^\n]*)+"),
            Form(rf"{_NAME}{_CLOSED}:[ \t]*", r"(?:\n[ \t]*- [^\n]*)+"),
        ),
    ),
    Rule(
        "line",
        "several words after a secret name and a colon at the beginning of a line: `password: correct horse`",
        _WORD_TRIGGER,
        (Form(rf"^[ \t]*(?:- )?[[:word:].-]*{_NAME}:[ \t]+", rf"""[^\s"'\[{{|>{_GUARD}‹][^\n]*"""),),
        flags="(?im)",
    ),
    Rule(
        "assignment",
        "what is assigned to a secret name in a command, an environment, YAML, JSON or a query: `DB_PASSWORD=…`,"
        ' `{"name": "DB_PASSWORD", "value": "…"}`',
        _WORD_TRIGGER,
        (
            Form(
                rf"""(?:name|key)["']?[ \t]*:[ \t]*["']?[[:word:].-]*{_NAME}["']?{_GUARD}?,"""
                r"""\s*["']?value["']?[ \t]*:[ \t]*""",
                _VALUE,
            ),
            Form(rf"{_NAME}{_ASSIGNED}", _VALUE),
        ),
    ),
    Rule(
        "element",
        "XML elements of a secret name: `<password>…</password>`",
        _WORD_TRIGGER,
        (Form(rf"<[[:word:].-]*{_NAME}>", r"[^<>\s‹][^<>]*"),),
    ),
    Rule(
        "option",
        "the value of an option of a secret name: `--token …`, `--requirepass …`",
        _WORD_TRIGGER,
        (
            Form(
                rf"""(?:^|[\s"'(\[=])(?:--?[[:word:].-]*{_NAME}|requirepass|masterauth|authtoken)[ \t\v]+""",
                rf"(?:{_QUOTED}|{_WORD})",
            ),
            Form(rf"""["']--?[[:word:].-]*{_NAME}["']{_GUARD}?,\s*""", rf"(?:{_QUOTED})"),
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
                rf"""[^\s"'{_GUARD}‹][^\s"']*""",
            ),
            Form(
                rf"""{_PROGRAM}(?:sshpass|mongo[a-z]*|(?:docker|podman)[ \t\v]+login|mosquitto_[a-z]+|sqlcmd|zip"""
                rf"""|unzip|(?:redis|keydb|valkey)-cli|ldap[a-z]+)\b[^\n|;]*?[ \t\v]-[paw][ \t\v]*["']?""",
                _WORD,
            ),
            Form(rf"""{_PROGRAM}htpasswd[ \t\v]+-[a-z]*b[a-z]*[ \t\v]+[^\s-]\S*[ \t\v]+""", r"[^\n|;&‹]+"),
            Form(rf"{_PROGRAM}consul[ \t\v][^\n|;]*?-encrypt[ \t\v=]+", _WORD),
            Form(r"""[ \t\v]-u[ \t\v]*[[:word:].@-]+[ \t\v]+-p[ \t\v]*["']?""", _WORD),
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
                rf"""[^\s"'{_GUARD}‹/][^\s"']*""",
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
                rf"""'[^'{_GUARD}‹][^']*(?:'|\z)|"[^"{_GUARD}‹][^"]*(?:"|\z)""",
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
        rf"(?i:{_DNS_PROVIDERS})",
        (Form(rf"(?-u:\b)(?:{_DNS_PROVIDERS})[ \t]+", _OPAQUE),),
    ),
    Rule(
        "token",
        f"tokens of a known shape: {', '.join(_TOKEN_SHAPES)}",
        _SHAPE_TRIGGER,
        (
            Form(
                f"^|bot|[^a-zA-Z0-9{_GUARD}]", "|".join(shape for shapes in _TOKEN_SHAPES.values() for shape in shapes)
            ),
        ),
        flags="",
    ),
)
"""Secrets that are recognised by what stands before them, and tokens, which may be a part of such a secret."""

_RULES: Final = (*_SHAPES, *_NAMED)

RECOGNISED: Final[Mapping[str, str]] = {
    "secret name": "the whole value of a label, variable or field whose name says that it is secret",
    **{rule.name: rule.meaning for rule in _RULES},
}
"""Every kind of secret that is recognised, with its meaning."""

_TRIGGER: Final = "|".join(f"(?:{trigger})" for trigger in dict.fromkeys(rule.trigger for rule in _RULES))
"""What a text without any secret does not match."""


def _replacement(flags: str, parts: Iterable[tuple[str, str, str]], instead: str) -> tuple[str, str]:
    """One pattern for several forms, and its replacement, which keeps what stands before and after.

    One, because each thread of Polars keeps about thirty compiled patterns.
    """
    forms = tuple(parts)
    before, after = ("".join(f"${{{number}}}" for number in range(start, 2 * len(forms) + 1, 2)) for start in (1, 2))
    return flags + "|".join(f"({part[0]})(?:{part[1]})({part[2]})" for part in forms), f"{before}{instead}{after}"


def _exempting(exemptions: Iterable[Exemption]) -> tuple[str, str]:
    return _replacement("", ((exemption.before, "", exemption.after) for exemption in exemptions), _GUARD)


def _redacting(rule: Rule) -> tuple[str, str]:
    return _replacement(rule.flags, rule.forms, REDACTED)


_REPLACEMENTS: Final = (
    _exempting(_DIGESTS),
    *map(_redacting, _SHAPES),
    *map(_exempting, _EXEMPT),
    *map(_redacting, _NAMED),
)

# --- Texts and columns -----------------------------------------------------------------------------------------------


def is_secret_name(name: str) -> bool:
    """Whether a label, variable or field of this name holds a secret.

    Examples
    --------
    >>> names = ("DB_PASSWORD", "smtpPass", "DB_PASSWORD_FILE", "proxy.app.port", "monkey")
    >>> [name for name in names if is_secret_name(name)]
    ['DB_PASSWORD', 'smtpPass']
    """
    return bool(_are_secret(_series([name])).item())


def redact_text(text: str) -> str:
    """A text without the secrets in it, at most `TEXT_LIMIT` characters of it.

    Examples
    --------
    >>> redact_text("serve --token abc --db postgres://app:hunter2@db/app")
    'serve --token ‹redacted› --db postgres://‹redacted›@db/app'
    """
    return str(_redact_texts(_series([text])).item())


def redact_mapping(values: Mapping[str, str]) -> dict[str, str]:
    """Names and values, such as headers, options or variables, without what is secret in the values.

    Examples
    --------
    >>> redact_mapping({"X-Api-Key": "abc", "Accept": "*/*"})
    {'X-Api-Key': '‹redacted›', 'Accept': '*/*'}
    """
    redacted = _redact_values(_series(values), _series(values.values()))
    return dict(zip(values, redacted.to_list(), strict=True))


def redacted_text(text: pl.Expr) -> pl.Expr:
    """As `redact_text`, over a column of texts."""
    return text.map_batches(_redact_texts, return_dtype=pl.String(), is_elementwise=True)


def redacted_value(name: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The value of something by its name: replaced if the name is secret, else without the secrets in it.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"key": ["DB_PASSWORD", "url", "port"], "value": ["a", "http://u:p@x", "80"]})
    >>> frame.select(redacted_value(pl.col("key"), pl.col("value"))).to_series().to_list()
    ['‹redacted›', 'http://‹redacted›@x', '80']
    """
    return pl.map_batches(
        [name, value], lambda both: _redact_values(*both), return_dtype=pl.String(), is_elementwise=True
    )


def _series(texts: Iterable[str]) -> pl.Series:
    """Texts as a column. Characters that UTF-8 does not have, such as half a surrogate pair, are escaped."""
    valid = (text[: TEXT_LIMIT + 1].encode("utf-8", "backslashreplace").decode("utf-8") for text in texts)
    return pl.Series(list(valid), dtype=pl.String())


def _are_secret(names: pl.Series) -> pl.Series:
    # Many things have few names: each is read once.
    distinct = names.unique()
    own = distinct.str.slice(0, _NAME_LIMIT).str.replace(_CHOSEN_NAME, "")
    is_secret = own.str.contains(SECRET_NAME) & ~own.str.contains(HARMLESS_NAME)
    return names.is_in(distinct.filter(is_secret | (distinct.str.len_bytes() > _NAME_LIMIT)).implode())


def _redact_values(names: pl.Series, values: pl.Series) -> pl.Series:
    """The values of things by their names."""
    by_name = _are_secret(names).fill_null(value=False)
    if not by_name.any():
        return _redact_texts(values)
    harmless = values.str.contains(HARMLESS_VALUE) | (values == "")
    hidden = by_name & ~harmless.fill_null(value=True)
    return _redact_texts(values.set(hidden, REDACTED))


def _redact_texts(texts: pl.Series) -> pl.Series:
    """Texts without the secrets in them. Few texts may hold one; each distinct one of those is searched once."""
    suspicious = (texts.str.contains(_TRIGGER) | (texts.str.len_bytes() > TEXT_LIMIT)).fill_null(value=False)
    if not suspicious.any():
        return texts
    distinct = texts.filter(suspicious).unique()
    redacted = _settled(distinct)
    changed = redacted != distinct
    return texts.replace(distinct.filter(changed), redacted.filter(changed)) if changed.any() else texts


def _settled(texts: pl.Series, rounds: int = _ROUNDS) -> pl.Series:
    """Texts searched in rounds until nothing changes, so that the result stays the same when it is redacted again."""
    searched = _searched(_cut(texts))
    changed = searched != texts
    if not changed.any():
        return texts
    if not rounds:
        return texts.set(changed, REDACTED)
    settled = _settled(searched.filter(changed), rounds - 1)
    return searched.scatter(changed.arg_true(), settled)


def _cut(texts: pl.Series) -> pl.Series:
    """Texts of at most `TEXT_LIMIT` characters, cut at white space so that no part of a secret ends one."""
    is_long = texts.str.len_chars() > TEXT_LIMIT
    if not is_long.any():
        return texts
    beginning = texts.filter(is_long).str.slice(0, TEXT_LIMIT).str.replace(r"\S*\z", TRUNCATED)
    return texts.clone().scatter(is_long.arg_true(), beginning)


def _searched(texts: pl.Series) -> pl.Series:
    """Texts after one round of all patterns."""
    return texts.to_frame("text").select(_SEARCHED).to_series()


def _search(text: pl.Expr) -> pl.Expr:
    text = text.str.replace_all(_GUARD, "", literal=True)
    for pattern, replacement in _REPLACEMENTS:
        text = text.str.replace_all(pattern, replacement)
    return text.str.replace_all(_GUARD, "", literal=True)


_SEARCHED: Final = _search(pl.col("text"))


# --- Tables ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SecretColumns:
    """The columns of a table that may hold secrets.

    Attributes
    ----------
    texts
        Columns of free text, or of lists of arguments.
    values
        Pairs of a column with names and a column with their values.
    maps
        Columns of type Map, from names to values.
    """

    texts: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    maps: tuple[str, ...] = ()


SECRET_COLUMNS: Final[Mapping[str, SecretColumns]] = {
    "hosts": SecretColumns(texts=("url", "error")),
    "containers": SecretColumns(texts=("command",), maps=("labels",)),
    "routes": SecretColumns(maps=("fields",)),
    "route_fields": SecretColumns(values=(("field", "value"),)),
    "ports": SecretColumns(),
    "mounts": SecretColumns(),
    "networks": SecretColumns(),
    "labels": SecretColumns(values=(("key", "value"),)),
    "dependencies": SecretColumns(),
    "errors": SecretColumns(texts=("message",)),
    "inspections": SecretColumns(texts=("healthcheck", "health_output", "state_error")),
    "findings": SecretColumns(texts=("message", "evidence", "remedy")),
    "rules": SecretColumns(),
    "differences": SecretColumns(values=(("field", "before"), ("field", "after"))),
}
"""The columns that are searched, by table. A table that is not listed is searched in full (`every_column`)."""


def every_column(schema: pl.Schema) -> SecretColumns:
    """All columns that could hold a secret: texts, lists of texts, and maps from texts to texts.

    Examples
    --------
    >>> import polars as pl
    >>> every_column(pl.Schema({"host": pl.String(), "created": pl.Date()})).texts
    ('host',)
    """
    texts = tuple(name for name, dtype in schema.items() if dtype in (pl.String(), _LIST))
    return SecretColumns(texts=texts, maps=tuple(name for name, dtype in schema.items() if dtype == _MAP))


def redact_tables(
    tables: Mapping[str, pl.DataFrame], columns: Mapping[str, SecretColumns] = SECRET_COLUMNS
) -> dict[str, pl.DataFrame]:
    """Tables without the secrets in them.

    Parameters
    ----------
    tables
        Tables by name. Columns that a table does not have are skipped.
    columns
        The columns to search, by table. A table that is not listed is searched in full.

    Examples
    --------
    >>> import polars as pl
    >>> volumes = pl.DataFrame({"volume": ["media"], "mount": ["username=app,password=hunter2,vers=3.0"]})
    >>> redact_tables({"volumes": volumes})["volumes"]["mount"].item()
    'username=app,password=‹redacted›,vers=3.0'
    """
    return {name: _redact(table, columns.get(name) or every_column(table.schema)) for name, table in tables.items()}


def redact_differences(differences: pl.DataFrame) -> pl.DataFrame:
    """The table `differences` without the secrets in the values before and after."""
    return redact_tables({"differences": differences})["differences"]


def _redact(table: pl.DataFrame, columns: SecretColumns) -> pl.DataFrame:
    """One table without the secrets in it; the same object if it has none."""
    redacted = [_redact_column(table[name]) for name in columns.texts if name in table.columns]
    for name, value in columns.values:
        if {name, value} <= set(table.columns):
            redacted.append(_redact_values(table[name].fill_null(""), table[value]))
    redacted += [_redact_map(table[name]) for name in columns.maps if name in table.columns]
    return table.with_columns(redacted) if redacted else table


def _redact_column(column: pl.Series) -> pl.Series:
    if column.dtype != _LIST:
        return _redact_texts(column)
    # An option and its value may be two arguments, so that the arguments are searched as one text.
    commands = column.list.join(_BETWEEN)
    redacted = _redact_texts(commands)
    changed = (redacted != commands).fill_null(value=False)
    return column.zip_with(~changed, redacted.str.split(_BETWEEN)) if changed.any() else column


def _redact_map(column: pl.Series) -> pl.Series:
    """A Map column; most have no secrets and are not built again."""
    entries = column.to_frame("entry").with_row_index("row").with_columns(pl.col("entry").map.entries())
    flat = entries.explode("entry").select("row", pl.col("entry").struct.unnest())
    values = _redact_values(flat["key"], flat["value"])
    changed = values.ne_missing(flat["value"])
    if not changed.any():
        return column
    built = flat.with_columns(values.alias("value"), changed.alias("changed")).filter(
        pl.col("changed").any().over("row")
    )
    maps = built.group_by("row").agg(pl.struct("key", "value").alias("redacted"))
    joined = entries.join(maps, on="row", how="left", maintain_order="left")
    return joined.select(pl.coalesce("redacted", "entry").cast(column.dtype).alias(column.name)).to_series()
