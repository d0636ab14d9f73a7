"""What people write in labels, commands, variables and URLs: secrets that must go, and near misses that must stay."""

from __future__ import annotations

import polars as pl
import pytest

from dockerframe._redaction import REDACTED, redact_mapping, redact_text
from dockerframe._redaction.patterns import DIGESTS, EXEMPT, Exemption
from dockerframe._redaction.rules import RULES, Form, Rule
from dockerframe._redaction.tokens import TOKEN_SHAPES
from dockerframe.tables import redact_tables

BCRYPT = "$2y$05$" + "Ab3.dEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQ"[:53]
APR1 = "$apr1$Ab3dEf7h$ZyXwVuTsRqPoNmLkJiHg/1"
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
SHA512 = "$6$rounds=5000$saltsalt$" + "hQ2vZ8kLmN4pR7tXyB1cD3eF" * 3
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
UUID = "3f2a1b4c-5d6e-4f70-8a9b-0c1d2e3f4a5b"
HEX32 = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
HEX40 = HEX32 + "deadbeef"
HEX64 = HEX32 * 2
ALNUM = "Zx9Qw8Er7Ty6Ui5Op4As3Df2Gh1Jk0LzXcVbNm"
PW = "hunter2hunter2"
PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"


def _pem(kind: str, newline: str = "\n") -> str:
    # In two parts, so that no scanner of this repository takes it for a key.
    return f"-----BEGIN {kind}" + f"-----{newline}{PEM_BODY}{newline}-----END {kind}-----"


NAMED_SECRETS = [
    # Variables and options: (name, value, secret).
    ("DB_PASSWORD", PW, PW),
    ("dbPassword", PW, PW),
    ("smtpPass", PW, PW),
    ("MYSQL_PWD", PW, PW),
    ("admin_pw", PW, PW),
    ("rootpw", PW, PW),
    ("requirepass", PW, PW),
    ("app.jwt", PW, PW),
    ("SESSION_COOKIE", PW, PW),
    ("Cookie", f"sid={PW}; theme=dark", PW),
    ("Authorization", f"Basic {PW}", PW),
    ("Authorization", f"token {PW}", PW),
    ("X-Api-Key", PW, PW),
    ("CF-Access-Client-Secret", PW, PW),
    ("TS_AUTHKEY", PW, PW),
    ("APP_KEY", f"base64:{PW}", PW),
    ("NONCE_SALT", PW, PW),
    ("wireguard.presharedKey", PW, PW),
    ("GH_PAT", PW, PW),
    ("SMB_CREDS", f"app%{PW}", PW),
    ("API_TOKENS", f"{PW},second{PW}", PW),
    ("SECRET_KEY_BASE", PW, PW),
    ("restic.passwort", PW, PW),
    ("snmp_community", PW, PW),
    ("username,password", PW, PW),
    ("kuma.app.http.basic_auth_pass", PW, PW),
    ("kuma.app.http.authPass", PW, PW),
    ("kuma.app.push.pushToken", PW, PW),
    ("kuma.app.http.headers", f'{{"Authorization": "Bearer {PW}"}}', PW),
    ("kuma.app.mysql.database_connection_string", f"mysql://root:{PW}@db/app", PW),
    ("proxy.app.middlewares.oidc.client_secret", PW, PW),
    ("proxy.app.middlewares.oidc", f"client_id: web\nclient_secret: {PW}\n", PW),
    # Users with passwords under Traefik and Caddy.
    ("traefik.http.middlewares.m.basicauth.users", f"bob:{APR1}", APR1),
    ("traefik.http.middlewares.m.basicauth.users", f"bob:{BCRYPT.replace('$', '$$')}", BCRYPT[8:]),
    ("traefik.http.middlewares.m.digestauth.users", f"bob:realm:{HEX32}", HEX32),
    ("traefik.http.middlewares.m.headers.customrequestheaders.Authorization", f"Basic {PW}", PW),
    ("traefik.http.middlewares.m.plugin.auth.users", f"bob:{BCRYPT}", BCRYPT),
    ("caddy.basic_auth.bob", BCRYPT, BCRYPT),
    ("caddy.1_basicauth.bob", PW, PW),
    ("caddy.handle.basic_auth.0_bob", "JDJhJDE0JGFiY2RlZg", "JDJhJDE0JGFiY2RlZg"),
    ("caddy.tls.dns", f"cloudflare {ALNUM}", ALNUM),
    ("caddy.acme_dns", f"duckdns {UUID}", UUID),
    ("caddy.header_up", f"Authorization 'Basic {PW}'", PW),
    ("note", f"users = bob:{ARGON2}", ARGON2),
    ("note", SHA512, SHA512[10:]),
    ("note", "{SSHA}" + ALNUM, ALNUM),
    # Webhooks and notification URLs.
    ("url", f"https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/{ALNUM[:24]}", ALNUM[:24]),
    ("url", f"https://discord.com/api/webhooks/123456789012345678/{ALNUM}", ALNUM),
    ("url", f"https://discordapp.com/api/webhooks/123456789012345678/{ALNUM}", ALNUM),
    ("url", f"https://api.telegram.org/bot123456789:AA{ALNUM[:33]}/sendMessage", ALNUM[:33]),
    ("url", f"https://example.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{HEX32}/{UUID}", HEX32),
    ("url", f"https://ntfy.sh/{PW}", PW),
    ("url", f"https://mattermost.example.com/hooks/{ALNUM[:26]}", ALNUM[:26]),
    ("url", f"https://hc-ping.com/{UUID}", UUID),
    ("url", f"https://kuma.example.com/api/push/{ALNUM[:10]}?status=up", ALNUM[:10]),
    ("url", f"https://ha.example.com/api/webhook/{PW}", PW),
    ("url", f"discord://{ALNUM}@123456789012345678", ALNUM),
    ("url", f"tgram://123456789:AA{ALNUM[:33]}/12345", ALNUM[:33]),
    ("url", f"gotify://push.example.com/{PW}", PW),
    ("url", f"https://push.example.com/message?token={PW}", PW),
    ("url", f"https://x.blob.core.windows.net/c?sv=2022&sig={ALNUM}%3D", ALNUM),
    ("url", f"https://chat.googleapis.com/v1/spaces/AAAA/messages?key={PW}&token={PW}", PW),
]

