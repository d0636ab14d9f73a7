"""The fields of Traefik's dynamic configuration that container labels may set, as data.

Traefik refuses all labels of a container because of one unknown field, so the fields of every middleware are here.
Names are in lower case: Traefik compares them without case. Source: Traefik v3.7, paerser v0.2.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["text", "flag", "integer", "duration", "texts", "struct", "map", "list", "raw"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its kind, the fields below it, and how Traefik treats it.

    Attributes
    ----------
    kind
        `text`, `flag`, `integer` and `duration` are single values, `texts` a list of texts; `struct` has named fields,
        `map` any names, `list` numbered structs; `raw` takes anything below it.
    fields
        The fields of a struct, and of each struct of a `list`.
    element
        What each name of a map holds.
    allow_empty
        Whether a struct may stand alone. A value other than `true` then switches it off, without any message.
    ignored
        Whether labels cannot set it: its fields are checked, its values are not.
    collapsed
        Whether the one struct of a list is written without a number.
    default
        The value without any label, where it is not the zero value of its kind; `?` where no value equals its absence.
    """

    kind: Kind
    fields: Mapping[str, Field] = field(default_factory=dict)
    element: Field | None = None
    allow_empty: bool = False
    ignored: bool = False
    collapsed: bool = False
    default: str = ""


def _fields(kind: Kind, names: str) -> dict[str, Field]:
    """Fields of one kind; `name=value` gives one its default."""
    parted = [name.partition("=") for name in names.split()]
    return {name: Field(kind, default=value) for name, _, value in parted}


def _struct(*, allow_empty: bool = False, **kinds: str | Field | dict[str, Field]) -> Field:
    """A struct from names by kind (`text="a b"`), and fields by name."""
    fields: dict[str, Field] = {}
    for name, value in kinds.items():
        if isinstance(value, Field):
            fields[name] = value
        elif isinstance(value, str):
            fields |= _fields(name, value)  # type: ignore[arg-type]
    return Field("struct", fields, allow_empty=allow_empty)


def _ignored(one: Field) -> Field:
    return replace(one, ignored=True)


def _map(element: Field) -> Field:
    return Field("map", element=element)


def _list(element: Field) -> Field:
    return Field("list", element.fields)


TEXT: Final = Field("text")
_TEXT_MAP: Final = _map(TEXT)
_DOMAIN: Final = _struct(text="main", texts="sans")
_HEALTH: Final = _struct(allow_empty=True)

_COOKIE: Final = _struct(
    allow_empty=True,
    text="name samesite path=/ domain",
    flag="secure httponly",
    integer="maxage",
    expires=_ignored(Field("integer")),
)
_STICKY: Final = _struct(allow_empty=True, cookie=_COOKIE)
_WEIGHTED_SERVICE: Final = _struct(
    text="name",
    integer="weight=1",
    headers=_ignored(_TEXT_MAP),
    status=_ignored(Field("integer")),
    grpcstatus=_ignored(_struct(integer="code", text="msg")),
)
_NAMED_WEIGHT: Final = _struct(text="name", integer="weight=1")

_SERVER: Final = Field(
    "list",
    _struct(text="url scheme port", integer="weight", flag="preservepath", fenced=_ignored(Field("flag"))).fields,
    collapsed=True,
)
_HTTP_BALANCER: Final = _struct(
    text="strategy=wrr serverstransport",
    flag="passhostheader=true",
    sticky=_STICKY,
    server=_SERVER,
    healthcheck=_struct(
        text="scheme mode=http path method hostname",
        integer="status port",
        duration="interval=30s unhealthyinterval=? timeout=5s",
        flag="followredirects=true",
        headers=_TEXT_MAP,
    ),
    passivehealthcheck=_struct(duration="failurewindow=10s", integer="maxfailedattempts=1"),
    responseforwarding=_struct(duration="flushinterval=100ms"),
    nginxupstreamhashby=_ignored(TEXT),
)
_HTTP_SERVICE: Final = _struct(
    texts="middlewares",
    loadbalancer=_HTTP_BALANCER,
    highestrandomweight=_ignored(_struct(services=_list(_NAMED_WEIGHT), healthcheck=_HEALTH)),
    weighted=_ignored(_struct(services=_list(_WEIGHTED_SERVICE), sticky=_struct(cookie=_COOKIE), healthcheck=_HEALTH)),
    mirroring=_ignored(
        _struct(
            text="service",
            flag="mirrorbody",
            integer="maxbodysize",
            mirrors=_list(_struct(text="name", integer="percent")),
            healthcheck=_HEALTH,
        )
    ),
    failover=_ignored(
        _struct(
            text="service fallback",
            healthcheck=_HEALTH,
            errors=_struct(integer="maxrequestbodybytes", texts="status"),
        )
    ),
)

