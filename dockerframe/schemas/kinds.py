"""The kinds of errors, changes and findings, each with its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR_KINDS: Final[Mapping[str, str]] = {
    "refused": "nothing listens at the address",
    "unreachable": "the network has no route to the address",
    "unknown_name": "the host name has no address",
    "dns_timeout": "the name service did not answer within the connect timeout",
    "no_socket": "the socket file does not exist",
    "permission": "this user may not open the socket",
    "connect_timeout": "no connection within the connect timeout",
    "read_timeout": "no complete answer within the read timeout",
    "disconnected": "the connection broke before the answer was complete",
    "wrong_scheme": "the server speaks another protocol than the URL: TLS, plain HTTP or ssh",
    "tls": "the TLS handshake failed: certificate, name or authority; or there are no files for it",
    "ssh_host_key": "the ssh host key is unknown or has changed",
    "ssh_authentication": "the ssh server accepts none of this user's keys",
    "ssh": "the ssh connection failed for another reason",
    "unknown_agent": "no usable certificates for this agent",
    "unauthorized": "the host answered 401 or 403",
    "not_found": "the host answered 404: no Docker engine at this address",
    "http": "the host answered with another error status",
    "redirected": "the host answered with a redirect, which is never followed",
    "too_large": "the answer is larger than the host's limit",
    "invalid_answer": "the answer is not what a Docker engine sends",
    "unsupported": "the URL is not valid, or this machine can't use its scheme",
    "resources": "this process has no more file descriptors, threads or memory",
    "internal": "dockerframe failed, which is a defect in dockerframe",
}
"""The values of `hosts.error_kind`, each with its meaning."""

LABEL_ERROR_KINDS: Final[Mapping[str, str]] = {
    "invalid_summary": "a container summary could not be read completely, or has no usable Id",
    "invalid_bool": "a label that must be a boolean is not one",
    "invalid_label": "the name of a label is not that of a route label",
    "empty_alias": "an alias is empty",
    "alias_ref_out_of_range": "#n is past the last alias, or n is not a number",
    "shortcut_conflict": "a plural shortcut and a full label set the same field",
    "label_conflict": "two labels conflict: one is a scalar where the other needs a mapping",
    "invalid_yaml": "the YAML of a label does not parse, is not a mapping, or exceeds the limits",
    "too_many_fields": "wildcards would set too many fields of one container",
    "network_not_found": "proxy.network names a network the container is not in",
    "no_network": "a running container has no address",
    "invalid_idle": "an idle setting is invalid, so all of the container are dropped",
    "unknown_field": "a label sets a field that routes do not have; the route keeps its other fields",
    "invalid_value": "the value of a route field does not fit its type; it counts as not set",
    "invalid_route": "a route fails a check, so it is not served",
    "duplicate_alias": "two aliases of a container differ only in case, so only one of them is served",
    "container_gone": "the container was removed before it could be inspected",
    "inspect_failed": "the container could not be inspected",
    "no_sizes": "the engine of the host could not measure the sizes of its containers",
}
"""The values of `errors.kind`, each with its meaning."""

CHANGES: Final[Mapping[str, str]] = {
    "host_added": "a new host of the fleet",
    "host_removed": "a host that is no longer in the fleet",
    "host_failed": "a host that answered before and does not now; its containers are not compared",
    "host_recovered": "a host that did not answer before and does now; its containers are not compared",
    "added": "a new container",
    "removed": "a container that no longer exists",
    "recreated": "a container with a new id in the place of one with the same name, or of the same service",
    "image": "another image, or another image id for the same reference",
    "state": "another state",
    "health": "another health check status",
    "config": "another command, network mode or Compose configuration",
    "labels": "a label added, removed or changed",
    "ports": "a port published, unpublished or published elsewhere",
    "mounts": "a mount added, removed or changed",
    "networks": "a network attached or detached",
    "routes": "an alias, its target or one of its fields",
}
"""The values of `differences.change`, each with its meaning."""

SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
"""Severities of findings, mildest first: `info` is worth knowing, `critical` gives control over the host."""
