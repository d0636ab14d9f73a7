"""Databases, caches and queues: the ports at which they give their data away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE_PORTS: Final[Mapping[int, str]] = {
    1433: "SQL Server",
    1521: "Oracle Database",
    2379: "etcd",
    3050: "Firebird",
    3306: "MySQL",
    5432: "PostgreSQL",
    5984: "CouchDB",
    6379: "Redis",
    7687: "Neo4j",
    8529: "ArangoDB",
    9042: "Cassandra",
    11211: "Memcached",
    26257: "CockroachDB",
    27017: "MongoDB",
    27018: "MongoDB",
    27019: "MongoDB",
    28015: "RethinkDB",
    33060: "MySQL",
}
"""Ports that mean a database whatever the image is."""

_PRODUCTS: Final[Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]] = {
    # Product: words of the image's name, and its data ports. Web interfaces for people are left out.
    "Aerospike": (("aerospike",), (3000, 3001, 3002)),
    "ActiveMQ": (("activemq", "artemis"), (61616, 5672)),
    "Cassandra": (("cassandra", "scylla", "scylladb"), (7000, 7001, 7199, 9142, 9160)),
    "Chroma": (("chroma", "chromadb"), (8000,)),
    "ClickHouse": (("clickhouse",), (8123, 8443, 9000, 9004, 9005, 9009, 9440)),
    "Couchbase": (("couchbase",), (8091, 8092, 8093, 8094, 8095, 8096, 11207, 11210)),
    "CouchDB": (("couchdb",), (4369, 5986)),
    "CrateDB": (("crate",), (4200, 4300)),
    "Db2": (("db2",), (50000,)),
    "Dgraph": (("dgraph",), (8080, 9080)),
    "Elasticsearch": (("elasticsearch",), (9200, 9300)),
    "etcd": (("etcd",), (2380, 4001)),
    "EventStoreDB": (("eventstore", "kurrentdb"), (1113, 2113)),
    "Hazelcast": (("hazelcast",), (5701,)),
    "InfluxDB": (("influxdb", "influxdb2"), (8086, 8088, 8181)),
    "Kafka": (("kafka", "redpanda"), (9092, 9093, 9094, 19092, 29092)),
    "Manticore Search": (("manticore",), (9306, 9308, 9312)),
    "Meilisearch": (("meilisearch",), (7700,)),
    "Memcached": (("memcached",), (11211,)),
    "Milvus": (("milvus",), (9091, 19530)),
    "MonetDB": (("monetdb",), (50000,)),
    "Neo4j": (("neo4j",), (7473, 7474)),
    "OpenSearch": (("opensearch",), (9200, 9300, 9600)),
    "OrientDB": (("orientdb",), (2424, 2480)),
    "Qdrant": (("qdrant",), (6333, 6334)),
    "QuestDB": (("questdb",), (8812, 9000, 9009)),
    "RabbitMQ": (("rabbitmq",), (4369, 5671, 5672, 25672)),
    "RavenDB": (("ravendb",), (8080, 38888)),
    "Redis": (("redis", "valkey", "keydb", "dragonfly"), (6380, 26379)),
    "RethinkDB": (("rethinkdb",), (29015,)),
    "Solr": (("solr",), (8983,)),
    "SurrealDB": (("surrealdb",), (8000,)),
    "TDengine": (("tdengine",), (6030, 6041)),
    "TiDB": (("tidb",), (4000,)),
    "Typesense": (("typesense",), (8108,)),
    "VictoriaMetrics": (("victoria",), (8428, 8481)),
    "Weaviate": (("weaviate",), (8080, 50051)),
    "YugabyteDB": (("yugabyte", "yugabytedb"), (5433, 7100, 9100)),
    "ZooKeeper": (("zookeeper",), (2181, 2888, 3888)),
}


_DATA_PORTS: Final = sorted({*DATABASE_PORTS, *(port for _, ports in _PRODUCTS.values() for port in ports)})


def is_data_port() -> pl.Expr:
    """Whether some database has its data at a port. Reads `private_port`, Boolean."""
    return pl.col("private_port").is_in(_DATA_PORTS)


def database_of_port() -> pl.Expr:
    """The database that a port means whatever the image is; null for other ports. Reads `private_port`."""
    ports, products = list(DATABASE_PORTS), list(DATABASE_PORTS.values())
    return pl.col("private_port").replace_strict(ports, products, default=None, return_dtype=pl.String)


def databases_of_images(names: pl.LazyFrame) -> pl.LazyFrame:
    """The data ports of images, from their distinct `image_name`: `image_name`, `private_port`, `product_of_image`.

    An image is a database when its name has the database's name as a word: `clickhouse-server`, `bitnami-kafka`.
    """
    rows = [(word, port, product) for product, (words, ports) in _PRODUCTS.items() for word in words for port in ports]
    schema = {"word": pl.String, "private_port": pl.UInt16, "product_of_image": pl.String}
    known = pl.LazyFrame(rows, schema=schema, orient="row")
    word = pl.col("image_name").str.to_lowercase().str.extract_all(r"[a-z0-9]+").alias("word")
    words = names.unique().select("image_name", word).explode("word", empty_as_null=False, keep_nulls=False)
    return words.join(known, on="word").drop("word").unique(["image_name", "private_port"])