_DENIED_CHARACTERS: Final = _struct(
    flag=(
        "allowencodedslash allowencodedbackslash allowencodednullcharacter allowencodedsemicolon "
        "allowencodedpercent allowencodedquestionmark allowencodedhash"
    )
)
_OBSERVABILITY: Final = _struct(
    flag="accesslogs=? metrics=? tracing=?",
    text="traceverbosity=minimal",
    metadata=_ignored(
        _struct(ingress=_ignored(_struct(text="namespace ingressname servicename serviceport"))),
    ),
)
_HTTP_TLS: Final = _struct(
    allow_empty=True, text="options certresolver", resolvedoptions=_ignored(TEXT), domains=_list(_DOMAIN)
)
_HTTP_ROUTER: Final = _struct(
    text="service rule rulesyntax",
    texts="entrypoints middlewares",
    integer="priority",
    tls=_HTTP_TLS,
    observability=_OBSERVABILITY,
    parentrefs=_ignored(Field("texts")),
    defaultrule=_ignored(Field("flag")),
    deniedencodedpathcharacters=_ignored(_DENIED_CHARACTERS),
)

_IP_STRATEGY: Final = _struct(allow_empty=True, integer="depth ipv6subnet=?", texts="excludedips")
_STRICT_IP_STRATEGY: Final = replace(_IP_STRATEGY, allow_empty=False)
_SOURCE: Final = _struct(text="requestheadername", flag="requesthost", ipstrategy=_STRICT_IP_STRATEGY)
_CLIENT_TLS: Final = _struct(text="ca cert key", flag="insecureskipverify caoptional=?")
_SUBJECT: Final = "country province locality organization commonname serialnumber domaincomponent"