SECRETS = [
    # URLs and connection strings: (text, secret).
    (f"postgres://app:{PW}@db:5432/app", PW),
    (f"redis://:{PW}@cache:6379/0", PW),
    (f"amqps://app:p@{PW}@mq", PW),
    (f"postgres://app:a/{PW}@db/app", PW),
    (f"https://{HEX32}@sentry.example.com/4", HEX32),
    (f"root:{PW}@tcp(db:3306)/x", PW),
    (f"app:{PW}@unix(/run/mysqld.sock)/x?parseTime=true", PW),
    (f"--dsn app:{PW}@db:5432/app", PW),
    (f"Server=db;Database=x;User Id=sa;Password={PW};Encrypt=true", PW),
    (f"host=db user=app password='{PW} {PW}' dbname=app", PW),
    (f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={ALNUM}==;", ALNUM),
    # Commands.
    (f"mysql -uroot -p{PW} app", PW),
    (f"mysqldump -h db -u root -p'{PW}' app", PW),
    (f"sh -c 'mysqladmin ping -h localhost -p{PW}'", PW),
    (f"sshpass -p {PW} ssh host", PW),
    (f"redis-cli -a {PW} ping", PW),
    (f"redis-server --requirepass {PW} --port 6379", PW),
    (f"requirepass {PW}", PW),
    (f"mongod --auth -u root -p {PW}", PW),
    (f"serve --pass {PW} --port 80", PW),
    (f"serve --pw={PW}", PW),
    (f"serve --auth user:{PW}", PW),
    (f"serve --auth=user:{PW}", PW),
    (f"serve --password '{PW} {PW}' --port 80", PW),
    (f'serve --db-pass "{PW}"', PW),
    (f"curl -u bob:{PW} https://example.com", PW),
    (f"curl -H 'Authorization: Basic {PW}' https://example.com", PW),
    (f"curl -H Authorization: Bearer {PW} https://example.com", PW),
    (f"curl -H 'Cookie: a=b; sid={PW}' https://example.com", PW),
    (f"curl --header X-Auth-Token:{PW} https://example.com", PW),
    (f"smbclient //nas/share -U bob%{PW}", PW),
    (f"keytool -storepass {PW} -list", PW),
    (f"docker login -u bob -p {PW} registry.example.com", PW),
    (f"export TOKEN={PW}", PW),
    (f"cloudflared tunnel run --token {JWT[:36]}", JWT[:36]),
    (f"PGPASSWORD={PW} psql -h db", PW),
    (f"CREATE USER app IDENTIFIED BY '{PW}'", PW),
    (f"ALTER ROLE app WITH PASSWORD '{PW}'", PW),
    # JSON, YAML, XML, blocks.
    (f'{{"user": "bob", "password": "{PW}"}}', PW),
    (f'{{"password":"{PW}\\"{PW}","port":80}}', PW),
    (f'{{\\"password\\": \\"{PW}\\"}}', PW),
    (f'{{"auths": {{"registry.example.com": {{"auth": "{PW}"}}}}}}', PW),
    (f'[{{"name": "DB_PASSWORD", "value": "{PW}"}}]', PW),
    (f'{{"tokens": ["a{PW}", "{PW}"]}}', PW),
    (f"password: correct {PW} staple", PW),
    (f"oidc:\n  client_secret: {PW}\n  issuer: https://id.example.com", PW),
    (f"tls:\n  private_key: |\n    {PW}\n    {PW}\n  port: 1", PW),
    (f"tokens:\n  - {PW}\n  - second{PW}\nport: 1", PW),
    (f"<config><ApiKey>{PW}</ApiKey></config>", PW),
    (_pem("RSA PRIVATE KEY"), PEM_BODY),
    (_pem("OPENSSH PRIVATE KEY", "\\n"), PEM_BODY),
    (_pem("PRIVATE KEY")[:60], PEM_BODY[:20]),
    # Tokens of a known shape.
    ("key id " + "AKIA" + "IOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("ghp_" + ALNUM[:36], ALNUM[:36]),
    ("github_pat_" + ALNUM, ALNUM),
    ("glpat-" + ALNUM[:20], ALNUM[:20]),
    ("glrt-t1_" + ALNUM, ALNUM),
    ("xoxb-" + "123456789012-" + ALNUM[:24], ALNUM[:24]),
    ("sk_live_" + ALNUM[:24], ALNUM[:24]),
    ("npm_" + ALNUM[:36], ALNUM[:36]),
    ("AIza" + ALNUM[:35], ALNUM[:35]),
    ("GOCSPX-" + ALNUM[:28], ALNUM[:28]),
    (f"see {JWT} here", JWT),
    (f"bot 123456789:AA{ALNUM[:33]}", ALNUM[:33]),
    ("dckr_pat_" + ALNUM[:27], ALNUM[:27]),
    ("SWMTKN-1-" + ALNUM, ALNUM),
    ("tskey-auth-" + ALNUM[:20], ALNUM[:20]),
    ("hvs." + ALNUM, ALNUM),
    ("sk-proj-" + ALNUM, ALNUM),
    ("pypi-AgEIcHlwaS5vcmc" + ALNUM, ALNUM),
    ("dop_v1_" + HEX64, HEX64),
    ("SG." + ALNUM[:22] + "." + ALNUM, ALNUM),
    ("glsa_" + ALNUM[:32] + "_0a1b2c3d", ALNUM[:32]),
    ("hf_" + ALNUM[:34], ALNUM[:34]),
    ("claim-" + ALNUM[:20], ALNUM[:20]),
    ("AGE-SECRET-KEY-1" + ALNUM.upper(), ALNUM.upper()),
    (f"key-{HEX32}", HEX32),
    (f"{HEX32}-us12", HEX32),
    ("ptr_" + ALNUM + "=", ALNUM),
    (f"Bearer {ALNUM}", ALNUM),
    ("ops_" + JWT[:36], JWT[:36]),
    ("ATATT3" + ALNUM, ALNUM),
    ("abc8Q~" + ALNUM, ALNUM),
    (("Ab3+" * 22)[:86] + "==", ("Ab3+" * 22)[:86]),
    ("v1.0-" + HEX32[:24] + "-" + HEX40, HEX40),
    ("cfut_" + ALNUM, ALNUM),
    ("dapi" + HEX32, HEX32),
    ("MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde." + ALNUM, ALNUM),
    ("dp.pt." + ALNUM, ALNUM),
    ("EAAB" + ALNUM * 2, ALNUM),
    ("fo1_" + ALNUM, ALNUM),
    ("fm2_" + ALNUM * 2, ALNUM),
    ("GR1348941" + ALNUM[:20], ALNUM[:20]),
    ("glc_" + ALNUM, ALNUM),
    ("ya29." + ALNUM, ALNUM),
    ("1//0" + ALNUM, ALNUM),
    ("gsk_" + ALNUM, ALNUM),
    ("pplx-" + ALNUM, ALNUM),
    ("r8_" + ALNUM, ALNUM),
    ("xai-" + ALNUM, ALNUM),
    ("lin_api_" + ALNUM, ALNUM),
    ("ntn_" + ALNUM, ALNUM),
    ("secret_" + ALNUM + "Aa1", ALNUM),
    ("SK" + HEX32, HEX32),
    ("nbp_" + ALNUM, ALNUM),
    ("NRAK-" + ALNUM, ALNUM),
    ("rubygems_" + HEX40, HEX40),
    ("pscale_tkn_" + ALNUM, ALNUM),
    ("sbp_" + HEX40, HEX40),
    ("sb_secret_" + ALNUM, ALNUM),
    ("PMAK-" + HEX32[:24] + "-" + HEX32 + "00", HEX32),
    ("pul-" + HEX40, HEX40),
    ("sntrys_" + ALNUM, ALNUM),
    ("shpat_" + HEX32, HEX32),
    ("sq0atp-" + ALNUM[:22], ALNUM[:22]),
    ("EAAA-" + ALNUM * 2, ALNUM),
    ("xapp-1-A0123-" + ALNUM, ALNUM),
    ("whsec_" + ALNUM, ALNUM),
    (ALNUM[:14] + ".atlasv1." + ALNUM, ALNUM),
    ("LS0tLS1CRUdJTi" + ALNUM, ALNUM),
    ("SCRAM-SHA-256$4096:" + ALNUM, ALNUM),
    (f"Authorization: Digest username=bob, response={HEX32}", HEX32),
    (f"header_up X-Api-Key {PW}", PW),
    (f'["serve", "--token", "{PW}"]', PW),
    (f"htpasswd -bc users bob {PW}", PW),
    (f"consul agent -encrypt {PW}==", PW),
]

NAMED_NEAR_MISSES = [
    ("proxy.token-service.port", "8080"),
    ("proxy.secrets.scheme", "https"),
    ("traefik.http.routers.token-service.rule", "Host(`auth.example.com`) && PathPrefix(`/token`)"),
    ("traefik.http.routers.app.middlewares", "basicauth@file,secret-headers@docker"),
    ("traefik.http.routers.app.middlewares", "auth@file"),
    ("traefik.http.middlewares.auth.forwardauth.address", "http://auth:9091/api/verify?rd=https://auth.example.com"),
    ("traefik.http.middlewares.auth.basicauth.usersfile", "/etc/traefik/users"),
    ("traefik.http.middlewares.auth.basicauth.realm", "private area"),
    ("traefik.http.middlewares.auth.basicauth.removeheader", "true"),
    ("traefik.http.services.app.loadbalancer.sticky.cookie", "true"),
    ("traefik.http.services.app.loadbalancer.sticky.cookie.name", "app_session"),
    ("traefik.http.services.app.loadbalancer.passhostheader", "true"),
    ("traefik.http.services.secret.loadbalancer.server.port", "8080"),
    ("caddy.tls.dns", "cloudflare {env.CF_API_TOKEN}"),
    ("caddy.reverse_proxy", "{{upstreams 8080}}"),
    ("kuma.secrets.http.url", "https://vault.example.com/health"),
    ("keyboard.layout", "us"),
    ("monkey", "banana"),
    ("passthrough", "on"),
    ("bypass", "10.0.0.0/8"),
    ("compass", "north"),
    ("passenger", "ruby"),
    ("author", "team"),
    ("authority", "example.com"),
    ("oauth_url", "https://id.example.com/authorize"),
    ("auth_url", "https://id.example.com/authorize"),
    ("token_endpoint", "https://id.example.com/token"),
    ("public_key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample bob@example.com"),
    ("sort_key", "name"),
    ("cache_key", "v3"),
    ("DB_PASSWORD_FILE", "/run/secrets/db_password"),
    ("DB_PASSWORD", "/run/secrets/db_password"),
    ("secretName", "app-tls"),
    ("token_ttl", "3600"),
    ("max_tokens", "4096"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("password_policy", "strict"),
    ("no_password", "1"),
    ("auth", "basic"),
    ("auth", "false"),
    ("cookie.samesite", "lax"),
    ("DB_PASSWORD", "${DB_PASSWORD}"),
    ("DB_PASSWORD", ""),
    ("PWD", "/app"),
    ("org.opencontainers.image.revision", HEX40),
    ("org.opencontainers.image.source", "https://github.com/example/token-service"),
    ("org.opencontainers.image.documentation", "https://docs.example.com/en/auth/tokens.html"),
    ("com.docker.compose.config-hash", HEX64),
    ("com.docker.compose.image", f"sha256:{HEX64}"),
    ("com.docker.compose.depends_on", "auth:service_started:false,secrets:service_healthy:true"),
    ("com.docker.compose.project.working_dir", "/srv/secrets"),
    ("homepage.icon", "@selfhst/vault.png"),
    ("com.centurylinklabs.watchtower.enable", "true"),
    ("diun.regopt", "token-registry"),
]

NEAR_MISSES = [
    "",
    "docker-entrypoint.sh postgres",
    "run --port 80 --publish 8080:80",
    "docker run -p 8080:80 -p 53:53/udp nginx",
    "python -m http.server -p 8080",
    "mkdir -p /data/cache && cp -pr /a /b",
    "ssh -p 2222 git@github.com",
    "git@github.com:example/auth.git",
    "docker run --user 1000:1000 --user=root:root app",
    "serve -u 1000:1000",
    "ghcr.io/example/token-service:1.2.3",
    f"ghcr.io/example/auth:latest@sha256:{HEX64}",
    f"nginx:1.27@sha256:{HEX64}",
    f"sha256:{HEX64}",
    f"docker.io/library/postgres:16.2-alpine@sha256:{HEX64}",
    HEX64,
    HEX64[:12],
    HEX40,
    UUID,
    "02:42:ac:12:00:05",
    "fe80::42:acff:fe12:5",
    "http://[fe80::1]:8080/a@b",
    "https://example.com:8443/@user/post?mail=a@b",
    "https://example.com/a:b",
    "tcp://10.0.0.1:2375",
    "ssh://bob@server:22",
    "unix:///var/run/docker.sock",
    "http://auth:9091/api/verify",
    "http://token:8080/",
    "mailto:bob@example.com",
    "bob@example.com, alice@example.com",
    "the token is missing",
    "no password was given",
    "basic authentication is required",
    "bearer authentication failed",
    "a: b",
    "0.0.0.0:8080->80/tcp, :::8080->80/tcp",
    "/srv/keys:/keys:ro",
    "/srv/secrets:/run/secrets:ro",
    "-v /data/tokens:/tokens",
    "postgres --password-file /run/secrets/db",
    "serve --password-file=/run/secrets/db",
    "serve --api-key-file /etc/key",
    "psql --no-password --host db",
    "docker login --password-stdin registry.example.com",
    "serve --password $DB_PASSWORD --port 80",
    'serve --password "${DB_PASSWORD}"',
    "mysqladmin ping -p$MYSQL_ROOT_PASSWORD",
    "sh -c 'redis-cli -a $REDIS_PASSWORD ping'",
    "token_url: https://id.example.com/token\nscope: openid",
    "auth: false",
    "serve --auth=false --port 80",
    "sticky:\n  cookie:\n    name: app",
    '{"auth": true, "token": null, "password": ""}',
    "Host(`a.example.com`) && HeadersRegexp(`Authorization`, `Bearer .*`)",
    "cloudflare tunnel",
    "cloudflare {env.CF_API_TOKEN}",
    "hetzner server",
    "$PATH:/usr/local/bin",
    "costs $5 and $10",
    "echo $$",
    "task-runner --disk-size 20",
    "flask-app gl-something desk-1",
    "sk-bratislava",
    "pip install pypi-simple",
    "eyJ",
    _pem("CERTIFICATE"),
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ bob@host",
    "sha512-" + "A" * 86 + "==",
    "user=bob host=db port=5432",
    "keyboard=us monkey=1 compass=n",
    "pkg:npm/%40scope/name@1.2.3",
    "com.example:artifact:1.0",
    "Exited (0) 2 hours ago",
    "proxy.app.port: 8080",
    "C:\\ProgramData\\docker:C:\\data",
    "2024-01-02T03:04:05Z",
    "GET /auth/login HTTP/1.1",
    "x" * 200,
    "label proxy.#1.middlewares.oidc.allowed_groups",
    "hooks: pre-start",
    "https://n8n.example.com/",
    "https://example.com/docs/webhooks",
    "passwd -l root",
    "htop; tokei; keyctl",
]


def _pieces(secret: str) -> set[str]:
    """Parts of a secret, none of which may stay."""
    return {secret[start : start + 6] for start in range(max(len(secret) - 5, 1))}


@pytest.mark.parametrize(("name", "value", "secret"), NAMED_SECRETS)
def test_values_of_labels_are_redacted(name: str, value: str, secret: str) -> None:
    assert secret in value
    redacted = redact_mapping({name: value})[name]
    assert [piece for piece in _pieces(secret) if piece in redacted] == []
    assert REDACTED in redacted


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_parts_of_texts_are_redacted(text: str, secret: str) -> None:
    assert secret in text
    redacted = redact_text(text)
    assert [piece for piece in _pieces(secret) if piece in redacted] == []
    assert REDACTED in redacted


@pytest.mark.parametrize(("name", "value"), NAMED_NEAR_MISSES)
def test_values_of_harmless_labels_stay(name: str, value: str) -> None:
    assert redact_mapping({name: value}) == {name: value}


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_harmless_texts_stay(text: str) -> None:
    assert redact_text(text) == text


def test_the_text_around_a_secret_stays() -> None:
    shown = {
        f"serve --auth user:{PW} --port 80": f"serve --auth {REDACTED} --port 80",
        f"curl -u bob:{PW} https://example.com": f"curl -u bob:{REDACTED} https://example.com",
        f"postgres://app:{PW}@db:5432/app": f"postgres://{REDACTED}@db:5432/app",
        f"mysql -uroot -p{PW} app": f"mysql -uroot -p{REDACTED} app",
        f"Server=db;Password={PW};Encrypt=true": f"Server=db;Password={REDACTED};Encrypt=true",
        f'{{"password": "{PW}", "port": 80}}': f'{{"password": {REDACTED}, "port": 80}}',
        f"oidc:\n  client_secret: {PW}\n  issuer: x": f"oidc:\n  client_secret: {REDACTED}\n  issuer: x",
        f"https://discord.com/api/webhooks/1/{ALNUM}": f"https://discord.com/api/webhooks/{REDACTED}",
        f"cloudflare {ALNUM}": f"cloudflare {REDACTED}",
        f"?a=1&token={PW}&b=2": f"?a=1&token={REDACTED}&b=2",
    }
    assert {text: redact_text(text) for text in shown} == shown


def test_the_same_values_in_every_kind_of_column() -> None:
    rows = [*((name, value) for name, value, _ in NAMED_SECRETS), *NAMED_NEAR_MISSES]
    pairs = pl.DataFrame(rows, schema=["key", "value"], orient="row")
    texts = [*(text for text, _ in SECRETS), *NEAR_MISSES]
    maps = pl.Series("labels", [{name: value} for name, value in rows], dtype=pl.Map(pl.String(), pl.String()))
    tables = redact_tables(
        {"labels": pairs, "containers": pl.DataFrame([maps]), "hosts": pl.DataFrame({"error": texts})}
    )
    expected = [redact_mapping({name: value})[name] for name, value in rows]
    assert tables["labels"]["value"].to_list() == expected
    assert [next(iter(labels.values())) for labels in tables["containers"]["labels"].to_list()] == expected
    assert tables["hosts"]["error"].to_list() == [redact_text(text) for text in texts]


ALL_SECRETS = [*(value for _, value, _ in NAMED_SECRETS), *(text for text, _ in SECRETS)]
ALL_NEAR_MISSES = [*(f"{name}: {value}" for name, value in NAMED_NEAR_MISSES), *NEAR_MISSES]


def matches(pattern: str, texts: list[str]) -> bool:
    return bool(pl.Series(texts).str.contains(pattern).any())


@pytest.mark.parametrize(
    ("rule", "form"),
    [pytest.param(rule, form, id=f"{rule.name}-{number}") for rule in RULES for number, form in enumerate(rule.forms)],
)
def test_every_form_of_a_rule_has_an_example(rule: Rule, form: Form) -> None:
    assert matches(f"{rule.flags}(?:{form.before})(?:{form.secret})(?:{form.after})", ALL_SECRETS)


@pytest.mark.parametrize("shape", [shape for shapes in TOKEN_SHAPES.values() for shape in shapes])
def test_every_shape_of_a_token_has_an_example(shape: str) -> None:
    assert matches(f"(?:^|[^a-zA-Z0-9])(?:{shape})", ALL_SECRETS)


@pytest.mark.parametrize(
    "exemption",
    [exemption for step in (DIGESTS, *EXEMPT) for exemption in step],
    ids=lambda exemption: exemption.meaning,
)
def test_every_exemption_has_an_example(exemption: Exemption) -> None:
    assert matches(f"(?:{exemption.before})(?:{exemption.after})", ALL_NEAR_MISSES)
