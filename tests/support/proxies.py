"""nginx and Envoy before servers of a test, each on a free port of this machine."""

import contextlib
import json
import os
import subprocess

import yaml

from support.daemon import daemon
from support.paths import REPO, tool
from support.server import free_port

# A replica that refused a connection is asked again after a second, not after ten. An explanation changes nothing, so a
# call that broke off before its answer began may be made again.
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream replicas {{
    {replicas}
  }}
  server {{
    listen 127.0.0.1:{port} http2;
    client_max_body_size 2m;
    location / {{
      grpc_pass grpc://replicas;
      grpc_next_upstream error timeout non_idempotent;
      grpc_read_timeout 120s;
    }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(addresses, folder):
    """The port of an nginx before servers at these addresses."""
    port, config = free_port(), folder / "nginx.conf"
    replicas = "\n    ".join(f"server {address} fail_timeout=1s;" for address in addresses)
    config.write_text(NGINX.format(folder=folder, port=port, replicas=replicas))
    with daemon([tool("nginx"), "-p", folder, "-c", config], port, folder / "log"):
        yield port


@contextlib.contextmanager
def envoy(addresses, folder):
    """The same of an Envoy with deploy/envoy/envoy.yaml: addresses and the descriptor's path are the test's, all else is the
    file's."""
    port, contract = free_port(), REPO / "proto"
    subprocess.run(["protoc", "-I", contract, "--include_imports", f"--descriptor_set_out={folder / 'limpid.pb'}",
                    "limpid/v1/explain.proto", *sorted((contract / "google" / "rpc").glob("*.proto"))], check=True)
    file = REPO / "deploy" / "envoy" / "envoy.yaml"
    config = yaml.safe_load(file.read_text().replace("/etc/envoy/", f"{folder}/"))
    config["static_resources"]["listeners"][0]["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    config["admin"]["address"]["socket_address"]["port_value"] = free_port()
    config["static_resources"]["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"] = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": int(address.rsplit(":")[-1])}}}}
        for address in addresses]
    (folder / "envoy.json").write_text(json.dumps(config))
    command = [tool("envoy"), "-c", folder / "envoy.json", "--concurrency", "1", "--log-level", "warn", "--base-id",
               os.getpid() % 32768]
    with daemon(command, port, folder / "log"):
        yield port