HTTP_MIDDLEWARES: Final[Mapping[str, Field]] = {
    "addprefix": _struct(text="prefix"),
    "stripprefix": _struct(texts="prefixes", flag="forceslash=?"),
    "stripprefixregex": _struct(texts="regex"),
    "replacepath": _struct(text="path"),
    "replacepathregex": _struct(text="regex replacement"),
    "chain": _struct(texts="middlewares"),
    "ipwhitelist": _struct(texts="sourcerange", ipstrategy=_IP_STRATEGY),
    "ipallowlist": _struct(texts="sourcerange", integer="rejectstatuscode", ipstrategy=_IP_STRATEGY),
    "headers": _struct(
        text=(
            "customframeoptionsvalue custombrowserxssvalue contentsecuritypolicy contentsecuritypolicyreportonly "
            "publickey referrerpolicy permissionspolicy featurepolicy=? sslhost=?"
        ),
        texts=(
            "accesscontrolallowheaders accesscontrolallowmethods accesscontrolalloworiginlist "
            "accesscontrolalloworiginlistregex accesscontrolexposeheaders allowedhosts hostsproxyheaders"
        ),
        flag=(
            "accesscontrolallowcredentials addvaryheader stsincludesubdomains stspreload forcestsheader framedeny "
            "contenttypenosniff browserxssfilter isdevelopment sslredirect=? ssltemporaryredirect=? sslforcehost=?"
        ),
        integer="accesscontrolmaxage=? stsseconds=?",
        customrequestheaders=_TEXT_MAP,
        customresponseheaders=_TEXT_MAP,
        sslproxyheaders=_TEXT_MAP,
    ),
    "encodedcharacters": _DENIED_CHARACTERS,
    "errors": _struct(
        text="service query",
        texts="status errorrequestheaders",
        statusrewrites=_map(Field("integer")),
        nginxheaders=_ignored(_TEXT_MAP),
    ),
    "ratelimit": _struct(
        integer="average burst=1",
        duration="period=1s",
        sourcecriterion=_SOURCE,
        redis=_struct(
            texts="endpoints=localhost:6379",
            text="username password",
            integer="db poolsize minidleconns maxactiveconns",
            duration="readtimeout=3s writetimeout=3s dialtimeout=5s",
            tls=_struct(text="ca cert key", flag="insecureskipverify"),
        ),
    ),
    "redirectregex": _struct(text="regex replacement", flag="permanent", statuscode=_ignored(Field("integer"))),
    "redirectscheme": _struct(text="scheme port", flag="permanent", forcepermanentredirect=_ignored(Field("flag"))),
    "basicauth": _struct(text="usersfile realm headerfield", texts="users", flag="removeheader"),
    "digestauth": _struct(text="usersfile realm headerfield", texts="users", flag="removeheader"),
    "forwardauth": _struct(
        text="address authresponseheadersregex headerfield authsigninurl",
        texts="authresponseheaders authrequestheaders addauthcookiestoresponse",
        flag="trustforwardheader=? forwardbody preservelocationheader preserverequestmethod",
        integer="maxresponsebodysize=? maxbodysize=-1",
        tls=_CLIENT_TLS,
    ),
    "inflightreq": _struct(integer="amount", sourcecriterion=_SOURCE),
    "buffering": _struct(
        integer="maxrequestbodybytes memrequestbodybytes maxresponsebodybytes memresponsebodybytes",
        text="retryexpression",
        disablerequestbuffer=_ignored(Field("flag")),
        disableresponsebuffer=_ignored(Field("flag")),
    ),
    "circuitbreaker": _struct(
        text="expression",
        duration="checkperiod=100ms fallbackduration=10s recoveryduration=10s",
        integer="responsecode=503",
    ),
    "compress": _struct(
        allow_empty=True,
        texts="excludedcontenttypes includedcontenttypes encodings=gzip,br,zstd",
        integer="minresponsebodybytes",
        text="defaultencoding",
    ),
    "passtlsclientcert": _struct(
        flag="pem",
        info=_struct(
            flag="notafter notbefore sans serialnumber",
            subject=_struct(flag=f"{_SUBJECT} organizationalunit"),
            issuer=_struct(flag=_SUBJECT),
        ),
    ),
    "retry": _struct(
        integer="attempts maxrequestbodybytes=2097152",
        duration="timeout initialinterval",
        texts="status",
        flag="disableretryonnetworkerror retrynonidempotentmethod",
    ),
    "contenttype": _struct(allow_empty=True, flag="autodetect=?"),
    "grpcweb": _struct(texts="alloworigins"),
    "plugin": _map(Field("raw")),
}
"""The types of HTTP middlewares, each with its fields."""

_HIDDEN_MIDDLEWARES: Final = {
    name: _ignored(one)
    for name, one in {
        "requestheadermodifier": _struct(set=_TEXT_MAP, add=_TEXT_MAP, texts="remove"),
        "responseheadermodifier": _struct(set=_TEXT_MAP, add=_TEXT_MAP, texts="remove"),
        "requestredirect": _struct(text="scheme hostname port path pathprefix", integer="statuscode"),
        "urlrewrite": _struct(text="hostname path pathprefix"),
        "authtlspasscertificatetoupstream": _struct(text="clientauthtype", texts="cafiles"),
        "snippet": _struct(
            text="serversnippet configurationsnippet",
            auth=_struct(text="address method snippet authsigninurl", texts="authresponseheaders"),
        ),
        "rewritetarget": _struct(text="regex replacement xforwardedprefix"),
        "upstreamvhost": _struct(text="vhost", vars=_TEXT_MAP),
        "approot": _struct(text="path"),
    }.items()
}

TCP_MIDDLEWARES: Final[Mapping[str, Field]] = {
    "inflightconn": _struct(integer="amount"),
    "ipwhitelist": _struct(texts="sourcerange"),
    "ipallowlist": _struct(texts="sourcerange"),
}
"""The types of TCP middlewares, each with its fields."""

