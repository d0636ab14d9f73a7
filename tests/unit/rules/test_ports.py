"""Published ports: databases, the engine's API, and what is meant to be reached."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

import dockerframe as dkf
from tests.unit.rules.fleets import (
    SERVICE,
    binding,
    evidence,
    fleet,
    found,
    found_by_container,
    names,
    one,
    run,
    service,
)

DATABASES = [
    ("postgres:17", 5432),
    ("postgis/postgis:16-3.4", 5432),
    ("bitnami/pgbouncer", 5432),
    ("app-with-its-own-database", 5432),
    ("mysql:8", 3306),
    ("mysql:8", 33060),
    ("mariadb", 3306),
    ("redis:7", 6379),
    ("valkey/valkey:8", 6379),
    ("redis:7", 26379),
    ("eqalpha/keydb", 6380),
    ("memcached", 11211),
    ("mongo:7", 27017),
    ("mongo:7", 27018),
    ("mongo:7", 27019),
    ("mcr.microsoft.com/mssql/server:2022-latest", 1433),
    ("gvenzl/oracle-free", 1521),
    ("jacobalberty/firebird", 3050),
    ("couchdb:3", 5984),
    ("couchbase:7", 8091),
    ("neo4j:5", 7687),
    ("neo4j:5", 7474),
    ("arangodb", 8529),
    ("cassandra:5", 9042),
    ("cassandra:5", 7000),
    ("scylladb/scylla", 9042),
    ("scylladb/scylla", 9160),
    ("cockroachdb/cockroach", 26257),
    ("rethinkdb", 28015),
    ("clickhouse/clickhouse-server:24", 8123),
    ("clickhouse/clickhouse-server:24", 9000),
    ("bitnami/clickhouse", 9440),
    ("influxdb:2.7", 8086),
    ("influxdb:3-core", 8181),
    ("opensearchproject/opensearch:2", 9200),
    ("docker.elastic.co/elasticsearch/elasticsearch:8.13.0", 9200),
    ("elasticsearch:8", 9300),
    ("quay.io/coreos/etcd:v3.5", 2379),
    ("quay.io/coreos/etcd:v3.5", 2380),
    ("rabbitmq:3-management", 5672),
    ("confluentinc/cp-kafka:7", 9092),
    ("redpandadata/redpanda", 19092),
    ("zookeeper:3.9", 2181),
    ("getmeili/meilisearch:v1", 7700),
    ("typesense/typesense:27", 8108),
    ("solr:9", 8983),
    ("qdrant/qdrant", 6333),
    ("qdrant/qdrant", 6334),
    ("chromadb/chroma", 8000),
    ("milvusdb/milvus:v2.4", 19530),
    ("semitechnologies/weaviate", 8080),
    ("surrealdb/surrealdb", 8000),
    ("questdb/questdb", 9000),
    ("victoriametrics/victoria-metrics", 8428),
    ("yugabytedb/yugabyte", 5433),
    ("ibmcom/db2", 50000),
    ("crate:5", 4200),
    ("ravendb/ravendb", 8080),
    ("hazelcast/hazelcast", 5701),
    ("eventstore/eventstore", 2113),
    ("REGISTRY.example.com:5000/Team/ClickHouse:1", 9000),
    *((image, port) for image, ports in {
        "aerospike/aerospike-server": (3000, 3001, 3002), "rmohr/activemq": (61616, 5672),
        "apache/artemis": (61616, 5672), "cassandra": (7001, 7199, 9142, 9160),
        "scylla": (7000, 7001, 7199, 9142, 9160), "scylladb": (7000, 7001, 7199, 9142, 9160), "chromadb": (8000,),
        "clickhouse": (8443, 9004, 9005, 9009), "couchbase": (8092, 8093, 8094, 8095, 8096, 11207, 11210),
        "couchdb": (4369, 5986), "crate": (4300,), "dgraph/dgraph": (8080, 9080), "bitnami/etcd": (4001,),
        "eventstore/eventstore": (1113,), "kurrentplatform/kurrentdb": (1113, 2113), "influxdb": (8088,),
        "influxdb2": (8086, 8088, 8181), "apache/kafka": (9093, 9094, 19092, 29092),
        "redpanda": (9092, 9093, 9094, 29092), "manticoresearch/manticore": (9306, 9308, 9312),
        "milvusdb/milvus": (9091,), "monetdb/monetdb": (50000,), "neo4j": (7473,), "opensearch": (9300, 9600),
        "orientdb": (2424, 2480), "questdb/questdb": (8812, 9009), "rabbitmq": (4369, 5671, 25672),
        "ravendb/ravendb": (38888,), "redis": (6380,), "valkey/valkey": (6380, 26379), "eqalpha/keydb": (26379,),
        "dragonflydb/dragonfly": (6380, 26379), "rethinkdb": (29015,), "tdengine/tdengine": (6030, 6041),
        "pingcap/tidb": (4000,), "victoriametrics/victoria-metrics": (8481,), "semitechnologies/weaviate": (50051,),
        "yugabytedb/yugabyte": (7100, 9100), "mirror/yugabytedb": (5433, 7100, 9100), "zookeeper": (2888, 3888),
    }.items() for port in ports),
]  # fmt: skip


OTHER_SOFTWARE = [
    ("docker.elastic.co/kibana/kibana:8", 5601),
    ("opensearchproject/opensearch-dashboards:2", 5601),
    ("rabbitmq:3-management", 15672),
    ("phpmyadmin", 80),
    ("dpage/pgadmin4", 80),
    ("adminer", 8080),
    ("mongo-express", 8081),
    ("redis/redisinsight", 5540),
    ("rediscommander/redis-commander", 8081),
    ("provectuslabs/kafka-ui", 8080),
    ("prom/memcached-exporter", 9150),
    ("oliver006/redis_exporter", 9121),
    ("quay.io/prometheuscommunity/elasticsearch-exporter", 9114),
    ("ghcr.io/home-assistant/home-assistant:stable", 8123),
    ("owncloud/ocis", 9200),
    ("minio/minio", 9000),
    ("portainer/portainer-ce", 9000),
    ("sonarqube", 9000),
    ("jenkins/jenkins", 50000),
    ("nginx", 8000),
    ("zabbix/zabbix-web-nginx-pgsql", 8080),
    ("aspnet-mssql-web", 80),
    ("grafana/grafana", 3000),
    ("clickhouse/clickhouse-server", 9363),
    ("rethinkdb", 8080),
    ("cockroachdb/cockroach", 8080),
]


@cache
def databases_found() -> dict[str, list[tuple[str, str]]]:
    """What is found in a container for each image and port, which are its name."""
    containers = [
        one(f"{image} {port}", Image=image, Ports=[binding(port, 15000)]) for image, port in DATABASES + OTHER_SOFTWARE
    ]
    return found_by_container(fleet(*containers), "database-published")


@pytest.mark.parametrize(("image", "port"), DATABASES)
def test_a_database_on_all_interfaces_is_found(image: str, port: int) -> None:
    assert databases_found()[f"{image} {port}"] == [("high", f"ports: *:15000→{port}/tcp; image: {image}")]


@pytest.mark.parametrize(("image", "port"), OTHER_SOFTWARE)
def test_a_web_interface_and_other_software_at_the_port_are_no_database(image: str, port: int) -> None:
    assert databases_found()[f"{image} {port}"] == []


@pytest.mark.parametrize(
    ("port", "product"),
    [
        (1433, "SQL Server"), (1521, "Oracle Database"), (2379, "etcd"), (3050, "Firebird"), (3306, "MySQL"),
        (5432, "PostgreSQL"), (5984, "CouchDB"), (6379, "Redis"), (7687, "Neo4j"), (8529, "ArangoDB"),
        (9042, "Cassandra"), (11211, "Memcached"), (26257, "CockroachDB"), (27017, "MongoDB"), (27018, "MongoDB"),
        (27019, "MongoDB"), (28015, "RethinkDB"), (33060, "MySQL"),
    ],
)  # fmt: skip
def test_the_message_names_the_database_of_the_port(port: int, product: str) -> None:
    result = run(fleet(one(Ports=[binding(port, 15000)])), "database-published")
    assert result["message"].to_list() == [f"{product} is published on all interfaces: port 15000/tcp."]


IMAGES = {
    "Aerospike": ("aerospike", 3000), "ActiveMQ": ("activemq", 61616), "Cassandra": ("scylla", 7000),
    "Chroma": ("chroma", 8000), "ClickHouse": ("clickhouse", 8123), "Couchbase": ("couchbase", 8091),
    "CouchDB": ("couchdb", 4369), "CrateDB": ("crate", 4200), "Db2": ("db2", 50000), "Dgraph": ("dgraph", 8080),
    "Elasticsearch": ("elasticsearch", 9200), "etcd": ("etcd", 2380), "EventStoreDB": ("kurrentdb", 1113),
    "Hazelcast": ("hazelcast", 5701), "InfluxDB": ("influxdb2", 8086), "Kafka": ("redpanda", 9092),
    "Manticore Search": ("manticore", 9306), "Meilisearch": ("meilisearch", 7700), "Memcached": ("memcached", 11211),
    "Milvus": ("milvus", 19530), "MonetDB": ("monetdb", 50000), "Neo4j": ("neo4j", 7474),
    "OpenSearch": ("opensearch", 9200), "OrientDB": ("orientdb", 2424), "Qdrant": ("qdrant", 6333),
    "QuestDB": ("questdb", 9000), "RabbitMQ": ("rabbitmq", 5672), "RavenDB": ("ravendb", 8080),
    "Redis": ("valkey", 26379), "RethinkDB": ("rethinkdb", 29015), "Solr": ("solr", 8983),
    "SurrealDB": ("surrealdb", 8000), "TDengine": ("tdengine", 6030), "TiDB": ("tidb", 4000),
    "Typesense": ("typesense", 8108), "VictoriaMetrics": ("victoria", 8428), "Weaviate": ("weaviate", 8080),
    "YugabyteDB": ("yugabyte", 5433), "ZooKeeper": ("zookeeper", 2181),
}  # fmt: skip


def test_the_message_names_the_database_of_the_image() -> None:
    containers = [one(product, Image=image, Ports=[binding(port, 15000)]) for product, (image, port) in IMAGES.items()]
    result = run(fleet(*containers), "database-published").select("container_name", "message")
    assert dict(result.rows()) == {
        product: f"{product} is published on all interfaces: port 15000/tcp." for product in IMAGES
    }


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "10.147.20.6", "192.168.1.5"])
def test_a_database_on_one_address_is_not_published_on_all(ip: str) -> None:
    assert evidence(fleet(one(Image="postgres:17", Ports=[binding(5432, ip=ip)])), "database-published") == []


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "", None])
def test_every_way_to_write_all_interfaces_counts(ip: str | None) -> None:
    published = {**binding(5432), "IP": ip}
    assert len(evidence(fleet(one(Image="postgres:17", Ports=[published])), "database-published")) == 1


def test_a_web_port_next_to_an_exposed_database_port_is_no_database() -> None:
    exposed = {"PrivatePort": 5432, "Type": "tcp"}
    snap = fleet(one(Image="gitlab/gitlab-ce", Ports=[binding(80, 8929), exposed]))
    assert evidence(snap, "database-published") == []


def test_a_database_is_found_once_for_ipv4_and_ipv6() -> None:
    snap = fleet(one(Image="postgres:17", Ports=[binding(5432), binding(5432, ip="::")]))
    assert len(evidence(snap, "database-published")) == 1


def test_an_image_that_is_an_id_is_judged_by_its_port() -> None:
    snap = fleet(one(Image="sha256:" + "0" * 64, Ports=[binding(5432), binding(9000)]))
    assert [text.partition(";")[0] for text in evidence(snap, "database-published")] == ["ports: *:5432→5432/tcp"]


@pytest.mark.parametrize(
    ("image", "port", "ip", "fires"),
    [
        ("tecnativa/docker-socket-proxy", 2375, "0.0.0.0", True),
        ("lscr.io/linuxserver/socket-proxy", 2376, "::", True),
        ("docker:27-dind", 2375, "0.0.0.0", True),
        ("alpine/socat", 2375, "0.0.0.0", True),
        ("docker:27-dind", 2376, "0.0.0.0", False),
        ("tecnativa/docker-socket-proxy", 2375, "127.0.0.1", False),
        ("tecnativa/docker-socket-proxy", 2375, "10.147.20.6", False),
        ("tecnativa/docker-socket-proxy", 8080, "0.0.0.0", False),
    ],
)
def test_the_engine_api_may_not_be_published(image: str, port: int, ip: str, fires: bool) -> None:
    snap = fleet(one(Image=image, Ports=[binding(port, 12375, ip)]))
    assert found(snap, "engine-api-published") == ([("critical", f"ports: *:12375→{port}/tcp")] if fires else [])


@pytest.mark.parametrize(("port", "ip", "fires"), [(8080, "0.0.0.0", True), (80, "0.0.0.0", False), (443, "::", False), (8080, "127.0.0.1", False)])  # fmt: skip
def test_ports_on_all_interfaces_but_those_of_the_web(port: int, ip: str, fires: bool) -> None:
    snap = fleet(one(Ports=[binding(80, port, ip)]))
    assert evidence(snap, "published-on-every-address") == ([f"ports: *:{port}→80/tcp"] if fires else [])


@pytest.mark.parametrize(("port", "fires"), [(25, True), (1023, True), (1024, False), (80, False), (443, False)])
def test_ports_below_1024_but_those_of_the_web(port: int, fires: bool) -> None:
    snap = fleet(one(Ports=[binding(25, port, "127.0.0.1")]))
    assert evidence(snap, "privileged-port-published") == ([f"ports.public_port: {port}"] if fires else [])


ENDED = {"State": "exited", "Status": "Exited (0) 1 hour ago"}
CLASHES = [
    (binding(80, 8080), binding(80, 8080), True),
    (binding(80, 8080), binding(90, 8080), True),
    (binding(80, 8080), binding(80, 8080, ""), True),
    (binding(80, 8080), binding(80, 8080, "127.0.0.1"), True),
    (binding(80, 8080, "127.0.0.1"), binding(80, 8080), True),
    (binding(80, 8080, "127.0.0.1"), binding(80, 8080, "127.0.0.1"), True),
    (binding(80, 8080, "::"), binding(80, 8080, "::1"), True),
    (binding(80, 8080, "10.0.0.1"), binding(80, 8080, "127.0.0.1"), False),
    # Docker chooses the ports of each family of addresses separately.
    (binding(80, 8080), binding(80, 8080, "::"), False),
    (binding(80, 8080, "::"), binding(80, 8080, "10.0.0.1"), False),
    (binding(80, 8080), binding(80, 8080, kind="udp"), False),
    (binding(80, 8080), binding(80, 8081), False),
]


@pytest.mark.parametrize(("first", "second", "fires"), CLASHES)
def test_two_containers_with_one_port(first: dict[str, Any], second: dict[str, Any], fires: bool) -> None:
    a, b = one("a", Ports=[first]), one("b", Ports=[second])
    assert names(fleet(a, b), "published-port-clash") == ({"a", "b"} if fires else set())
    # The one that runs has the port.
    assert names(fleet({**a, **ENDED}, b), "published-port-clash") == ({"a"} if fires else set())
    assert evidence(fleet({**a, **ENDED}, {**b, **ENDED}), "published-port-clash") == []


PORTS = {"Ports": [binding(80, 8080)]}


def test_a_clash_names_the_other_container() -> None:
    result = run(fleet(one("a", **PORTS, **ENDED), one("b", **PORTS)), "published-port-clash")
    assert result.select("severity", "message", "evidence").rows() == [
        ("medium", "Port 8080/tcp is in use by b.", "ports: *:8080/tcp")
    ]


@pytest.mark.parametrize(
    "containers",
    [
        [service("a", **PORTS, **ENDED), service("b", **PORTS)],
        [one("a", **PORTS, HostConfig={"NetworkMode": "container:bbb"}), one("b", **PORTS)],
        # All containers of a Podman pod have the ports of its infrastructure container.
        [one("a", **PORTS), one("b", **PORTS, **ENDED), one("0123456789ab-infra", Image="", **PORTS)],
        # One container with both families.
        [one("a", Ports=[binding(80, 8080), binding(80, 8080, "::")])],
    ],
)
def test_containers_that_share_a_port_do_not_clash(containers: list[dict[str, Any]]) -> None:
    assert evidence(fleet(*containers), "published-port-clash") == []


def test_two_services_of_a_project_clash() -> None:
    web = service("b", **PORTS, Labels={SERVICE: "web"})
    assert names(fleet(service("a", **PORTS, **ENDED), web), "published-port-clash") == {"a"}


def test_a_port_clashes_only_on_its_own_host() -> None:
    bodies = {
        host: json.dumps([one(host, **PORTS, State=state)]).encode()
        for host, state in (("a", "exited"), ("b", "running"))
    }
    assert evidence(dkf.from_bodies(bodies), "published-port-clash") == []


@pytest.mark.parametrize(
    ("mode", "fires"), [("host", True), ("hostel", False), ("container:abc", False), ("bridge", False)]
)
def test_host_network(mode: str, fires: bool) -> None:
    snap = fleet(one(HostConfig={"NetworkMode": mode}))
    assert evidence(snap, "host-network") == (["containers.network_mode: host"] if fires else [])


@pytest.mark.parametrize(("network", "fires"), [("bridge", True), ("bridge2", False), ("shop_default", False)])
def test_default_bridge(network: str, fires: bool) -> None:
    snap = fleet(one(NetworkSettings={"Networks": {network: {"IPAddress": "10.1.1.1"}}}))
    assert evidence(snap, "default-bridge") == (["networks.network: bridge"] if fires else [])