_CERTIFICATES: Final = _list(_struct(text="certfile keyfile"))
_SPIFFE: Final = _struct(allow_empty=True, texts="ids", text="trustdomain")
_PEER_NAMES: Final = _list(_struct(text="type value"))
_HTTP_TRANSPORT: Final = _struct(
    text="servername minversion maxversion peercerturi",
    texts="rootcas ciphersuites",
    flag="insecureskipverify disablehttp2",
    integer="maxidleconnsperhost",
    certificates=_CERTIFICATES,
    peercertsans=_PEER_NAMES,
    spiffe=_SPIFFE,
    forwardingtimeouts=_struct(
        duration=(
            "dialtimeout responseheadertimeout idleconntimeout readidletimeout pingtimeout readtimeout writetimeout"
        )
    ),
)
_PROXY_PROTOCOL: Final = _struct(allow_empty=True, integer="version=2")
_TCP_TRANSPORT: Final = _struct(
    duration="dialkeepalive dialtimeout terminationdelay",
    proxyprotocol=_PROXY_PROTOCOL,
    tls=_struct(
        allow_empty=True,
        text="servername peercerturi",
        texts="rootcas",
        flag="insecureskipverify",
        certificates=_CERTIFICATES,
        peercertsans=_PEER_NAMES,
        spiffe=_SPIFFE,
    ),
)

_TCP_SERVICE: Final = _struct(
    loadbalancer=_struct(
        text="serverstransport",
        integer="terminationdelay=?",
        server=Field(
            "list",
            _struct(text="port", flag="tls", address=_ignored(TEXT)).fields,
            collapsed=True,
        ),
        proxyprotocol=_PROXY_PROTOCOL,
        healthcheck=_struct(
            allow_empty=True,
            text="send expect",
            integer="port",
            duration="interval=30s unhealthyinterval=? timeout=5s",
        ),
    ),
    weighted=_ignored(_struct(services=_list(_NAMED_WEIGHT), healthcheck=_HEALTH)),
)
_TCP_ROUTER: Final = _struct(
    text="service rule rulesyntax",
    texts="entrypoints middlewares",
    integer="priority",
    tls=_struct(allow_empty=True, flag="passthrough", text="options certresolver", domains=_list(_DOMAIN)),
)
_UDP_SERVICE: Final = _struct(
    loadbalancer=_struct(server=Field("list", _struct(text="port", address=_ignored(TEXT)).fields, collapsed=True)),
    weighted=_ignored(_struct(services=_list(_NAMED_WEIGHT))),
)

ROOT: Final = _struct(
    enable=Field("flag"),
    docker=_struct(text="network", flag="lbswarm allownonrunning"),
    http=_struct(
        routers=_map(_HTTP_ROUTER),
        services=_map(_HTTP_SERVICE),
        middlewares=_map(Field("struct", {**HTTP_MIDDLEWARES, **_HIDDEN_MIDDLEWARES})),
        models=_map(
            _struct(
                texts="middlewares",
                tls=_HTTP_TLS,
                observability=_OBSERVABILITY,
                deniedencodedpathcharacters=_ignored(_DENIED_CHARACTERS),
                defaultrulesyntax=_ignored(TEXT),
            )
        ),
        serverstransports=_ignored(_map(_HTTP_TRANSPORT)),
    ),
    tcp=_struct(
        routers=_map(_TCP_ROUTER),
        services=_map(_TCP_SERVICE),
        middlewares=_map(Field("struct", TCP_MIDDLEWARES)),
        models=_ignored(_map(_struct(defaultrulesyntax=_ignored(TEXT)))),
        serverstransports=_ignored(_map(_TCP_TRANSPORT)),
    ),
    udp=_struct(
        routers=_map(_struct(texts="entrypoints", text="service")),
        services=_map(_UDP_SERVICE),
    ),
    tls=_struct(
        stores=_map(
            _struct(
                defaultcertificate=_ignored(_struct(text="certfile keyfile")),
                defaultgeneratedcert=_struct(text="resolver", domain=_DOMAIN),
            )
        ),
        options=_ignored(_map(_struct(text="minversion maxversion"))),
        certificates=_ignored(_CERTIFICATES),
    ),
)
"""The fields below `traefik.`"""
